# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets are searched after a failure with each error code that a task can meet with a secret in hand.

A new code has to be provoked here, or to be named among those that nothing can provoke without a server.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..places import REGION
from .controller import Task
from .injection import attached, tracing_problem
from .leak_scenes import Scene, Way, in_processes, sampled_processes, unexpected
from .leak_tasks import bad_tasks, good_tasks
from .operations import Stage
from .statements import HOOKS, TRACEBACKS
from .table import Row
from .worlds import World

FAULT = "leaks: each error code, with a secret in hand"
WORD = "{{ canary }}"
# Where the search is made for the codes that no task meets here.
ELSEWHERE = {
    "Registry.AccessDenied": "a server refuses; what runs print, return and send is searched by the kind 'servers'",
    "Registry.Conflict": "others write to a shared registry meanwhile; tests/stores meet it, and the message names the region alone",
    "Registry.TooLarge": "a server has a limit; tests/stores meet it, and the message is about sizes",
    "Registry.NotFound": "only what lists and copies meets it, which has neither a passphrase nor a key",
    "Registry.Diverged": "only what copies meets it, which has neither a passphrase nor a key",
    "InternalError": "a defect; every statement that holds the key is made one by the kind 'statements'",
}
LOCKS = "Registry.LockUnavailable"  # only strace makes a file system that cannot lock

# A key pair that is asked for, by the code that comes of it; {root} is the world's folder.
REFUSED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("InvalidKeyPairName.Malformed", {"name": "no/name"}),
    ("InvalidRegionId.NotFound", {"region": "no region"}),
    ("KeyPair.AlreadyExist", {"name": "plain", "type": "rsa"}),
    ("QuotaExceed.KeyPair", {"name": "{{ range(501) | map('regex_replace', '^', 'many') | list }}"}),
    ("QuotaExceed.KeyPairNames", {"name": "{{ range(101) | map('regex_replace', '^', 'many') | list }}", "state": "absent"}),
    ("InvalidTagKey.Malformed", {"tags": {"\n": "a"}}),
    ("InvalidTagValue.Malformed", {"tags": {"a": "\n"}}),
    ("Duplicate.TagKey", {"tags": "{{ {1: 'a', '1': 'b'} }}"}),
    ("QuotaExceed.Tags", {"tags": {str(number): "" for number in range(21)}}),
    ("InvalidComment.Malformed", {"comment": "\n"}),
    ("MissingParameter", {"name": "{{ omit }}"}),
    ("InvalidPath.Malformed", {"private_key_dir": "{{ 'x' * 5000 }}"}),
    ("Dependency.Missing", {"registry": "etcd://127.0.0.1:1/x"}),
    ("InvalidParameter.KeypairAlreadyAttachedInstance", {"name": "locked", "state": "absent"}),
    ("PrivateKeyFile.UnsafeDirectory", {"private_key_dir": "{root}/loose"}),
    ("PrivateKeyFile.Missing", {"name": "one", "on_missing_private_key": "fail"}),
    ("PrivateKeyFile.Mismatched", {"name": "two", "on_missing_private_key": "fail"}),
    ("Registry.Corrupt", {"registry": "{root}/corrupt"}),
    ("Registry.NewerSchema", {"registry": "{root}/newer"}),
    ("Registry.SecretFound", {"registry": "{root}/secret"}),
    ("Registry.Unsafe", {"registry": "{root}/loose"}),
    ("Registry.Unreadable", {"registry": "{root}/file"}),
    ("Registry.Unwritable", {"registry": "/proc/self/registry"}),
    ("Registry.UnknownBackend", {"registry": "sqlite://127.0.0.1/x"}),
    ("InvalidRegistry.Malformed", {"registry": "etcd:///"}),
    ("Registry.Unreachable", {"registry": "postgresql://me@127.0.0.1:1/x", "lock_timeout": 1}),
    ("Registry.LockTimeout", {"registry": "{root}/held", "lock_timeout": 0}),
)
NOWHERE = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
# A binding that is asked for, and the keywords of its task.
UNBOUND: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    ("InvalidKeyPairName.NotFound", {"name": "nobody"}, {}),
    ("Binding.HostUnreachable", {}, {"vars": NOWHERE, "ignore_unreachable": True}),
    ("Binding.AccountNotFound", {"user": "no-such-account"}, {}),
    ("Binding.Unsafe", {"path": "{root}/loose/keys", "exclusive": True}, {}),
    ("Binding.OtherFile", {"path": "{root}/account/others"}, {}),
    ("Binding.Unwritable", {"path": "{root}/file/keys", "name": "plain", "user": "nobody"}, {}),
    ("Binding.EditFailed", {}, {"vars": {"ansible_python_interpreter": "/bin/false"}}),
)


def rows(stage: Stage, sample: bool) -> list[Row]:
    """Return a row of failures with each code; a sample has none."""
    return [] if sample else [_failures(stage)]


def _failures(stage: Stage) -> Row:
    row, scene = Row(FAULT), Scene(stage, "codes")
    codes = stage.controller.python("tests.faults.error_codes")["codes"]
    expected = _provoked(scene)
    good, bad = good_tasks(scene.world), bad_tasks(scene.world)
    # A library that cannot be imported, for the registry that would need it.
    (scene.folder / "broken").mkdir()
    (scene.folder / "broken" / "etcd3gw.py").write_text("raise ImportError\n")
    way = Way(FAULT, ("-vvvvv", "--diff"), {**TRACEBACKS, "PYTHONPATH": f"{HOOKS}:{scene.folder / 'broken'}"})
    with _held(scene.world), sampled_processes() as seen:
        run = scene.run([*good, *_spoilt(scene.world), *bad, *(task for _code, task in expected)], way)
    met = {result.error_code for result in run.results}
    problems = unexpected(run, good, [*bad, *(task for _code, task in expected)], False)
    for code, task in expected:
        result = run.of(task["name"])
        told = f"{result.error_code}: {result.message[:300]}" if result else "it is not there"
        problems += [] if result and result.error_code == code else [f"'{task['name']}' did not end so: {told}"]
    without = ELSEWHERE.keys() | ({LOCKS} if tracing_problem() else set())
    problems += [f"no task met {code} with a secret in hand" for code in codes if code not in met | without]
    problems += [f"{code} is searched for elsewhere, and occurs or is none" for code in ELSEWHERE if code in met or code not in codes]
    detector = scene.detector()
    leaked = scene.found(detector) + [f"the {what} of a process holds {name}" for what, name in in_processes(detector, seen)]
    row.tried("play", problems, leaked)
    row.tries += len(run.results) - 1
    row.noted += [f"{code} is not provoked here: {where}" for code, where in ELSEWHERE.items()]
    scene.remove()
    return row


def _provoked(scene: Scene) -> list[tuple[str, Task]]:
    """Return tasks that fail, each with a passphrase and the code that it has to fail with."""
    world = scene.world
    tasks = [(code, world.task(f"code {code}", {"name": "bad", "passphrase": WORD, **options})) for code, options in REFUSED]
    for code, options, keywords in UNBOUND:
        placed = {key: value.replace("{root}", str(world.root)) if isinstance(value, str) else value for key, value in options.items()}
        tasks.append((code, world.binding(f"code {code}", {"name": "locked", "passphrase": WORD, **placed}, **keywords)))
    if not tracing_problem():
        seconds = attached(["-e", "trace=flock", "-e", "inject=flock:error=ENOLCK"], scene.folder / "strace")
        tasks.append((LOCKS, world.task(f"code {LOCKS}", {"name": "bad", "passphrase": WORD, "lock_timeout": seconds})))
    return tasks


def _spoilt(world: World) -> list[Task]:
    """Return tasks that take one private key file away and put another's in the place of one."""
    one, two, three = (str(world.keys / f"{name}.pem") for name in ("one", "two", "three"))
    return [
        {"name": "take away", "ansible.builtin.file": {"path": one, "state": "absent"}},
        {"name": "put there", "ansible.builtin.copy": {"src": three, "dest": two, "remote_src": True}, "no_log": True},
    ]


@contextmanager
def _held(world: World) -> Iterator[None]:
    """Make the places that tasks cannot do with, and hold the lock of one while the block runs."""
    newer, words = json.dumps({"schema_version": 999}), json.dumps({"a": "-----BEGIN PRIVATE KEY-----"})
    for name, text in (("corrupt", "{"), ("newer", newer), ("secret", words), ("loose", ""), ("held", "")):
        (world.root / name).mkdir(mode=0o700)
        if text:
            (world.root / name / f"{REGION}.json").write_text(text)
            (world.root / name / f"{REGION}.json").chmod(0o600)
    (world.root / "loose").chmod(0o777)
    lock = world.root / "held" / f"{REGION}.lock"
    lock.touch(mode=0o600)
    with lock.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
