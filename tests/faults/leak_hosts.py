# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets are searched after logins with encrypted private keys at a real sshd, where Ansible, ssh and sshd say all that they can.

The hosts are those of the integration tests of bindings, with an sshd and files of their own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .controller import CHECKOUT, TO_DIE, Run, Task
from .leak_scenes import Scene, Way, in_processes, sampled_processes, unexpected
from .leak_tasks import leaking_tasks
from .operations import Stage
from .statements import TRACEBACKS
from .table import Row
from .worlds import World

FAULT = "leaks: logins with encrypted keys, at -vvvvv"
FILES = CHECKOUT / "tests" / "integration" / "targets" / "ssh_keypair_binding" / "files"
HOST, ACCOUNT, LISTED = "web1", "alice", ".ssh/authorized_keys"
WORD = "{{ canary }}"
# Root's home is another one there, in which ssh looks for its files.
OWN_HOME = ("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/passwd && exec "$@"')
KINDS = (("openssh", "ed25519"), ("pkcs8", "ecdsa"), ("pkcs1", "rsa"))
REMOTE, LOG = "remote/*/*", "ansible.log"
SECONDS = 30


def rows(stage: Stage, sample: bool) -> list[Row]:
    """Return a row of what logins leak; a sample has none."""
    if sample:
        return []
    problem = _impossible()
    return [Row(FAULT, skipped=problem)] if problem else [_logins(stage)]


def _impossible() -> str:
    """Return why there can be no hosts on this machine, nothing if there can."""
    if os.geteuid() != 0:
        return "needs the user root"
    if shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None:
        return "needs an sshd"
    done = subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, check=False)
    return "needs the right to make namespaces" if done.returncode else ""


@contextmanager
def _hosts(scene: Scene) -> Iterator[Path]:
    """Give the folder of hosts that run while the block does."""
    folder = scene.folder / "hosts"
    folder.mkdir()
    with (scene.folder / "hosts.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, str(FILES / "hosts.py"), str(folder)], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + SECONDS
        while not (folder / "hosts.json").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The hosts did not start: {(scene.folder / 'hosts.log').read_text()}")
            time.sleep(0.1)
        yield folder
    finally:
        process.terminate()
        process.wait(TO_DIE)


def _logins(stage: Stage) -> Row:
    row, scene = Row(FAULT), Scene(stage, "hosts")
    good, bad = _good(scene.world), _bad(scene.world)
    with _hosts(scene) as hosts:
        way = _way(scene, hosts)
        with sampled_processes() as seen:
            run = _run(scene, good + bad, way, hosts)
        detector = scene.detector()
        problems = unexpected(run, good, bad, False) + _unverified(run) + scene.empty(way)
        leaked = scene.found(detector) + [f"the {what} of a process holds {name}" for what, name in in_processes(detector, seen)]
        row.tried("play", problems, leaked)
        row.tries += len(run.results) - 1
        # The control comes last, for what it leaks stays.
        _run(scene, [*leaking_tasks(), {"name": "control: host", "ansible.builtin.command": {"argv": ["true", WORD]}}], way, hosts)
        found = " ".join(scene.found(scene.detector()))
        for place in ("runs/", LOG, "remote/"):
            row.tried(f"control, {place}", [] if place in found else ["the search does not find it there"])
    scene.remove()
    return row


def _way(scene: Scene, hosts: Path) -> Way:
    python = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
    variables = json.dumps({"sandbox": str(hosts), "host_python": python})
    arguments = ("-vvvvv", "--diff", "-i", str(FILES / "inventory.yml"), "-e", f"@{hosts / 'hosts.json'}", "-e", variables)
    ssh = f"-o ControlMaster=auto -o ControlPersist=30s -o UserKnownHostsFile={hosts / 'known_hosts'} -o LogLevel=DEBUG3"
    switched = {
        "ANSIBLE_DEBUG": "1",
        "ANSIBLE_KEEP_REMOTE_FILES": "1",
        "ANSIBLE_LOG_PATH": str(scene.folder / LOG),
        "ANSIBLE_SSH_ARGS": ssh,
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(scene.folder / "cp"),
        "ANSIBLE_SSH_VERBOSITY": "3",
        "HOME": str(hosts / "controller" / "root"),
        **TRACEBACKS,
    }
    return Way(FAULT, arguments, switched, (REMOTE, LOG, f"hosts/{HOST}/sshd.log"))


def _run(scene: Scene, tasks: list[Task], way: Way, hosts: Path) -> Run:
    return scene.run(tasks, way, hosts=HOST, prefix=[*OWN_HOME, str(hosts / "controller" / "passwd")])


def _good(world: World) -> list[Task]:
    """Return tasks that make key pairs of each kind of file, log on with each, and unbind one."""
    tasks = []
    for form, kind in KINDS:
        options = {"name": form, "type": kind, "private_key_format": form, "passphrase": WORD}
        tasks += [world.task(f"create {form}", options), _login(world, f"log on {form}", {"name": form, "exclusive": True})]
    tasks.append(_login(world, "log on again", {"name": "pkcs1"}))
    tasks.append(_login(world, "wrong passphrase", {"name": "openssh", "passphrase": WORD + "x"}))
    return [*tasks, _login(world, "unbind", {"name": "openssh", "state": "absent"})]


def _bad(world: World) -> list[Task]:
    """Return logins that fail: at a file that sshd does not read, as nobody, at a closed port."""
    closed = {"ansible_port": "{{ closed_port }}"}
    return [
        _login(world, "log on where nobody reads", {"name": "openssh", "user": "bob", "path": "unread"}),
        _login(world, "log on as nobody", {"name": "openssh", "user": "no-such-account"}),
        _login(world, "log on with what sshd refuses", {"name": "openssh", "user": "picky"}),
        _login(world, "log on at a closed port", {"name": "openssh"}, vars=closed, ignore_unreachable=True),
    ]


def _login(world: World, name: str, options: dict[str, Any], **keywords: Any) -> Task:
    return world.binding(name, {"user": ACCOUNT, "path": LISTED, "verify": True, "passphrase": WORD, **options}, **keywords)


def _unverified(run: Run) -> list[str]:
    """Return which logins did not happen, and which did that could not, so that the search would search too little."""
    expected = {**{f"log on {form}": True for form, _kind in KINDS}, "wrong passphrase": False}
    told = {result.task: (result.result.get("binding") or {}).get("verified") for result in run.results}
    return [f"'{task}' was {told.get(task)} as a login" for task, verified in expected.items() if told.get(task) is not verified]
