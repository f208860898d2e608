# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operating system refuses one call: a clear error or full success, nothing half-done, and the next run succeeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .canary import SIGNS
from .controller import Result, Run
from .injection import NETWORK, VARIES, Point, attached, has_struck, points_of, thinned
from .invariant import violations_after_error
from .kills import Trial, in_parts, repair, rows_of, told_store, trials
from .operations import Stage
from .table import Row

ERRORS = ("ENOSPC", "EIO", "EACCES", "EROFS", "EDQUOT", "EINTR")
NO_LOCKS = ("ENOLCK", "ENOSYS")
LOCK_ERRORS = (*NO_LOCKS, "EIO", "EINTR")
NETWORK_ERRORS = ("ECONNRESET", "ETIMEDOUT", "EPIPE", "ENETUNREACH", "EINTR")
SAMPLED, SHARED = 97, 5


@dataclass(frozen=True)
class Refusal(Point):
    """A call that the operating system refuses."""

    error: str = ""

    @property
    def label(self) -> str:
        """Return the call and its error in words."""
        return f"{super().label} with {self.error}"


def sweep(stage: Stage, sample: bool) -> list[Row]:
    """Refuse each call of each operation with each error; a sample takes every 97th of them.

    Through a store on the network every fifth is taken, and which of its errors a call ends with changes by turns.
    """
    struck: list[Trial] = []
    for operation, points in points_of(stage).items():
        is_shared = any(point.call in NETWORK.split(",") for point in points)
        struck += trials(stage, operation, "error", by_turns(points) if is_shared else refusals_of(points)[:: SAMPLED if sample else 1])
    found = in_parts(struck, lambda part: refused(stage, part))
    repaired = repair(stage, struck)
    return rows_of(f"errors{told_store(stage)}", struck, lambda trial: found[trial] + repaired[trial])


def refusals_of(points: Sequence[Point]) -> list[Refusal]:
    """Return each call with each error that it can end with."""
    return [Refusal(point.call, point.number, point.told, error) for point in thinned(points) for error in _errors(point.call)]


def by_turns(points: Sequence[Point]) -> list[Refusal]:
    """Return each call with every fifth of its errors, or one of them; the next call of that name has the others."""
    turns: dict[str, int] = {}
    chosen = []
    for point in thinned(points):
        turn = turns[point.call] = turns.get(point.call, 0) + 1
        errors = _errors(point.call)
        chosen += [Refusal(point.call, point.number, point.told, error) for error in errors[turn % min(SHARED, len(errors)) :: SHARED]]
    return chosen


def _errors(call: str) -> tuple[str, ...]:
    if call in NETWORK.split(","):
        return NETWORK_ERRORS
    return LOCK_ERRORS if call == "flock" else ERRORS


def refused_with(call: str) -> tuple[str, ...]:
    """Return the effects, for strace, with which a call is refused."""
    return tuple(f"error={error}" for error in _errors(call))


def refused(stage: Stage, struck: Sequence[Trial], prefix: Sequence[str] = ()) -> dict[Trial, list[str]]:
    """Run tries in one play, each with its call refused, and return what is wrong with each."""
    tasks = []
    for number, trial in enumerate(struck):
        assert isinstance(trial.point, Refusal)
        arguments = trial.point.arguments(trial.world, f"error={trial.point.error}")
        tasks.append(trial.operation.task(f"struck {number}", trial.world, lock_timeout=attached(arguments, log_of(trial))))
    run = stage.controller.playbook(tasks, prefix=prefix)
    return {trial: _violations(trial, run, run.of(f"struck {number}")) for number, trial in enumerate(struck)}


def _violations(trial: Trial, run: Run, result: Result | None) -> list[str]:
    if result is None:
        return [f"the run ended early: {run.output[-300:]}"]
    trial.finished = not result.failed
    found = [] if has_struck(log_of(trial), trial.world) or trial.point.call == VARIES else ["the call was not refused"]
    if isinstance(trial.point, Refusal) and trial.point.error in NO_LOCKS and result.error_code != "Registry.LockUnavailable":
        found.append(f"it went on without a lock: {result.error_code}")
    found += [f"the run printed {sign}" for sign in SIGNS if sign in run.output]
    found += violations_after_error(trial.world, trial.memory, trial.operation.may_go)
    return found + refusal_problems(result, *trial.world.told_places)


def refusal_problems(result: Result, *places: str) -> list[str]:
    """Return what is in a result and must never be, and what a failed one lacks: an error code, one of the places, plain words."""
    found = [f"the result holds {sign}" for sign in SIGNS if sign in str(result.result)]
    if not result.failed:
        return found
    if result.error_code in ("", "InternalError"):
        found.append(f"the error has no code of its own: {result.error_code} {result.message}")
    if not any(place in result.message for place in places):
        found.append(f"the message names no place: {result.message}")
    if "Traceback" in str(result.result):
        found.append("there is a traceback")
    return found


def log_of(trial: Trial) -> Path:
    """Return the file that strace notes in what it did to a try."""
    return trial.world.root.with_suffix(".log")
