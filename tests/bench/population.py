# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Registries with many regions, made once and used again, and what is measured on them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..places import MODULE, Place
from .contestant import Contestant, holding, recap
from .controller import Controller, Play, tasks_play
from .ground import names
from .sizes import Sizes

INFO = "keywright.ssh.ssh_keypair_info"
INFO_FLOOR = "keywright_bench.floor.load_json"
_NEW = "new"


@dataclass(frozen=True)
class Population(Place):
    """``regions`` regions of ``region_size`` key pairs each, all full but the last one."""

    regions: int
    region_size: int

    @property
    def last(self) -> str:
        """Return the region that is not full."""
        return f"r-{self.regions:03}"

    @property
    def keys(self) -> Path:
        """Return the directory of the last region's private keys."""
        return self.root / "keys" / self.last

    @property
    def count(self) -> int:
        """Return the number of key pairs once one more was created."""
        return self.regions * self.region_size

    def make(self, controller: Controller) -> None:
        """Make it unless an earlier run has."""
        mark, kept = self.root / "complete", self.root / f"{self.last}.json"
        if not mark.exists():
            shutil.rmtree(self.root, ignore_errors=True)
            controller.run_program("populate", self.root, self.regions, self.region_size)
            shutil.copyfile(self.registry / kept.name, kept)
            mark.touch()

    def restore(self) -> None:
        """Take the key pair away that a run has created."""
        shutil.copyfile(self.root / f"{self.last}.json", self.registry / f"{self.last}.json")
        (self.keys / f"{_NEW}.pem").unlink(missing_ok=True)

    def task(self, name: str) -> Play:
        """Return a play of one task for one key pair of the last region."""
        given = {"name": name, "region": self.last, "registry": str(self.registry), "private_key_dir": str(self.keys)}
        return tasks_play({"name": "Create", MODULE: given})

    def listing(self, module: str, *more: dict[str, Any]) -> Play:
        """Return a play that lists everything."""
        return tasks_play({"name": "List", module: {"registry": str(self.registry)}, "register": "listed"}, *more)


def populations(controller: Controller, sizes: Sizes) -> list[Population]:
    """Return the populations of a run, smallest first."""
    folder = controller.folder / "populations"
    return [Population(folder / f"{regions}x{sizes.region_size}", regions, sizes.region_size) for regions in sizes.populations]


def flat_contestants(controller: Controller, sizes: Sizes) -> Iterator[Contestant]:
    """Return one no-op and one create in each population."""
    for population in populations(controller, sizes):
        for what, name in (("noop", names(1)[0]), ("create", _NEW)):
            identity = f"flat/{what}-{population.regions}"
            registered = f"{population.count:,} key pairs registered in {population.regions} regions"
            yield Contestant(
                identity,
                f"one {'create' if name == _NEW else 'no-op'}, {registered}",
                controller.play(f"flat-{what}-{population.regions}", population.task(name)),
                controller.environment,
                controller.log(identity),
                population.restore,
                holding(population.keys, sizes.region_size - (name != _NEW)),
                recap(1, int(name == _NEW)),
            )


def info_contestants(controller: Controller, sizes: Sizes) -> Iterator[Contestant]:
    """Return listing the largest population, and the least that this can cost."""
    population = populations(controller, sizes)[-1]
    for name, title, module in (("floor", "`json.load` of the same files", INFO_FLOOR), ("list", "`ssh_keypair_info`", INFO)):
        yield Contestant(
            f"info/{name}",
            f"{title}, {population.count - 1:,} key pairs",
            controller.play(f"info-{name}", population.listing(module)),
            controller.environment,
            controller.log(f"info/{name}"),
            population.restore,
            expected=recap(1, 0),
        )


def check_listing(controller: Controller, sizes: Sizes) -> None:
    """Make sure, unmeasured, that a listing finds every key pair and its private key file."""
    population = populations(controller, sizes)[-1]
    population.restore()
    found = "listed.key_pairs | selectattr('private_key_status', 'eq', 'present') | length"
    check = {"name": "Check", "ansible.builtin.assert": {"that": f"{found} == {population.count - 1}"}}
    for module in (INFO_FLOOR, INFO):
        identity = f"check/{module}"
        command = controller.play(identity.replace("/", "-"), population.listing(module, check))
        Contestant(identity, "", command, controller.environment, controller.log(identity), expected=recap(2, 0)).run()
