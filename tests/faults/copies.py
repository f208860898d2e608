# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A registry is copied to another directory: killed and refused at each call, the source stays as it is, and the next run ends the copy."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..places import REGION
from . import errors, kills
from .controller import Task
from .operations import Operation, Stage
from .table import Row
from .worlds import World

COPY, TITLE = "keywright.ssh.registry_copy", "registry_copy"
DESTINATION, STORE = "copy", "copies"
SECOND = "us-1"


@dataclass(frozen=True)
class CopyWorld(World):
    """A world with a second registry, or with room for one."""

    @property
    def destination(self) -> Path:
        """Return the directory that is copied to."""
        return self.root / DESTINATION

    @property
    def folders(self) -> tuple[Path, ...]:
        """Return all directories that a task works in."""
        return (*super().folders, self.destination)

    def copy(self, root: Path) -> CopyWorld:
        """Copy the world to another folder, give it a second region, and keep what its registry holds beside it."""
        copied = CopyWorld(super().copy(root).root)
        second = copied.document.read_text().replace(f'"region": "{REGION}"', f'"region": "{SECOND}"')
        (copied.registry / f"{SECOND}.json").write_text(second)
        (copied.registry / f"{SECOND}.json").chmod(0o600)
        shutil.copytree(copied.registry, copied.kept)
        return copied

    @property
    def kept(self) -> Path:
        """Return the directory that holds what the source held at first."""
        return self.root.with_suffix(".kept")


@dataclass(frozen=True, eq=False)
class Copying(Operation):
    """The task that copies."""

    def task(self, label: str, world: World, **options: Any) -> Task:
        """Return the task on a world."""
        given = {"registry": str(world.registry), "destination": str(world.root / DESTINATION), **options}
        return {"name": label, COPY: given, "ignore_errors": True}


def sweep(stage: Stage, sample: bool) -> list[Row]:
    """Kill and refuse at each call; a sample takes a few."""
    copies = Stage(stage.controller, CopyWorld, STORE)
    copies.operations = (Copying(TITLE, "two", ()),)
    rows = kills.killed(copies, 40 if sample else 1) + errors.sweep(copies, sample)
    row = Row(f"{TITLE}: what was copied, in the end")
    for folder in (stage.controller.folder / f"{STORE}worlds").glob(f"[ke]*_{TITLE}_*[0-9]"):
        row.tried(folder.name, _differences(CopyWorld(folder)))
    return [*rows, row]


def _differences(world: CopyWorld) -> list[str]:
    """Return what is wrong with a copy that is done: another document than the source's, a source that was changed, or something left."""
    places = (world.kept, world.registry, world.destination)
    kept, source, copied = ({path.name: path.read_bytes() for path in place.glob("*.json")} for place in places)
    found = [] if source == copied and len(source) == len((REGION, SECOND)) else ["the documents differ"]
    found += [] if source == kept else ["the source was changed"]
    left = [path.name for path in world.destination.glob(".*") if path.suffix != ".lock"]
    return found + [f"{name} is left" for name in left]
