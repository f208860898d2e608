# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers that are away, hang or refuse, or die in mid-run: a clear error or success, nothing half-done, and the next run succeeds."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from . import bindings, cuts, errors, kills, teams
from .canary import SIGNS, Detector, forms_of, forms_of_file
from .controller import Controller, Result, Run, read_results
from .errors import refusal_problems
from .injection import Point, tracing_problem
from .invariant import Memory, all_problems, load, staged, violations_after_error
from .kills import Trial, repair
from .operations import Stage
from .shared_worlds import ETCD, POSTGRESQL, Backend, SharedWorld, running
from .table import Row
from .troubles import PASSWORD, Change, Trouble, killed, leader_killed, leader_paused, member_paused, restarted, troubles_of

Struck = cuts.Struck
Strike = Callable[[Backend], AbstractContextManager[None]]

PATIENCE = 3
SECONDS_TO_GIVE_UP = 12.0
SAMPLED = ("create", "absent with file")
STEP = 60
KEY_PAIRS = 20
BEFORE_THE_STRIKE = 5


def sweep(stage: Stage, sample: bool) -> list[Row]:
    """Strike runs and servers of each kind; a sample has two operations instead of eight, and one trouble of each sort."""
    rows = [] if sample else [teams.in_git(stage)]
    for kind in (ETCD, POSTGRESQL):
        folder = stage.controller.folder / f"servers-{kind}"
        controller = stage.controller.apart(f"servers-{kind}")  # other kinds have controls that print a key
        with running(kind, folder) as backend:
            shared = Stage(controller, SharedWorld.on(backend), kind)
            if sample:
                shared.operations = tuple(each for each in shared.operations if each.title in SAMPLED)
            rows += _swept(shared, kind, sample)
            rows += _in_all_troubles(shared, backend, kind, troubles_of(kind, folder, sample), sample)
            rows += [_in_mid_run(shared, backend, kind, title, strike) for title, strike in _strikes(kind, sample)]
            rows += teams.rows(shared, backend, kind, sample)
        rows.append(searched(controller, kind, folder))
    return rows


def _swept(stage: Stage, kind: str, sample: bool) -> list[Row]:
    """Kill and refuse at each call; a sample kills at some, through one kind of server."""
    if tracing_problem():
        return [Row(f"killed, and errors, {kind}", skipped=tracing_problem())]
    if sample:
        return kills.killed(stage, STEP) if kind == ETCD else []
    return kills.killed(stage, 1) + kills.killed_twice(stage) + errors.sweep(stage, sample) + bindings.shared_sweep(stage)


def _in_all_troubles(stage: Stage, backend: Backend, kind: str, troubles: Sequence[Trouble], sample: bool) -> list[Row]:
    """Strike all operations in all ways, and then repair them all."""
    struck = [part for trouble in troubles for part in _in_trouble(stage, backend, kind, trouble)]
    struck += cuts.struck(stage, backend, kind, sample)
    repaired = repair(stage, [trial for _row, trial, _problems in struck])
    rows = []
    for row, trial, problems in struck:
        row.tried(trial.label, problems + repaired[trial])
        if row not in rows:
            rows.append(row)
    return rows


def _in_trouble(stage: Stage, backend: Backend, kind: str, trouble: Trouble) -> list[Struck]:
    trials = [trial for trial in struck_worlds(stage, trouble.title) if trial.memory.document["serial"] or not trouble.needs_document]
    row = Row(f"{kind}: {trouble.title}")
    with trouble.begin(backend, [trial.world for trial in trials if isinstance(trial.world, SharedWorld)], row.lost) as change:
        tasks = [
            trial.operation.task(f"struck {number}", trial.world, registry=change(trial.world.registry_option), lock_timeout=PATIENCE)
            for number, trial in enumerate(trials)
        ]
        begin = time.monotonic()
        run = stage.controller.playbook(tasks)
        seconds = (time.monotonic() - begin) / len(tasks)
    if seconds > SECONDS_TO_GIVE_UP:
        row.lost.append(f"each task took {seconds:.0f} seconds to give up")
    return [(row, trial, _refusals(trial, run.of(f"struck {number}"), run, trouble, change)) for number, trial in enumerate(trials)]


def struck_worlds(stage: Stage, title: str) -> list[Trial]:
    """Return a try of each operation."""
    made = []
    for operation in stage.operations:
        world = next(stage.worlds_for(operation, title))
        made.append(Trial(operation, Point(title, 1, ""), world, Memory.of(world)))
    return made


def _refusals(trial: Trial, result: Result | None, run: Run, trouble: Trouble, change: Change) -> list[str]:
    """Return what is wrong with a task that had to be refused."""
    if result is None:
        return [f"the run ended early: {run.output[-300:]}"]
    found = [] if result.failed and result.error_code == trouble.code else [f"it ended with '{result.error_code}': {result.message}"]
    shown = re.sub("(?<=//)([^:@/]*):[^@]*@", r"\1@", change(trial.world.registry_option).partition("?")[0])
    found += refusal_problems(result, shown)
    found += [f"the run printed {sign}" for sign in (*SIGNS, PASSWORD) if sign in run.output]
    return found + violations_after_error(trial.world, trial.memory, trial.operation.may_go)


def _strikes(kind: str, sample: bool) -> list[tuple[str, Strike]]:
    if kind == POSTGRESQL:
        return [] if sample else [("restarted in mid-run", restarted), ("killed in mid-run", killed)]
    struck: list[tuple[str, Strike]] = [("leader killed in mid-run", leader_killed)]
    return struck if sample else [*struck, ("leader paused in mid-run", leader_paused), ("a member paused in mid-run", member_paused)]


def _in_mid_run(stage: Stage, backend: Backend, kind: str, title: str, strike: Strike) -> Row:
    """Strike while key pairs are created one after the other: all are created, since the servers that are left answer in time."""
    world = next(stage.worlds_for(stage.operations[0], title))
    tasks = [world.task(f"k{number}", {"name": f"k{number}"}) for number in range(KEY_PAIRS)]
    file = stage.controller.runs / f"{kind} {title}.json"
    file.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    process, results = stage.controller.start([str(stage.controller.programs / "ansible-playbook"), str(file)], {})
    while process.poll() is None and results.read_text().count("\n") < BEFORE_THE_STRIKE:
        time.sleep(0.02)
    with strike(backend):
        output, _nothing = process.communicate(timeout=300)
    results.with_suffix(".output").write_text(output)
    made = read_results(results)
    found = [f"{result.task} failed: {result.message}" for result in made if result.failed or not result.changed]
    names = load(world.document)["key_pairs"].keys() - {"bystander"}
    if len(made) != KEY_PAIRS or len(names) != KEY_PAIRS:
        found.append(f"{len(made)} results, {len(names)} key pairs: {output[-300:]}")
    row = Row(f"{kind}: {title}")
    row.tried("all", found + all_problems(world.document) + [f"{path.name} is left" for path in staged(world)])
    row.tries = len(made)
    return row


def searched(controller: Controller, kind: str, servers: Path) -> Row:
    """Return a row of secrets that are found in what runs printed and returned, and in the files of the servers."""
    row = Row(f"{kind}: secrets in output, results, and the servers' files")
    detector = Detector()
    detector.add("the password", forms_of(PASSWORD.encode()))
    for sign in SIGNS:
        detector.add(f"what looks like a private key ({sign})", [sign.encode()])
    for path in controller.folder.rglob("*.pem"):
        if "PRIVATE KEY" in path.read_text(errors="replace") and servers not in path.parents:
            detector.add(f"the key {path.name}", forms_of_file(path.read_bytes()))
    for path in controller.runs.iterdir():
        if path.suffix in (".output", ".results"):
            row.tried(path.name, (), [f"it holds {name}" for name in detector.found_in(path.read_bytes())])
    for path in servers.rglob("*"):
        if path.is_file() and path.suffix not in (".key", ".pem"):
            data = path.read_bytes()  # of tens of megabytes, and the servers wrap nothing
            row.tried(path.name, (), [f"it holds {sign}" for sign in SIGNS if sign.encode() in data])
    return row
