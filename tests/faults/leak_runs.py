# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets are searched in what runs leave that are not plain ones: through ansible-runner, asynchronous, and that end for good."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from .controller import Run, Task
from .leak_scenes import LOUD, QUIET, Scene, Way, unexpected
from .leak_syslog import MODULES
from .leak_tasks import bad_tasks, good_tasks, leaking_tasks, strict
from .operations import Stage
from .statements import TRACEBACKS
from .table import Row
from .worlds import World

ARTIFACTS = tuple(f"runner/artifacts/leaks/{place}" for place in ("job_events/*.json", "stdout", "fact_cache/*"))
RUNNER = Way("ansible-runner", LOUD, TRACEBACKS, ARTIFACTS)
JOBS = "async/*"
LATER = {"async": 30, "poll": 0}
SOON = {"async": 30, "poll": 5}
ASYNC = Way("async", LOUD, {"ANSIBLE_ASYNC_DIR": "{folder}/async", **TRACEBACKS}, (JOBS,))
RETRY = Way(
    "retry files", QUIET, {"ANSIBLE_RETRY_FILES_ENABLED": "1", "ANSIBLE_RETRY_FILES_SAVE_PATH": "{folder}/retry"}, ("retry/*.retry",)
)
ENDING = ("passphrase, of another file", "bind, no login")
SECONDS = 20


def rows(stage: Stage, sample: bool) -> list[Row]:
    """Return a row for each kind of run, each after its control; a sample has none."""
    return [] if sample else [_through_runner(stage), _asynchronous(stage), _retried(stage)]


def _with_control(row: Row, stage: Stage, title: str, way: Way, leak: Callable[[Scene], Run]) -> None:
    """Count a run that is known to leak, which the search must find in each place."""
    scene = Scene(stage, f"{title}-control")
    leak(scene)
    found = scene.found(scene.detector())
    for place in way.places:
        files = {str(path.relative_to(scene.folder)) for path in scene.folder.glob(place)}
        seen = [told for told in found if told.partition(" holds ")[0] in files]
        row.tried(f"control, {place}", [] if seen else ["the search does not find it there"])
    scene.remove()


def _through_runner(stage: Stage) -> Row:
    row = Row("leaks: artifacts of ansible-runner")
    _with_control(row, stage, "runner", RUNNER, lambda scene: _run_through(scene, leaking_tasks()))
    scene = Scene(stage, "runner")
    good, bad = good_tasks(scene.world), bad_tasks(scene.world)
    run = _run_through(scene, good + bad)
    row.tried("play", unexpected(run, good, bad, False) + scene.empty(RUNNER), scene.found(scene.detector()))
    row.tries += len(run.results) - 1
    scene.remove()
    return row


def _run_through(scene: Scene, tasks: Sequence[Task]) -> Run:
    """Run tasks through ansible-runner, which writes each event and what was printed below its own folder."""
    folder = scene.folder / "runner"
    for name in ("project", "env"):
        (folder / name).mkdir(parents=True)
    play = {"hosts": "localhost", "gather_facts": False, "vars": scene.given(), "tasks": list(tasks)}
    (folder / "project" / "play.json").write_text(json.dumps([play]))
    (folder / "env" / "settings").write_text(json.dumps({"fact_cache": "fact_cache", "fact_cache_type": "jsonfile"}))
    (folder / "env" / "cmdline").write_text(" ".join(RUNNER.arguments))
    program = str(scene.controller.programs / "ansible-runner")
    return scene.controller.run([program, "run", str(folder), "-p", "play.json", "--ident", "leaks"], scene.variables(RUNNER))


def _asynchronous(stage: Stage) -> Row:
    """Run actions, which refuse to be asynchronous, and modules without their actions, whose results a job's file keeps."""
    row = Row("leaks: asynchronous tasks")
    shown: Task = {"name": "show", "ansible.builtin.command": {"argv": ["echo", "{{ canary }}"]}}
    _with_control(row, stage, "async", ASYNC, lambda scene: scene.run(_awaited(shown), ASYNC))
    scene = Scene(stage, "async")
    word, modules = "{{ canary }}", scene.controller.folder / "collections" / Path(*MODULES.split("."))
    refused = _refused(scene.world)
    direct: list[Task] = [
        {"name": "module", "ssh_keypair": {"name": "direct", "passphrase": word}},
        {"name": "module, binding", "ssh_keypair_binding": {"name": "direct", "passphrase": word}},
    ]
    way = Way(ASYNC.title, ASYNC.arguments, {**(ASYNC.variables or {}), "ANSIBLE_LIBRARY": str(modules)}, ASYNC.places)
    run = scene.run([*refused, *(task for each in direct for task in _awaited(each))], way)
    _settle(scene)
    problems = unexpected(run, [], refused, False) + scene.empty(way)
    problems += [f"'{task['name']}' ran" for task in refused if "async" not in str(run.of(task["name"]))]
    row.tried("play", problems, scene.found(scene.detector()))
    row.tries += len(run.results) - 1
    scene.remove()
    return row


def _settle(scene: Scene) -> None:
    """Wait until Ansible has removed what it had sent to the host, which for a job it does a while after that has ended."""
    deadline = time.monotonic() + SECONDS
    while any(scene.folder.glob("remote/ansible-tmp-*")) and time.monotonic() < deadline:
        time.sleep(0.2)


def _refused(world: World) -> list[Task]:
    word = "{{ canary }}"
    return [
        world.task("create", {"name": "soon", "passphrase": word}, **SOON),
        world.task("create, later", {"name": "later", "passphrase": word}, **LATER),
        world.task("in a loop", {"name": "{{ item }}", "passphrase": word}, loop=["one", "two"], **SOON),
        world.task("adopt", {"name": "adopted", "adopt_private_key_file": "{{ locked }}", "passphrase": word}, **SOON),
        world.binding("bind", {"name": "soon", "passphrase": word}, **SOON),
    ]


def _awaited(task: Task) -> list[Task]:
    """Return a task that is asynchronous, and one that waits for its end and leaves its file."""
    status = {"ansible.builtin.async_status": {"jid": "{{ job.ansible_job_id }}"}, "register": "ended", "ignore_errors": True}
    return [
        {**task, **LATER, "register": "job", "ignore_errors": True},
        {"name": f"await {task['name']}", **status, "until": "ended.finished", "retries": 30, "delay": 1},
    ]


def _retried(stage: Stage) -> Row:
    """Let hosts fail for good, each time at another task, so that Ansible writes a file of those to be tried again."""
    row = Row("leaks: retry files")
    scene = Scene(stage, "retry")
    good = good_tasks(scene.world)[:2]
    for number, task in enumerate(task for task in bad_tasks(scene.world) if task["name"] in ENDING):
        run = scene.run([*good, *strict([task])], RETRY)
        ended = [] if run.status == 2 and run.results[-1].task == task["name"] else [f"the host did not fail: {run.output[-300:]}"]
        left = [] if len(list(scene.folder.glob(RETRY.places[0]))) == number + 1 else ["no retry file was written"]
        row.tried(task["name"], ended + left + scene.empty(RETRY), scene.found(scene.detector()))
    scene.remove()
    return row
