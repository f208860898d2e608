# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A world is a registry and a directory of private keys; it is made once and copied for each try."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..places import MODULE, REGION, Place
from .controller import Controller, Task

BINDING = "keywright.ssh.ssh_keypair_binding"


@dataclass(frozen=True)
class World(Place):
    """The folders of one try."""

    @property
    def document(self) -> Path:
        """Return the document of the region."""
        return self.registry / f"{REGION}.json"

    @property
    def registry_option(self) -> str:
        """Return what tasks state as their registry."""
        return str(self.registry)

    @property
    def told_places(self) -> tuple[str, ...]:
        """Return what a message about this world names, one of them at least."""
        return (str(self.root),)

    @property
    def account(self) -> Path:
        """Return the directory of the file that an account's keys are listed in."""
        return self.root / "account"

    @property
    def folders(self) -> tuple[Path, ...]:
        """Return all directories that a task works in."""
        return self.root, self.registry, self.keys, self.account

    def task(self, name: str, options: Mapping[str, Any], **keywords: Any) -> Task:
        """Return a task on this world; ``{root}`` in a text option stands for the world's folder."""
        placed = {key: value.replace("{root}", str(self.root)) if isinstance(value, str) else value for key, value in options.items()}
        defaults = {"region": REGION, "registry": self.registry_option, "private_key_dir": str(self.keys)}
        return {"name": name, MODULE: {**defaults, **placed}, "ignore_errors": True, **keywords}

    def binding(self, name: str, options: Mapping[str, Any], **keywords: Any) -> Task:
        """Return a task that binds a key pair to the account of whoever runs this, in the world's own file, without a login."""
        defaults = {"region": REGION, "registry": self.registry_option, "path": str(self.account / "keys"), "verify": False}
        return {"name": name, BINDING: {**defaults, **options}, "ignore_errors": True, **keywords}

    def copy(self, root: Path) -> World:
        """Copy the world to another folder, where its records name the files of the copy."""
        shutil.copytree(self.root, root, symlinks=True)
        copied = World(root)
        for document in copied.registry.glob("*.json"):
            document.write_text(document.read_text().replace(f'"{self.root}/', f'"{root}/'))
        return copied


def make_worlds(
    controller: Controller, folder: Path, makes: Mapping[str, Sequence[Mapping[str, Any]]], build: Callable[[Path], World] = World
) -> dict[str, World]:
    """Make worlds, by name, in which the key pairs of some tasks exist."""
    worlds = {name: build(folder / name) for name in makes}
    tasks = []
    for name, world in worlds.items():
        world.root.mkdir(parents=True)
        tasks += [world.task(f"{name} {number}", options) for number, options in enumerate(makes[name])]
    run = controller.playbook(tasks)
    if len(run.results) != len(tasks) or any(result.failed for result in run.results):
        raise RuntimeError(f"The worlds could not be made:\n{run.output}")
    return worlds
