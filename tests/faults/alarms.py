# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task's ``timeout`` strikes anywhere, holders of locks stop or die."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from .controller import Run, read_results
from .injection import OPEN, attached, points_of
from .invariant import Memory, violations_at_any_time
from .kills import Trial, in_parts, repair, rows_of, trials
from .operations import Stage
from .table import Row
from .worlds import World

HELD_BY = re.compile(r"held by pid (\d+) since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
DELAY = "delay_enter=1800000"
# Plays in which tasks only sleep: more at once than there are processors.
ASLEEP_IN_A_PLAY, ASLEEP_AT_ONCE = 25, 4


def sweep(stage: Stage, sample: bool) -> list[Row]:
    """Let alarms strike at random instants in process, at chosen calls in real runs, and hold locks."""
    return [_random(stage, 20 if sample else 2000), *_real(stage, sample), _stopped_holder(stage), _dead_holder(stage)]


def _random(stage: Stage, tries: int) -> Row:
    """Run the core in processes of its own, with real alarms at random microseconds."""
    row = Row("timeout: SIGALRM at random instants, in process")
    folder = stage.controller.folder / "alarms"
    folder.mkdir()
    told = stage.controller.python("tests.faults.alarm_runs", str(folder), str(tries))
    row.tries = told["tries"]
    row.lost += told["lost"]
    if told["struck"] < tries // 4:
        row.lost.append(f"only {told['struck']} alarms struck in time")
    return row


def _real(stage: Stage, sample: bool) -> list[Row]:
    """Delay a call in a real run, so that the task's ``timeout: 1`` strikes at that call."""
    struck: list[Trial] = []
    for operation, points in islice(points_of(stage).items(), 2, 3) if sample else points_of(stage).items():
        at = [point for point in points if point.call != OPEN]
        struck += trials(stage, operation, "timeout", at[4 :: len(at)] if sample else at)
    found = in_parts(struck, lambda part: _all_timed_out(stage, part), ASLEEP_IN_A_PLAY, ASLEEP_AT_ONCE)
    repaired = repair(stage, struck)
    return rows_of("timeout: 1", struck, lambda trial: found[trial] + repaired[trial])


def _all_timed_out(stage: Stage, struck: Sequence[Trial]) -> dict[Trial, list[str]]:
    tasks = []
    for number, trial in enumerate(struck):
        arguments = trial.point.arguments(trial.world, DELAY)
        option = attached(arguments, trial.world.root.with_suffix(".log"))
        tasks.append({**trial.operation.task(f"struck {number}", trial.world, lock_timeout=option), "timeout": 1})
    run = stage.controller.playbook(tasks)
    return {trial: _timed_out(trial, run, number) for number, trial in enumerate(struck)}


def _timed_out(trial: Trial, run: Run, number: int) -> list[str]:
    result = run.of(f"struck {number}")
    if result is None or not result.failed or "timedout" not in result.result:
        return [f"the timeout did not strike: {result.result if result else run.output[-300:]}"]
    return violations_at_any_time(trial.world, trial.memory, trial.operation.may_go)


def _held(stage: Stage, world: World, name: str) -> tuple[subprocess.Popen[str], Path, int]:
    """Start a run that stops itself while it holds the locks; return it, its results, and the pid of its task."""
    log = world.root.with_suffix(f".{name}")
    arguments = ["-e", "trace=fsync", "-e", "inject=fsync:signal=STOP:when=2"]
    file = stage.controller.runs / f"held-{name}.json"
    task = world.task("held", {"name": name, "lock_timeout": attached(arguments, log)})
    file.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    process, results = stage.controller.start([str(stage.controller.programs / "ansible-playbook"), str(file)], {})
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        match = re.match(rb"pid (\d+) ", _read(world.registry / "eu-1.lock"))
        if match and b"SIGSTOP" in _read(log):
            return process, results, int(match[1])
        time.sleep(0.02)
    process.kill()
    raise RuntimeError("the holder did not stop")


def _read(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else b""


def _stopped_holder(stage: Stage) -> Row:
    row = Row("lock: its holder is stopped")
    create = stage.operations[0]
    world = next(stage.worlds_for(create, "stopped"))
    process, results, holder = _held(stage, world, "slow")
    begin = time.monotonic()
    waiting = stage.controller.playbook([world.task("wait", {"name": "ops", "lock_timeout": 1})]).of("wait")
    took = time.monotonic() - begin
    looking = stage.controller.playbook([world.task("look", {"name": "ops"}, check_mode=True)]).of("look")
    os.kill(holder, signal.SIGCONT)
    process.communicate(timeout=60)
    after = stage.controller.playbook([world.task("after", {"name": ["ops", "slow"]})]).of("after")
    match = HELD_BY.search(waiting.message) if waiting else None
    row.tried(
        "stopped",
        _false(
            ("the code is Registry.LockTimeout", waiting is not None and waiting.error_code == "Registry.LockTimeout"),
            (f"the message names {holder}: {waiting.message if waiting else ''}", match is not None and int(match[1]) == holder),
            (f"it waited for a second, not {took:.1f}", took < 20),
            ("check mode needs no lock", looking is not None and not looking.failed),
            ("the holder went on", [result.failed for result in read_results(results)] == [False]),
            ("the next run succeeds", after is not None and not after.failed),
        ),
    )
    return row


def _dead_holder(stage: Stage) -> Row:
    row = Row("lock: its holder is dead")
    create = stage.operations[0]
    world = next(stage.worlds_for(create, "dead"))
    memory = Memory.of(world)
    process, _results, holder = _held(stage, world, "slow")
    os.kill(holder, signal.SIGKILL)
    process.communicate(timeout=60)
    after = stage.controller.playbook([world.task("after", {"name": "ops", "lock_timeout": 0})]).of("after")
    succeeded = _false((f"the next run does not wait: {after}", after is not None and after.changed))
    row.tried("dead", succeeded + violations_at_any_time(world, memory))
    return row


def _false(*claims: tuple[str, bool]) -> list[str]:
    return [f"it is not true that {claim}" for claim, holds in claims if not holds]
