# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""File systems that lack what others have: hard links, names that differ in case, or room for keys and registry on one disk."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from .controller import Result, Task
from .errors import refusal_problems
from .fuse_disks import impossible, mounted
from .injection import Point, attached, tracing_problem, was_struck
from .invariant import Memory, all_problems, hidden, load, staged, violations_after_error, violations_after_repair
from .kills import Trial, rows_of, trials
from .odd_disk import ANY_CASE, NO_LINKS
from .operations import Stage
from .table import Row
from .worlds import World

LINKS = "linkat,link"
DELIVERS = ("create", "create, first of all", "batch of 5", "regenerate", "absent with file")
EXISTS = "PrivateKeyFile.Exists"


def sweep(stage: Stage, _sample: bool) -> list[Row]:
    """Run each operation where each is missing."""
    rows = [*_renamed(stage), *_on_two_disks(stage)]
    reason = impossible()
    if reason:
        return [*rows, Row("file systems: no hard links, names in any case", skipped=reason)]
    with mounted("tests.faults.odd_disk", stage.controller.folder / "odd") as folder:
        for name in (ANY_CASE, NO_LINKS):
            (folder / name).mkdir()
        return [*rows, *_refused(stage, folder / NO_LINKS), _in_any_case(stage, folder / ANY_CASE)]


def _renamed(stage: Stage) -> list[Row]:
    """Refuse every hard link: keys are delivered all the same, by a rename that replaces nothing."""
    title = "file systems: no hard links"
    if tracing_problem():
        return [Row(title, skipped=tracing_problem())]
    struck = [trial for operation in stage.operations for trial in trials(stage, operation, "nolinks", [Point("link", 0, "all")])]
    refuse = ["-e", f"trace={LINKS}", "-e", f"inject={LINKS}:error=EPERM"]
    logs = {trial: trial.world.root.with_suffix(".log") for trial in struck}
    found = _done(stage, struck, {trial: {"lock_timeout": attached(refuse, log)} for trial, log in logs.items()})
    for trial, log in logs.items():
        if trial.operation.title in DELIVERS and not was_struck(log):
            found[trial].append("no link was refused, so nothing is proven")
    return rows_of(title, struck, found.__getitem__)


def _on_two_disks(stage: Stage) -> list[Row]:
    """Deliver keys to another disk than the registry's."""
    title = "file systems: keys on another disk"
    with ExitStack() as mounts:
        struck = []
        for operation in stage.operations:
            world = next(stage.worlds_for(operation, "disks"))
            if not _moved(world.keys):
                return [Row(title, skipped="the machine cannot mount")]
            mounts.callback(subprocess.run, ["umount", "-l", str(world.keys)], check=True)
            struck.append(Trial(operation, Point("disk", 0, "another"), world, Memory.of(world)))
        return rows_of(title, struck, _done(stage, struck, {}).__getitem__)


def _moved(folder: Path) -> bool:
    """Put a folder and what it holds on a disk of its own; tell whether the machine can."""
    aside = folder.with_name("aside")
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.rename(aside)
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=700", "tmpfs", str(folder)], check=False, capture_output=True)
    if done.returncode:
        folder.rmdir()
        aside.rename(folder)
        return False
    subprocess.run(["cp", "-a", f"{aside}/.", str(folder)], check=True)
    subprocess.run(["rm", "-r", str(aside)], check=True)
    return True


def _done(stage: Stage, struck: Sequence[Trial], options: dict[Trial, Task]) -> dict[Trial, list[str]]:
    """Run each operation once, which has to succeed, and return what is wrong then."""
    run = stage.controller.playbook(
        [trial.operation.task(f"task {number}", trial.world, **options.get(trial, {})) for number, trial in enumerate(struck)]
    )
    found = {}
    for number, trial in enumerate(struck):
        result, operation = run.of(f"task {number}"), trial.operation
        found[trial] = (
            [] if result is not None and result.changed and not result.failed else [f"it ended with {result or run.output[-300:]}"]
        )
        found[trial] += violations_after_repair(trial.world, trial.memory, operation.names, operation.present, operation.gone)
    return found


def _refused(stage: Stage, folder: Path) -> list[Row]:
    """Neither links nor such renames: whatever would deliver a key is refused before one is made, and all else is done."""
    struck = []
    for operation in stage.operations:
        world = stage.copy_to(operation, folder / operation.title.replace(" ", "-").replace(",", ""))
        struck.append(Trial(operation, Point("disk", 0, "without links and renames"), world, Memory.of(world)))
    run = stage.controller.playbook([trial.operation.task(f"task {number}", trial.world) for number, trial in enumerate(struck)])
    results = {trial: run.of(f"task {number}") for number, trial in enumerate(struck)}
    return rows_of("file systems: nothing to deliver with", struck, lambda trial: _not_refused(trial, results[trial]))


def _not_refused(trial: Trial, result: Result | None) -> list[str]:
    if result is None:
        return ["the run ended early"]
    expected = trial.operation.title in DELIVERS
    found = [] if result.failed == expected else [f"it {'failed' if result.failed else 'did not fail'}: {result.message}"]
    if expected:
        same = load(trial.world.document)["key_pairs"].keys() == trial.memory.document["key_pairs"].keys()
        found += [] if same else ["what is registered has changed"]
        found += [f"{path.name} is left" for path in [*staged(trial.world), *hidden(trial.world)]]
        found += violations_after_error(trial.world, trial.memory)
    return found + refusal_problems(result, *trial.world.told_places)


def _in_any_case(stage: Stage, folder: Path) -> Row:
    """Where names in any case are one, the second of two key pairs whose names differ in case only is refused, and registers nothing."""
    row = Row("file systems: names in any case")
    world = World(folder / "world")
    world.root.mkdir()
    tasks: dict[str, tuple[Task, str]] = {
        "first": ({"name": "Key"}, ""),
        "second": ({"name": "key"}, EXISTS),
        "a batch of both": ({"name": ["Web", "web"]}, EXISTS),
        "a batch of both, elsewhere": ({"name": ["Web", "web"], "private_key_dir": str(folder / "new")}, EXISTS),
        "the first again": ({"name": "Key", "regenerate": "full_idempotence", "type": "ecdsa"}, ""),
        "the first again, spelled otherwise": (
            {"name": "Key", "regenerate": "full_idempotence", "type": "rsa", "private_key_file": "{root}/keys/KEY.pem"},
            "",
        ),
        "its end": ({"name": "Key", "state": "absent", "remove_private_key": True}, ""),
        "second, then": ({"name": "key"}, ""),
    }
    run = stage.controller.playbook([world.task(title, options) for title, (options, _code) in tasks.items()])
    for title, (_options, code) in tasks.items():
        result = run.of(title)
        ended = None if result is None else result.error_code if result.failed else ""
        row.tried(title, [] if ended == code else [f"it ended with {result or run.output[-300:]}"])
    names = set(load(world.document)["key_pairs"])
    row.lost += [] if names == {"key"} else [f"{names} are registered"]
    row.lost += [f"{path.name} is left" for path in [*staged(world), *hidden(world)]] + all_problems(world.document)
    return row
