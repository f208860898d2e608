# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SIGKILL at each call with which a task changes files, and then the same task again."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

from .controller import in_memory
from .injection import VARIES, Point, attached, has_struck, points_of, thinned
from .invariant import Memory, violations_after_repair, violations_at_any_time
from .operations import Operation, Stage
from .table import Row
from .worlds import World

PROCESSES = 2
PART = 100
# Ansible waits for ever for a task that is killed while it tells its result; then the whole run is.
SECONDS = 60
SHUFFLED = random.Random(5)
PAIRS = 500
ENDINGS = ("TERM", "INT", "HUP")

T = TypeVar("T")


@dataclass(eq=False)
class Trial:
    """One try: the operation is struck at a point in a world of its own; ``finished`` if it said nevertheless that all went well."""

    operation: Operation
    point: Point
    world: World
    memory: Memory
    finished: bool = False

    @property
    def label(self) -> str:
        """Return the try in words."""
        return f"{self.operation.title} at {self.point.label}"


def trials(stage: Stage, operation: Operation, title: str, points: Iterable[Point]) -> list[Trial]:
    """Give each point a world of its own."""
    made = []
    for point, world in zip(points, stage.worlds_for(operation, title), strict=False):
        made.append(Trial(operation, point, world, Memory.of(world)))
    return made


def sweep(stage: Stage, sample: bool) -> list[Row]:
    """Kill each operation at each of its calls; a sample takes every fortieth."""
    rows = killed(stage, 40 if sample else 1)
    return (
        rows
        if sample
        else [
            *rows,
            *killed_twice(stage),
            _killed_twice_in_process(stage),
            *(row for turn, signal in enumerate(ENDINGS) for row in _ended_by(stage, signal, turn)),
        ]
    )


def killed(stage: Stage, step: int) -> list[Row]:
    """Kill each operation at each of so many of its calls."""
    struck: list[Trial] = []
    for operation, points in points_of(stage).items():
        struck += trials(stage, operation, "kill", thinned(points) if step == 1 else islice(points, 3, None, step))
    stopped = all_stopped(stage, struck, "KILL")
    repaired = repair(stage, struck)
    return rows_of(f"killed{told_store(stage)}", struck, lambda trial: stopped[trial] + repaired[trial])


def killed_twice(stage: Stage) -> list[Row]:
    """Kill the run that repairs as well, at a call that it may have."""
    struck: list[Trial] = []
    for operation, points in points_of(stage).items():
        struck += trials(stage, operation, "twice", thinned(points)[5::4])
    first = all_stopped(stage, struck, "KILL")
    others = [replace(trial, point=SHUFFLED.choice(points_of(stage)[trial.operation])) for trial in struck]
    second = all_stopped(stage, others, "KILL", must_strike=False)
    repaired = repair(stage, struck)
    found = {trial: first[trial] + second[other] + repaired[trial] for trial, other in zip(struck, others, strict=True)}
    (row,) = _one_row(f"killed, and the repair killed as well{told_store(stage)}", found)
    hits = sum(has_struck(_log_of(trial), trial.world) for trial in struck)
    if hits < len(struck) // 3:  # the rest is killed at calls that a repair does not have
        row.lost.append(f"only {hits} of {len(struck)} repairs were killed")
    return [row]


def _killed_twice_in_process(stage: Stage) -> Row:
    with in_memory() as folder:
        told = stage.controller.python("tests.faults.twice_runs", str(folder), str(PAIRS))
    return Row("killed, and the repair killed as well, in process", told["tries"], told["lost"])


def _ended_by(stage: Stage, signal: str, turn: int) -> list[Row]:
    """End runs by a signal that Python handles; the signals take turns, so that every call has its own."""
    struck: list[Trial] = []
    for operation, points in points_of(stage).items():
        struck += trials(stage, operation, signal, points[turn :: len(ENDINGS)])
    stopped = all_stopped(stage, struck, signal)
    repaired = repair(stage, struck)
    return _one_row(f"ended by SIG{signal}{told_store(stage)}", {trial: stopped[trial] + repaired[trial] for trial in struck})


def told_store(stage: Stage) -> str:
    """Return the words for the store of a stage, none for files."""
    return f", {stage.store}" if stage.store else ""


def _one_row(fault: str, found: Mapping[Trial, list[str]]) -> list[Row]:
    row = Row(fault)
    for trial, problems in found.items():
        row.tried(trial.label, problems)
    return [row]


def rows_of(fault: str, struck: Iterable[Trial], found: Callable[[Trial], list[str]]) -> list[Row]:
    """Return one row per operation."""
    rows: dict[Operation, Row] = {}
    for trial in struck:
        row = rows.setdefault(trial.operation, Row(f"{fault}: {trial.operation.title}"))
        row.tried(trial.label, found(trial))
    return list(rows.values())


def all_stopped(stage: Stage, struck: Sequence[Trial], signal: str, must_strike: bool = True) -> dict[Trial, list[str]]:
    """Run each try in a play of its own, end it by a signal at its point, and return what is wrong with each world then."""
    with ThreadPoolExecutor(PROCESSES) as pool:
        return dict(zip(struck, pool.map(lambda trial: _stopped(stage, trial, signal, must_strike), struck), strict=True))


def _stopped(stage: Stage, trial: Trial, signal: str, must_strike: bool) -> list[str]:
    log = _log_of(trial)
    arguments = trial.point.arguments(trial.world, f"signal={signal}")
    task = trial.operation.task("struck", trial.world, lock_timeout=attached(arguments, log))
    run = stage.controller.playbook([task], seconds=SECONDS)
    ended = run.of("struck") is None and "dead state" in run.output
    if must_strike and trial.point.call != VARIES and not (has_struck(log, trial.world) and (ended or signal != "KILL")):
        return [f"it was not struck: {run.output[-300:]}"]
    return violations_at_any_time(trial.world, trial.memory, trial.operation.may_go)


def _log_of(trial: Trial) -> Path:
    return trial.world.root.with_suffix(".log")


def in_parts(
    tried: Sequence[T], run: Callable[[Sequence[T]], dict[T, list[str]]], size: int = PART, processes: int = PROCESSES
) -> dict[T, list[str]]:
    """Run so many tries in one play that a process is worth its start and a play ends in time, and return what all have found."""
    parts = [tried[start : start + size] for start in range(0, len(tried), size)]
    found: dict[T, list[str]] = {}
    with ThreadPoolExecutor(processes) as pool:
        for part in pool.map(run, parts):
            found.update(part)
    return found


def repair(stage: Stage, struck: Sequence[Trial]) -> dict[Trial, list[str]]:
    """Run the struck tasks again, and then once more, and return what is wrong with each world."""
    return in_parts(struck, lambda part: _repaired(stage, part))


def _repaired(stage: Stage, struck: Sequence[Trial]) -> dict[Trial, list[str]]:
    tasks = [
        trial.operation.task(f"{turn} {number}", trial.world) for number, trial in enumerate(struck) for turn in ("again", "once more")
    ]
    run = stage.controller.playbook(tasks)
    found: dict[Trial, list[str]] = {}
    for number, trial in enumerate(struck):
        again, once_more = run.of(f"again {number}"), run.of(f"once more {number}")
        if again is None or once_more is None:
            found[trial] = [f"the next run ended early: {run.output[-300:]}"]
        elif again.failed:
            found[trial] = [f"the next run failed: {again.error_code}: {again.message}"]
        else:
            operation = trial.operation
            found[trial] = violations_after_repair(trial.world, trial.memory, operation.names, operation.present, operation.gone)
            found[trial] += ["a further run changes something"] if once_more.changed or once_more.failed else []
            found[trial] += ["the struck run said that it was done, and it was not"] if trial.finished and again.changed else []
    return found
