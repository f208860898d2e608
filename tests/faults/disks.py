# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Disks as they fail in life: full, out of inodes, read-only, or immutable."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from .controller import Result
from .errors import refusal_problems
from .injection import Point
from .invariant import Memory, violations_after_error
from .kills import Trial, repair, rows_of
from .operations import Stage
from .table import Row
from .worlds import World

BLOCK = 4096
# A batch of five takes one for the probe of hard links, one for each private key and one for the document; then names take some.
BATCH_INODES = 8
# There nobody can remove what was begun; the next run does.
UNTIDY = "+a on the registry"


@dataclass(frozen=True)
class Disk:
    """A disk in trouble: ``prepare`` makes the world's folder one, ``lift`` ends the trouble and ``remove`` the disk.

    ``place`` is what the trouble is with; a world that has no such thing cannot have it.
    """

    title: str
    prepare: Callable[[World], None]
    lift: Callable[[World], None]
    remove: Callable[[World], None]
    place: Callable[[World], Path] = lambda world: world.root


def _command(*arguments: object) -> None:
    subprocess.run([str(argument) for argument in arguments], check=True, capture_output=True)


def _unmount(world: World) -> None:
    _command("umount", "-l", world.root)


def _nothing(_world: World) -> None:
    pass


def _mounted(world: World, options: str) -> None:
    """Mount a small disk on the world's folder and put the world's files on it."""
    aside = world.root.with_name(f"{world.root.name}.aside")
    world.root.rename(aside)
    world.root.mkdir()
    _command("mount", "-t", "tmpfs", "-o", options, "tmpfs", world.root)
    _command("cp", "-a", f"{aside}/.", world.root)


def _full(blocks: int) -> Disk:
    def prepare(world: World) -> None:
        _mounted(world, "size=256k")
        free = os.statvfs(world.root).f_bavail - blocks
        (world.root / "filler").write_bytes(b"\0" * (free * BLOCK))

    return Disk(f"{blocks} free blocks", prepare, lambda world: (world.root / "filler").unlink(), _unmount)


def _out_of_inodes(count: int) -> Disk:
    def prepare(world: World) -> None:
        _mounted(world, "size=256k,nr_inodes=64")
        (world.root / "fillers").mkdir()
        for number in range(os.statvfs(world.root).f_ffree - count):
            (world.root / "fillers" / str(number)).touch()

    return Disk(f"{count} free inodes", prepare, lambda world: _command("rm", "-r", world.root / "fillers"), _unmount)


def _read_only() -> Disk:
    def prepare(world: World) -> None:
        _command("mount", "--bind", world.root, world.root)
        _command("mount", "-o", "remount,ro,bind", world.root)

    return Disk("read-only", prepare, lambda world: _command("mount", "-o", "remount,rw,bind", world.root), _unmount)


def _attribute(letter: str, place: Callable[[World], Path], told: str) -> Disk:
    def prepare(world: World) -> None:
        _command("chattr", f"+{letter}", place(world))

    return Disk(f"+{letter} on {told}", prepare, lambda world: _command("chattr", f"-{letter}", place(world)), _nothing, place)


DISKS = (
    *(_full(blocks) for blocks in range(6)),
    *(_out_of_inodes(count) for count in range(BATCH_INODES)),
    _read_only(),
    _attribute("i", lambda world: world.keys, "the directory of private keys"),
    _attribute("a", lambda world: world.keys, "the directory of private keys"),
    _attribute("i", lambda world: world.registry, "the registry"),
    _attribute("a", lambda world: world.registry, "the registry"),
    _attribute("i", lambda world: world.document, "the document"),
    _attribute("i", lambda world: world.keys / "ops.pem", "a private key"),
)


def sweep(stage: Stage, sample: bool) -> list[Row]:
    """Run operations on each disk, then without the trouble; needs root, and says so where it is not."""
    if os.geteuid() != 0:
        return [Row("disks: full, out of inodes, read-only, immutable", skipped="needs root")]
    possible = [disk for disk in DISKS[:: 2 if sample else 1] if _is_possible(stage, disk)]
    if not possible:
        return [Row("disks: full, out of inodes, read-only, immutable", skipped="the machine cannot mount")]
    chosen = [(disk, operation) for operation in (stage.operations[:1] if sample else stage.operations) for disk in possible]
    struck: list[Trial] = []
    with ExitStack() as mounts:
        disks: dict[Trial, Disk] = {}
        for disk, operation in chosen:
            world = next(stage.worlds_for(operation, f"disk {len(disks)} {disk.title}"))
            if not disk.place(world).exists():
                continue
            trial = Trial(operation, Point("disk", len(disks), disk.title), world, Memory.of(world))
            disk.prepare(world)
            mounts.callback(disk.remove, world)
            disks[trial] = disk
            struck.append(trial)
        results = run_once(stage, struck, ())
        found = {trial: violations(trial, results[trial]) for trial in struck}
        for trial, disk in disks.items():
            disk.lift(trial.world)
        repaired = repair(stage, struck)
    return rows_of("disks", struck, lambda trial: found[trial] + repaired[trial])


def _is_possible(stage: Stage, disk: Disk) -> bool:
    """Tell whether the machine has the disk: containers cannot mount, and some file systems have no attributes."""
    world = next(stage.worlds_for(stage.operations[-1], f"try {disk.title}"))
    try:
        disk.prepare(world)
    except subprocess.CalledProcessError:
        return False
    disk.lift(world)
    disk.remove(world)
    return True


def run_once(stage: Stage, struck: list[Trial], prefix: tuple[str, ...]) -> dict[Trial, Result | None]:
    """Run the operation of each try, and return the results."""
    labels = [f"struck {number}" for number in range(len(struck))]
    run = stage.controller.playbook(
        [trial.operation.task(label, trial.world) for label, trial in zip(labels, struck, strict=True)], prefix=prefix
    )
    return {trial: run.of(label) for label, trial in zip(labels, struck, strict=True)}


def violations(trial: Trial, result: Result | None) -> list[str]:
    """Return what is wrong with a run that was refused or went well."""
    if result is None:
        return ["the run ended early"]
    trial.finished = not result.failed
    found = violations_after_error(trial.world, trial.memory, trial.operation.may_go)
    if trial.point.told == UNTIDY:
        found = [problem for problem in found if problem != ".eu-1.json.new is left"]
    return found + refusal_problems(result, str(trial.world.root))
