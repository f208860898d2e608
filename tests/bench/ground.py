# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folders of one contestant, and the tasks that work in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..places import MODULE, REGION, Place
from .contestant import emptied, holding

FLOOR = "keywright_bench.floor.nothing"
LOADING_FLOOR = "keywright_bench.floor.load_collection"


def names(count: int) -> list[str]:
    """Return so many names of key pairs."""
    return [f"key-{number:04}" for number in range(count)]


@dataclass(frozen=True)
class Ground(Place):
    """A place that is made anew for each measurement."""

    @property
    def empty(self) -> Callable[[], None]:
        """Return what makes both anew."""
        return emptied(self.registry, self.keys)

    def holds(self, count: int) -> Callable[[], None]:
        """Return what checks that so many private keys are there, and nothing else is left."""
        delivered, left = holding(self.keys, count), holding(self.keys, 0, ".keywright.*.*")

        def check() -> None:
            delivered()
            left()

        return check

    def task(self, name: str | Sequence[str], module: str = MODULE, **options: Any) -> dict[str, Any]:
        """Return a task that creates key pairs here, or that takes the same arguments and does nothing."""
        given = {"name": name, "region": REGION, "registry": str(self.registry), "private_key_dir": str(self.keys), **options}
        return {"name": "Create", module: given}

    def loop(self, count: int, module: str = MODULE) -> dict[str, Any]:
        """Return the same as a loop with one key pair per item."""
        return {**self.task("{{ item }}", module), "loop": names(count)}


def host_lines(count: int) -> str:
    """Return an inventory of so many hosts, none of which is ever connected to."""
    return "".join(f"host-{number:03} ansible_connection=local\n" for number in range(1, count + 1))
