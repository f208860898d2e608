# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hostile input, run through the real action: the expected error or result, no traceback, no hang, nothing touched."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from . import hostile_reads
from .controller import Result, Task
from .hostile_files import document_cases, public_key_cases, target_cases
from .hostile_options import OK, Case, cases
from .kills import PROCESSES
from .operations import Stage
from .table import Row
from .worlds import World

SECONDS = 30
EXACT_STEP = 61
TARGETS, DOCUMENTS = OUTSIDE = ("targets", "documents")

Seen = tuple[int, int, int, bytes | str | None]


def sweep(stage: Stage, sample: bool) -> list[Row]:
    """Run all cases; a sample takes a part of each table."""
    folder = stage.controller.folder / "hostile"
    folder.mkdir()
    rows = []
    tables = {
        "options": cases()[:: 15 if sample else 1],
        "public keys": public_key_cases(folder / "keys")[:: 15 if sample else 1],
        "target files and directories": target_cases(folder / TARGETS),
        "registry documents": document_cases(stage, folder / DOCUMENTS)[:: 20 if sample else 1],
    }
    for title, table in tables.items():
        row = Row(f"hostile: {title}")
        world = World(folder / title.replace(" ", "-"))
        world.root.mkdir()
        parts = [table[start::PROCESSES] for start in range(PROCESSES)]
        for run in (_refused, _accepted):  # one after the other, since the latter make files where the former must not
            with ThreadPoolExecutor(PROCESSES) as pool:
                for found in pool.map(run, [stage] * PROCESSES, [world] * PROCESSES, parts, range(PROCESSES)):
                    for case, problems in found:
                        row.tried(case.title, problems)
        rows.append(row)
    return rows + hostile_reads.sweep(stage, sample) + _exact(stage, folder / "exact", EXACT_STEP if sample else 1)


def _exact(stage: Stage, folder: Path, step: int) -> list[Row]:
    """Cut at every byte and flip every bit, in a process of its own; what nothing takes or nothing refuses proves nothing."""
    folder.mkdir()
    shutil.copy(next(stage.worlds_for(stage.operations[4], "exact")).document, folder)
    told = stage.controller.python("tests.faults.exact_runs", str(folder), str(step))
    rows = []
    for title, found in told.items():
        row = Row(f"hostile: {title}", found["tries"], found["lost"])
        if "flipped" in title and not 0 < found["taken"] < found["tries"]:
            row.lost.append(f"{found['taken']} of {found['tries']} were taken")
        if "cut" in title and found["taken"] > 1:
            row.lost.append(f"{found['taken']} incomplete ones were taken")
        rows.append(row)
    return rows


def _refused(stage: Stage, world: World, table: Sequence[Case], part: int) -> list[tuple[Case, list[str]]]:
    """Run the cases that are to be refused, and compare what there is before and after."""
    refused = [case for case in table if case.expected != OK]
    watched = World(world.root / f"refused{part}")
    watched.registry.mkdir(parents=True, mode=0o700)  # a run that is refused late may have made it for its lock
    places = (watched.root, *(world.root.with_name(name) for name in OUTSIDE))
    before = _trees(places)
    run = stage.controller.playbook([_task(watched, case, f"{number}") for number, case in enumerate(refused)])
    after = _trees(places)
    found = [(case, _violations(case, run.of(f"{number}"), run.output)) for number, case in enumerate(refused)]
    if refused and before != after:
        changed = sorted(str(path) for path in before.keys() | after.keys() if before.get(path) != after.get(path))
        found[0][1].append(f"a refused case touched {changed[:5]}")
    return found


def _trees(places: Sequence[Path]) -> dict[Path, Seen]:
    return {path: seen for place in places for path, seen in tree(place).items()}


def _accepted(stage: Stage, world: World, table: Sequence[Case], part: int) -> list[tuple[Case, list[str]]]:
    """Run the cases that are not to be refused."""
    accepted = [case for case in table if case.expected == OK]
    run = stage.controller.playbook([_task(World(world.root / f"ok{part}-{n}"), case, f"{n}") for n, case in enumerate(accepted)])
    return [(case, _violations(case, run.of(f"{number}"), run.output)) for number, case in enumerate(accepted)]


def _task(world: World, case: Case, label: str) -> Task:
    task = world.task(label, {"name": f"hostile-{label}", **case.options}, timeout=SECONDS)
    return {key: _without_none(value) if isinstance(value, dict) else value for key, value in task.items()}


def _without_none(options: dict[str, Any]) -> dict[str, Any]:
    return {option: value for option, value in options.items() if value is not None or option != "name"}


def _violations(case: Case, result: Result | None, output: str) -> list[str]:
    if result is None:
        return [f"the run ended early: {output[-300:]}"]
    got = result.error_code if result.failed else OK
    found = [] if got == case.expected else [f"expected {case.expected}, got {got or 'no code'}: {result.message[:200]}"]
    if "Traceback" in str(result.result) or "timedout" in result.result:
        found.append(f"a traceback or a timeout: {result.message[:200]}")
    if result.failed and ("\n" in result.message or not result.message.endswith(".") or len(result.message) > 1500):
        found.append(f"the message is no sentence: {result.message[:200]!r}")
    return found


def tree(root: Path) -> dict[Path, Seen]:
    """Return all that a task could change below a folder, but for locks: mode, owner, time and the digest of the content."""
    return dict(_entries(root))


def _entries(root: Path) -> Iterator[tuple[Path, Seen]]:
    for path in root.rglob("*"):
        status = path.lstat()
        content: bytes | str | None = None
        if stat.S_ISREG(status.st_mode) and not path.name.endswith("lock"):
            content = hashlib.sha256(path.read_bytes()).digest()
        elif stat.S_ISLNK(status.st_mode):
            content = os.readlink(path)
        if not path.name.endswith("lock"):
            yield path, (status.st_mode, status.st_uid, 0 if stat.S_ISDIR(status.st_mode) else status.st_mtime_ns, content)
