# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Another user than root, who may write only what is hers: what is forbidden to her, and each call that fails."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path

from .disks import run_once, violations
from .errors import SAMPLED, log_of, refusals_of, refused
from .injection import Point, points_of, tracing_problem
from .invariant import Memory
from .kills import Trial, in_parts, repair, trials
from .operations import FIVE, Operation, Stage
from .table import Row
from .worlds import World

NOBODY = 65534


def sweep(stage: Stage, sample: bool) -> list[Row]:
    """Run as nobody; needs root, and says so where it is not."""
    if os.geteuid() != 0:
        return [Row("as an unprivileged user", skipped="needs root")]
    return [_forbidden(stage), _refused(stage, SAMPLED if sample else 1)]


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


def _forbidden(stage: Stage) -> Row:
    """Run as another user who may read everything, for that is how the program gets to be read, but write only what is hers."""
    row = Row("as an unprivileged user: what is not hers")
    create = Operation("create as nobody", "bystander", FIVE[:2])
    struck: list[Trial] = []
    with _open_to_nobody(stage):
        for (title, forbid), world in zip(REFUSALS.items(), stage.worlds_for(create, "nobody"), strict=False):
            trial = Trial(create, Point("refusal", len(struck), title), world, Memory.of(world))
            _give(world, NOBODY)
            forbid(world)
            struck.append(trial)
        results = run_once(stage, struck, prefix_of(stage))
    for trial in struck:
        result = results[trial]
        refused = [] if result is not None and result.failed else ["it was not refused"]
        row.tried(trial.label, refused + violations(trial, result))
        _give_back(trial.world)
    for trial, found in repair(stage, struck).items():
        row.lost += [f"{trial.label}: {problem}" for problem in found]
    return row


def _refused(stage: Stage, step: int) -> Row:
    """Refuse each call of a create with each error, or every ``step``-th of them."""
    row = Row("as an unprivileged user: errors of each call")
    if tracing_problem():
        row.skipped = tracing_problem()
        return row
    create = stage.operations[0]
    struck = trials(stage, create, "nobody", refusals_of(points_of(stage)[create])[::step])
    for trial in struck:
        _give(trial.world, NOBODY)
        for log in (log_of(trial), Path(f"{log_of(trial)}.errors")):
            log.touch()
            os.chown(log, NOBODY, NOBODY)
    with _open_to_nobody(stage):
        found = in_parts(struck, lambda part: refused(stage, part, prefix_of(stage)))
    for trial in struck:
        _give_back(trial.world)
    repaired = repair(stage, struck)
    for trial in struck:
        row.tried(trial.label, found[trial] + repaired[trial])
    return row


def prefix_of(stage: Stage) -> tuple[str, ...]:
    """Return a command that runs programs as nobody."""
    return (*AS_NOBODY, "env", f"HOME={stage.controller.folder}/nobody")


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
    subprocess.run(["chown", "-R", f"{owner}:{owner}", str(world.root)], check=True)


def _give_back(world: World) -> None:
    _give(world, 0)
    for path, mode in ((world.keys, 0o700), (world.registry, 0o700), (world.document, 0o600)):
        path.chmod(mode)
