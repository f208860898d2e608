# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets are searched in what reaches the system's log: a module's arguments do, before the module can say anything to that.

The plugins of the collection are actions, and their modules run only where somebody runs them by themselves; both are searched.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from ..places import REGION
from .canary import forms_of_file
from .controller import CHECKOUT, Run
from .leak_scenes import LOUD, Scene, Way, unexpected
from .leak_tasks import PASSPHRASE, bad_tasks, good_tasks
from .operations import Stage
from .table import Row

SCRIPT = CHECKOUT / "tests" / "faults" / "private_log.sh"
MODULES = "ansible_collections.keywright.ssh.plugins.modules"
LARGEST = 1 << 16


class Log:
    """A log of a scene: what arrives stands in the scene's file ``syslog``, where the search finds it."""

    def __init__(self, scene: Scene) -> None:
        self.file = scene.folder / "syslog"
        self._socket_file = scene.folder / "log"
        self._folders = (scene.folder / f"dev{number}" for number in range(1000))

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Write down what arrives while the block runs."""
        stopped = threading.Event()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as received, self.file.open("ab") as written:
            received.bind(str(self._socket_file))
            received.settimeout(0.1)

            def receive() -> None:
                while True:
                    try:
                        written.write(received.recv(LARGEST) + b"\n")
                    except TimeoutError:
                        if stopped.is_set():
                            return

            thread = threading.Thread(target=receive)
            thread.start()
            try:
                yield
            finally:
                stopped.set()
                thread.join()
        self._socket_file.unlink()

    @property
    def prefix(self) -> tuple[str, ...]:
        """Return a command that starts programs that find the log where they look for it."""
        return ("unshare", "--mount", str(SCRIPT), str(self._socket_file), str(next(self._folders)))


def impossible() -> str:
    """Return why a process cannot be given a log of its own on this machine, nothing if it can."""
    if os.geteuid() != 0:
        return "needs root"
    done = subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True)
    return "the machine lets no process have mounts of its own" if done.returncode else ""


def rows(stage: Stage, sample: bool) -> list[Row]:
    """Search what a module that is known to leak sends there, and then what ours do; a sample runs the modules alone."""
    title = "leaks: the system's log"
    if impossible():
        return [Row(title, skipped=impossible())]
    return [
        _control(stage, f"{title}, a control that is found"),
        _playbook(stage, title),
        _modules(stage, f"{title}, modules by themselves"),
    ]


def _control(stage: Stage, title: str) -> Row:
    row, scene = Row(title), Scene(stage, "syslog-control")
    log = Log(scene)
    with log.opened():
        scene.run([{"name": "control", "ansible.builtin.command": {"argv": ["true", "{{ canary }}"]}}], Way("control"), prefix=log.prefix)
    found = scene.detector().found_in(log.file.read_bytes())
    row.tried("control", [] if found else ["the search does not find it in the log"])
    scene.remove()
    return row


def _playbook(stage: Stage, title: str) -> Row:
    """Run all tasks, in a play and with the part of bindings that is a module on the host."""
    row, scene = Row(title), Scene(stage, "syslog")
    good, bad, log = good_tasks(scene.world), bad_tasks(scene.world), Log(scene)
    with log.opened():
        run = scene.run(good + bad, Way("the system's log", LOUD), prefix=log.prefix)
    arrived = b"ansible-ansible_collections.keywright.ssh" in log.file.read_bytes() or b"ssh_keypair_binding" in log.file.read_bytes()
    problems = unexpected(run, good, bad, False) + ([] if arrived else ["nothing of the module on the host arrived, so nothing is proven"])
    row.tried("play", problems, [f"the log holds {name}" for name in scene.detector().found_in(log.file.read_bytes())])
    row.tries = len(run.results)
    scene.remove()
    return row


def _modules(stage: Stage, title: str) -> Row:
    """Run the modules without their actions, with each kind of private key where a public one belongs, and with a passphrase."""
    row, scene = Row(title), Scene(stage, "syslog-modules")
    log, detector = Log(scene), scene.detector()
    tries: list[tuple[str, str, dict[str, Any]]] = [
        ("ssh_keypair", "a passphrase", {"name": ["locked"], "passphrase": PASSPHRASE}),
        ("ssh_keypair", "a passphrase in a tag", {"name": ["tagged"], "tags": {"a": PASSPHRASE}}),
        ("ssh_keypair", "a passphrase as an option", {"name": ["wrong"], PASSPHRASE: "a"}),
        ("ssh_keypair_info", "a passphrase as a name", {"name": [PASSPHRASE]}),
        ("registry_copy", "a passphrase in a URL", {"destination": f"etcd://me:{PASSPHRASE}@127.0.0.1:1/x", "lock_timeout": 0}),
    ]
    for kind, text in private_keys().items():
        detector.add(f"the key {kind}", forms_of_file(text))
        tries.append(("ssh_keypair", kind, {"name": ["pasted"], "public_key": text.decode()}))
        tries.append(("ssh_keypair_info", kind, {"fingerprint": [text.decode()]}))
    with log.opened():
        for module, what, options in tries:
            run = _by_itself(scene, log, module, options)
            told = '"failed"' in run.output or '"changed"' in run.output
            row.tried(f"{module}, {what}", [] if told else [f"it told no result: {run.output[-300:]}"])
    row.leaked += [f"the log holds {name}" for name in detector.found_in(log.file.read_bytes())]
    scene.remove()
    return row


def _by_itself(scene: Scene, log: Log, module: str, options: Mapping[str, Any]) -> Run:
    """Run a module as a program that reads its arguments from a file."""
    places = {"region": REGION, "registry": str(scene.world.registry), "private_key_dir": str(scene.world.keys)}
    given = {name: value for name, value in places.items() if module == "ssh_keypair" or name == "registry"}
    file = scene.folder / "inputs" / "arguments.json"
    file.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {**given, **options}}))
    command = [*log.prefix, str(scene.controller.programs / "python"), "-m", f"{MODULES}.{module}", str(file)]
    return scene.controller.run(command, {"PYTHONPATH": str(scene.controller.folder / "collections")})


def private_keys() -> dict[str, bytes]:
    """Return a private key of each kind of file by the name of the kind."""
    small, large = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)
    plain, locked = NoEncryption(), BestAvailableEncryption(PASSPHRASE.encode())
    pkcs1 = Encoding.PEM, PrivateFormat.TraditionalOpenSSL, plain
    body = b"".join(large.private_bytes(*pkcs1).splitlines(keepends=True)[1:-1])
    return {
        "OpenSSH": small.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, plain),
        "OpenSSH, encrypted": small.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, locked),
        "PKCS1": large.private_bytes(*pkcs1),
        "PKCS8": large.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, plain),
        "PKCS8, encrypted": large.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked),
        "PuTTY": b"PuTTY-User-Key-File-3: rsa\nEncryption: none\nPrivate-Lines: 99\n" + body,
    }
