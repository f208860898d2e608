# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Disks as they fail in life: full, out of inodes, read-only, immutable, or another user's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

from .controller import Result
from .errors import refusal_problems
from .injection import Point
from .invariant import Memory, violations_after_error
from .kills import Trial, repair, rows_of
from .operations import FIVE, Operation, Stage
from .table import Row
from .worlds import World

NOBODY = 65534
BLOCK = 4096
# There nobody can remove what was begun; the next run does.
UNTIDY = "+a on the registry"


@dataclass(frozen=True)
class Disk:
    """A disk in trouble: ``prepare`` makes the world's folder one, ``lift`` ends the trouble and ``remove`` the disk."""

    title: str
    prepare: Callable[[World], None]
    lift: Callable[[World], None]
    remove: Callable[[World], None]


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

    return Disk(f"+{letter} on {told}", prepare, lambda world: _command("chattr", f"-{letter}", place(world)), _nothing)


DISKS = (
    *(_full(blocks) for blocks in range(6)),
    *(_out_of_inodes(count) for count in range(5)),
    _read_only(),
    _attribute("i", lambda world: world.keys, "the directory of private keys"),
    _attribute("a", lambda world: world.keys, "the directory of private keys"),
    _attribute("i", lambda world: world.registry, "the registry"),
    _attribute("a", lambda world: world.registry, "the registry"),
    _attribute("i", lambda world: world.document, "the document"),
)


def sweep(stage: Stage, sample: bool) -> list[Row]:
    """Run operations on each disk, then without the trouble; needs root, and says so where it is not."""
    if os.geteuid() != 0:
        return [Row("disks: full, out of inodes, read-only, immutable", skipped="needs root"), _unprivileged(stage)]
    operations = [operation for operation in stage.operations if operation.world != "empty"]
    possible = [disk for disk in DISKS[:: 2 if sample else 1] if _is_possible(stage, disk)]
    if not possible:
        return [Row("disks: full, out of inodes, read-only, immutable", skipped="the machine cannot mount"), _unprivileged(stage)]
    chosen = [(disk, operation) for operation in (operations[:1] if sample else operations) for disk in possible]
    struck: list[Trial] = []
    with ExitStack() as mounts:
        disks: dict[Trial, Disk] = {}
        for disk, operation in chosen:
            world = next(stage.worlds_for(operation, f"disk {len(disks)}"))
            trial = Trial(operation, Point("disk", len(disks), disk.title), world, Memory.of(world))
            disk.prepare(world)
            mounts.callback(disk.remove, world)
            disks[trial] = disk
            struck.append(trial)
        results = _struck(stage, struck, ())
        found = {trial: _violations(trial, results[trial]) for trial in struck}
        for trial, disk in disks.items():
            disk.lift(trial.world)
        repaired = repair(stage, struck)
    return [*rows_of("disks", struck, lambda trial: found[trial] + repaired[trial]), _unprivileged(stage)]


def _is_possible(stage: Stage, disk: Disk) -> bool:
    """Tell whether the machine has the disk: containers cannot mount, and some file systems have no attributes."""
    world = next(stage.worlds_for(stage.operations[0], f"try {disk.title}"))
    try:
        disk.prepare(world)
    except subprocess.CalledProcessError:
        return False
    disk.lift(world)
    disk.remove(world)
    return True


def _struck(stage: Stage, struck: list[Trial], prefix: tuple[str, ...]) -> dict[Trial, Result | None]:
    labels = [f"struck {number}" for number in range(len(struck))]
    run = stage.controller.playbook(
        [trial.operation.task(label, trial.world) for label, trial in zip(labels, struck, strict=True)], prefix=prefix
    )
    return {trial: run.of(label) for label, trial in zip(labels, struck, strict=True)}


def _violations(trial: Trial, result: Result | None) -> list[str]:
    if result is None:
        return ["the run ended early"]
    found = violations_after_error(trial.world, trial.memory, trial.operation.may_go)
    if trial.point.told == UNTIDY:
        found = [problem for problem in found if problem != ".eu-1.json.new is left"]
    return found + refusal_problems(result, str(trial.world.root))


def _forbid(path: Callable[[World], Path], mode: int) -> Callable[[World], None]:
    return lambda world: path(world).chmod(mode)


REFUSALS: dict[str, Callable[[World], None]] = {
    "directory of private keys 0500": _forbid(lambda world: world.keys, 0o500),
    "directory of private keys 0000": _forbid(lambda world: world.keys, 0o000),
    "registry 0500": _forbid(lambda world: world.registry, 0o500),
    "registry 0000": _forbid(lambda world: world.registry, 0o000),
    "document root's": lambda world: os.chown(world.document, 0, 0),
    "registry root's": lambda world: os.chown(world.registry, 0, 0),
    "directory of private keys root's": lambda world: os.chown(world.keys, 0, 0),
    "lock root's": lambda world: os.chown(world.registry / "eu-1.lock", 0, 0),
    "document writable by everyone": _forbid(lambda world: world.document, 0o666),
}


def _unprivileged(stage: Stage) -> Row:
    """Run as another user who may read everything, for that is how the program gets to be read, but write only what is hers."""
    row = Row("disks: as an unprivileged user")
    if os.geteuid() != 0:
        row.skipped = "needs root"
        return row
    create = Operation("create as nobody", "bystander", FIVE[:2])
    struck: list[Trial] = []
    with _open_to_nobody(stage):
        for (title, forbid), world in zip(REFUSALS.items(), stage.worlds_for(create, "nobody"), strict=False):
            trial = Trial(create, Point("refusal", len(struck), title), world, Memory.of(world))
            _give(world, NOBODY)
            forbid(world)
            struck.append(trial)
        results = _struck(stage, struck, (*AS_NOBODY, "env", f"HOME={stage.controller.folder}/nobody"))
    for trial in struck:
        result = results[trial]
        refused = [] if result is not None and result.failed else ["it was not refused"]
        row.tried(trial.label, refused + _violations(trial, result))
        _give(trial.world, 0)
        for path, mode in ((trial.world.keys, 0o700), (trial.world.registry, 0o700), (trial.world.document, 0o600)):
            path.chmod(mode)
    for trial, found in repair(stage, struck).items():
        row.lost += [f"{trial.label}: {problem}" for problem in found]
    return row


AS_NOBODY = (
    *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
    *("--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"),
)


@contextmanager
def _open_to_nobody(stage: Stage) -> Iterator[None]:
    home = stage.controller.folder / "nobody"
    home.mkdir(exist_ok=True)
    folders = (home, stage.controller.folder, stage.controller.folder / "tmp")
    for folder, owner in zip(folders, repeat(NOBODY), strict=False):
        os.chown(folder, owner, owner)
    yield
    for folder in folders:
        os.chown(folder, 0, 0)


def _give(world: World, owner: int) -> None:
    _command("chown", "-R", f"{owner}:{owner}", world.root)
