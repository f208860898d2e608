# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operations that are struck, each with the world that it starts in."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .controller import Controller, Task
from .worlds import World, make_worlds

FIVE = ("one", "two", "three", "four", "five")


@dataclass(frozen=True, eq=False)
class Operation:
    """A task that is struck; ``world`` names the world it starts in, ``gone`` says that it removes private key files."""

    title: str
    world: str
    names: tuple[str, ...] = ("ops",)
    options: Mapping[str, Any] = field(default_factory=dict)
    present: bool = True
    gone: bool = False

    def task(self, label: str, world: World, **options: Any) -> Task:
        """Return the task of this operation on a world."""
        return world.task(label, {"name": list(self.names), **self.options, **options})

    @property
    def may_go(self) -> tuple[str, ...]:
        """Return the names whose private key files the operation removes."""
        return self.names if self.gone else ()


class Stage:
    """The worlds that operations start in, made once, and the operations themselves.

    ``build`` makes a world in a folder, and ``store`` is the kind of its registry, empty for files.
    """

    def __init__(self, controller: Controller, build: Callable[[Path], World] = World, store: str = "") -> None:
        self.controller = controller
        self.store = store
        self._folder = controller.folder / f"{store}worlds"
        bystander = {"name": "bystander", "tags": {"a": "b"}}
        ops = {"name": "ops", "comment": "mine"}
        makes = {"empty": (), "bystander": (bystander,), "ops": (bystander, ops), "two": (bystander, ops, {"name": "web"})}
        self._worlds = make_worlds(controller, self._folder, makes, build)
        self._make_found_key()
        public_key = self._imported_key()
        rotate = {"type": "ecdsa", "regenerate": "full_idempotence"}
        self.operations: tuple[Operation, ...] = (
            Operation("create", "bystander"),
            Operation("create, first of all", "empty"),
            Operation("batch of 5", "bystander", FIVE, {"tags": {"c": "d"}}),
            Operation("import", "bystander", options={"public_key": public_key}),
            Operation("retag", "ops", options={"tags": {"c": "d"}}),
            Operation("regenerate", "ops", options=rotate),
            Operation("adopt", "bystander", ("found",), {"adopt_private_key_file": "{root}/keys/found"}),
            Operation("absent with file", "two", ("ops", "web"), {"state": "absent", "remove_private_key": True}, False, True),
        )

    def worlds_for(self, operation: Operation, title: str) -> Iterator[World]:
        """Yield copies of the operation's world, as many as are asked for."""
        number = 0
        while True:
            number += 1
            folder = self._folder / f"{title}, {operation.title}, {number}".replace(" ", "_").replace(",", "")
            yield self._worlds[operation.world].copy(folder)

    def copy_to(self, operation: Operation, folder: Path) -> World:
        """Return a copy of the operation's world in a folder."""
        return self._worlds[operation.world].copy(folder)

    def _make_found_key(self) -> None:
        keys = self._worlds["bystander"].keys
        generate_key(keys / "found")
        (keys / "found.pub").unlink()

    def _imported_key(self) -> str:
        file = self._folder / "imported"
        generate_key(file)
        return file.with_suffix(".pub").read_text().strip()


def generate_key(file: Path, *arguments: str) -> None:
    """Make a key pair with ``ssh-keygen``."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", *arguments, "-f", str(file)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
