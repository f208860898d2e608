# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The power is cut at each step, and what was not flushed is gone; two disks that ignore flushes must be found out."""

from __future__ import annotations

import copy
import json
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .controller import Result
from .fuse_disks import impossible, mounted
from .injection import Point, points_of, tracing_problem
from .invariant import Memory, load, violations_at_any_time
from .kills import Trial, all_stopped, repair, rows_of
from .lossy_memory import DROP, MIX
from .operations import Operation, Stage
from .table import Row
from .worlds import World

CUT = ("create", "create, first of all", "batch of 5", "regenerate", "absent with file")
MUTANTS = {"no fsync of files": stat.S_IFREG, "no fsync of directories": stat.S_IFDIR}
KILLED = ("import", "retag", "regenerate", "absent with file")
# After each of these, and after no other call, there is more to be lost.
RENAMING = ("mkdir", "fsync", "renameat", "linkat", "unlinkat")
# All of its directories are missing, and some of their parents.
NEW_PLACES = Operation("create in new directories", "empty", options={"private_key_dir": "{root}/a/b"})


@dataclass(frozen=True)
class Cut(Point):
    """A cut before an operation of the disk, and what is lost then."""

    how: str = DROP
    deaf: int = 0


def sweep(stage: Stage, sample: bool) -> list[Row]:
    """Cut the power at each step of each operation; a sample takes every 25th of two operations."""
    reason = impossible()
    if reason:
        return [Row("power cut", skipped=reason)]
    names = CUT[:1] + CUT[3:4] if sample else CUT
    operations = [operation for operation in stage.operations if operation.title in names]
    with mounted("tests.faults.lossy_disk", stage.controller.folder / "lossy") as folder:
        disk = Disk(folder)
        honest = _trials(disk, stage, operations, (25, 0) if sample else (1, 3), 0)
        rows = rows_of("power cut", honest, _cut(disk, stage, honest).__getitem__)
        for title, deaf in MUTANTS.items():
            row = Row(f"power cut: the mutant '{title}' is caught")
            lying = _trials(disk, stage, operations[:1], (9 if sample else 1, 1), deaf)
            caught = sum(bool(found) for found in _cut(disk, stage, lying).values())
            row.tried(title, [] if caught else ["nothing was found, so the test proves nothing"])
            row.tries = len(lying)
            rows.append(row)
        return rows + killed_before(disk, stage, 10 if sample else 1)


def killed_before(disk: Disk, stage: Stage, step: int) -> list[Row]:
    """Kill a run before each change of a name and each flush, run the task again, and cut the power as soon as that has told its result."""
    fault = "killed, run again and then cut"
    if tracing_problem():
        return [Row(fault, skipped=tracing_problem())]
    new_places = copy.copy(stage)
    new_places.operations = (NEW_PLACES,)
    traced = points_of(new_places) | {operation: points for operation, points in points_of(stage).items() if operation.title in KILLED}
    struck = []
    for operation, points in traced.items():
        for number, point in enumerate([point for point in points if point.call in RENAMING][::step]):
            world = _world(disk, stage, operation, f"killed-{number}")
            struck.append(Trial(operation, point, world, Memory.of(world)))
            disk.command(volume=_volume(world), do="prepare", cut_at=0, deaf=0)
    stopped = all_stopped(stage, struck, "KILL")
    reported = _run_and_cut(disk, stage, struck)
    repaired = repair(stage, struck)
    return rows_of(fault, struck, lambda trial: stopped[trial] + reported[trial] + repaired[trial])


class Disk:
    """A mounted lossy disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def command(self, **command: object) -> None:
        """Command the disk; it has no buffer."""
        descriptor = os.open(self.folder / ".control", os.O_WRONLY)
        os.write(descriptor, json.dumps(command).encode())
        os.close(descriptor)

    def operations(self, world: World) -> int:
        """Return how many operations a volume has counted."""
        counted: dict[str, int] = json.loads((self.folder / ".report").read_bytes())
        return counted[_volume(world)]


def _trials(disk: Disk, stage: Stage, operations: list[Operation], size: tuple[int, int], deaf: int) -> list[Trial]:
    """Count the steps of each operation in a run without a cut, then give each cut a world of its own."""
    step, mixes = size
    made = []
    for operation in operations:
        probe = _world(disk, stage, operation, f"probe{deaf}")
        disk.command(volume=_volume(probe), do="prepare", cut_at=0, deaf=0)
        stage.controller.playbook([operation.task("probe", probe)])
        count = disk.operations(probe)
        for at in range(1, count + 2, step):
            for turn in range(1 + mixes):
                how = MIX if turn else DROP
                cut = Cut("power", at, f"{how} {turn}" if at <= count else f"at the end, {how} {turn}", how, deaf)
                world = _world(disk, stage, operation, f"{deaf}-{at}-{turn}")
                made.append(Trial(operation, cut, world, Memory.of(world)))
    return made


def _world(disk: Disk, stage: Stage, operation: Operation, title: str) -> World:
    """Make a world on a volume of its own, which has room beside the world for what strace notes."""
    return stage.copy_to(operation, disk.folder / f"{operation.title}-{title}".replace(" ", "-") / "world")


def _volume(world: World) -> str:
    return world.root.parent.name


def _cut(disk: Disk, stage: Stage, struck: list[Trial]) -> dict[Trial, list[str]]:
    for trial in struck:
        assert isinstance(trial.point, Cut)
        disk.command(volume=_volume(trial.world), do="prepare", cut_at=trial.point.number, deaf=trial.point.deaf)
    found = _run_and_cut(disk, stage, struck)
    repaired = repair(stage, struck)
    return {trial: found[trial] + repaired[trial] for trial in struck}


def _run_and_cut(disk: Disk, stage: Stage, struck: Sequence[Trial]) -> dict[Trial, list[str]]:
    """Run each task, cut the power, and return what is wrong with each world then, and with what was reported."""
    run = stage.controller.playbook([trial.operation.task(trial.label, trial.world) for trial in struck])
    for trial in struck:
        how = trial.point.how if isinstance(trial.point, Cut) else DROP
        disk.command(volume=_volume(trial.world), do="restart", how=how, seed=trial.point.number)
    return {trial: _violations(trial, run.of(trial.label)) for trial in struck}


def _violations(trial: Trial, result: Result | None) -> list[str]:
    if result is None:
        return ["the run ended early"]
    try:
        found = violations_at_any_time(trial.world, trial.memory, trial.operation.may_go)
        registered = load(trial.world.document)["key_pairs"]
    except ValueError as error:
        return [f"the document cannot be read: {error}"]
    if result.failed:
        return found
    for pair in result.result["key_pairs"]:
        is_there = registered.get(pair["name"], {})
        if any(is_there.get(what) != pair[what] for what in ("fingerprint", "tags")):
            found.append(f"{pair['name']} was reported, and is not registered like that")
    if not trial.operation.present:
        found += [f"{name} was reported as removed, and is registered" for name in trial.operation.names if name in registered]
    return found
