# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file system that says of a new name that it is there, and it is not: no key is lost, nothing is reported that is not so."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from .controller import Result, Run
from .errors import log_of, refusal_problems
from .injection import attached, has_struck, points_of
from .invariant import load, violations_at_any_time
from .kills import Trial, in_parts, repair, rows_of, trials
from .operations import Stage
from .table import Row

NAMING = ("link", "linkat", "rename", "renameat", "renameat2")
SAMPLED = 3
# What is linked to find out whether links can be had at all, before there is a key.
PROBE = ".keywright.probe"


def sweep(stage: Stage, sample: bool) -> list[Row]:
    """Let each call that gives a file a name do nothing and say that it did; a sample takes the first few of one operation."""
    struck: list[Trial] = []
    for operation, points in list(points_of(stage).items())[:: 100 if sample else 1]:
        naming = [point for point in points if point.call in NAMING]
        struck += trials(stage, operation, "lie", islice(naming, SAMPLED) if sample else naming)
    found = in_parts(struck, lambda part: _deceived(stage, part))
    repaired = repair(stage, struck)
    return rows_of("a new name is a lie", struck, lambda trial: found[trial] + repaired[trial])


def _deceived(stage: Stage, struck: Sequence[Trial]) -> dict[Trial, list[str]]:
    tasks = []
    for number, trial in enumerate(struck):
        arguments = trial.point.arguments(trial.world, "retval=0")
        tasks.append(trial.operation.task(f"struck {number}", trial.world, lock_timeout=attached(arguments, log_of(trial))))
    run = stage.controller.playbook(tasks)
    return {trial: _violations(trial, run, run.of(f"struck {number}")) for number, trial in enumerate(struck)}


def _violations(trial: Trial, run: Run, result: Result | None) -> list[str]:
    if result is None:
        return [f"the run ended early: {run.output[-300:]}"]
    trial.finished = not result.failed
    found = [] if has_struck(log_of(trial), trial.world) else ["nobody lied"]
    found += violations_at_any_time(trial.world, trial.memory, trial.operation.may_go)
    found += refusal_problems(result, *trial.world.told_places)
    if result.failed:
        return found
    noticed = [] if is_about_a_probe(log_of(trial)) else ["it was not noticed"]  # of a probe nothing is left that could be amiss
    return [*found, *noticed, *_false_reports(trial, result)]


def is_about_a_probe(log: Path) -> bool:
    """Tell whether the call that lied, and not another one of its kind, was the one that tries whether links can be had."""
    lines = log.read_text(errors="replace").splitlines()
    return any("INJECTED" in line and PROBE in line for line in lines)


def _false_reports(trial: Trial, result: Result) -> list[str]:
    registered = load(trial.world.document)["key_pairs"]
    reported = {pair["name"]: pair["fingerprint"] for pair in result.result["key_pairs"]} if trial.operation.present else {}
    return [
        f"{name} was reported, and is not so" for name, value in reported.items() if registered.get(name, {}).get("fingerprint") != value
    ]
