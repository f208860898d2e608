# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets are searched in what reaches the system's log: a module's arguments do, before the module can say anything to that.

The plugins of the collection are actions, and one of them has a module of its own on the host. The modules run only where somebody
runs them without the actions: as files, or from a directory of modules, where Ansible packs them and tells them more than a file
with arguments does. All are searched, and on each of these ways a module of Ansible's is, which must be found.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from ..places import MODULE, REGION
from .canary import Detector, forms_of, forms_of_file
from .controller import Run, Task
from .leak_scenes import LOUD, Scene, Way, ended, unexpected
from .leak_tasks import PASSPHRASE, bad_tasks, good_tasks
from .operations import Stage
from .system_log import Log, impossible
from .table import Row
from .worlds import BINDING

TITLE = "leaks: the system's log"
MODULES = "ansible_collections.keywright.ssh.plugins.modules"
CONTROL = "ansible.builtin.command"
KEY = "OpenSSH"  # what a sample pastes
OTHER = "Canary-of-the-control-5d1"  # where the output of the control is searched as well, that is not to be found
NOT_FOUND = "the search does not find in the log what is known to leak, so nothing is proven"
REFUSED = "InvalidPublicKeyBody.Malformed"
HOSTS_PART = b" _edit={"
NOT_ARRIVED = "nothing of the module on the host arrived, so nothing is proven"

# An option of a module by the secret that is pasted into it: a passphrase, or else each private key.
WITH_PASSPHRASE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("ssh_keypair", {"name": ["locked"], "passphrase": PASSPHRASE}),
    ("ssh_keypair_binding", {"name": "locked", "user": PASSPHRASE, "passphrase": PASSPHRASE}),
    ("registry_copy", {"destination": f"etcd://me:{PASSPHRASE}@127.0.0.1:1/x", "lock_timeout": 0}),
)
# What a task tells of these is no secret to it; the log is no place for them all the same.
TOLD: tuple[tuple[str, dict[str, Any]], ...] = (
    ("ssh_keypair", {"name": ["tagged"], "tags": {"a": PASSPHRASE}}),
    ("ssh_keypair", {"name": ["wrong"], PASSPHRASE: "a"}),
    ("ssh_keypair_info", {"name": [PASSPHRASE]}),
    ("registry_copy", {"destination": f"/proc/self/{PASSPHRASE}"}),
)
WITH_KEY = (("ssh_keypair", "public_key"), ("ssh_keypair_info", "fingerprint"), ("ssh_keypair_binding", "name"))


class Tried:
    """A scene with a log of its own, in which each private key is known that may be pasted."""

    def __init__(self, stage: Stage, title: str, sample: bool = False) -> None:
        self.scene = Scene(stage, title)
        self.log = Log(self.scene)
        self.keys = {kind: text for kind, text in private_keys().items() if kind == KEY or not sample}
        for kind, text in self.keys.items():
            self.file(kind).write_bytes(text)

    def file(self, kind: str) -> Path:
        """Return the file that a kind of private key is pasted from."""
        return self.scene.folder / "inputs" / kind

    def detector(self) -> Detector:
        """Return a search for the secrets of the scene and for these private keys."""
        detector = self.scene.detector()
        for kind, text in self.keys.items():
            detector.add(f"the key {kind}", forms_of_file(text))
        return detector

    def leaked(self, content: bytes) -> list[str]:
        """Return which secrets are in what the log held."""
        return [f"the log holds {name}" for name in self.detector().found_in(content)]

    def ad_hoc(self, module: str, options: Mapping[str, Any]) -> Run:
        """Run a module or an action as an ad-hoc command."""
        program = str(self.scene.controller.programs / "ansible")
        command = [*self.log.prefix, program, "localhost", "-m", module, "-a", json.dumps(options), *LOUD]
        return self.scene.controller.run(command, {"ANSIBLE_LOAD_CALLBACK_PLUGINS": "True", **self.scene.variables(Way("ad-hoc"))})

    def as_file(self, module: str, options: Mapping[str, Any]) -> Run:
        """Run a module, by its name in Python, as a program that reads its arguments from a file."""
        file = self.scene.folder / "inputs" / "arguments.json"
        file.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": options}))
        command = [*self.log.prefix, str(self.scene.controller.programs / "python"), "-m", module, str(file)]
        return self.scene.controller.run(command, {"PYTHONPATH": str(self.scene.controller.folder / "collections")})

    def options(self, module: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options with what tells the module where the scene's world is."""
        places = {"registry": str(self.scene.world.registry)}
        if module in ("ssh_keypair", "ssh_keypair_binding"):
            places["region"] = REGION
        if module == "ssh_keypair":
            places |= {"name": "pasted", "private_key_dir": str(self.scene.world.keys)}
        return {**places, **options}


def rows(stage: Stage, sample: bool) -> list[Row]:
    """Search after each way to run; a sample has the modules that Ansible packs, which log most."""
    if impossible():
        return [Row(TITLE, skipped=impossible())]
    if sample:
        return [_packed(stage, sample)]
    return [_playbook(stage), _ad_hoc(stage), _packed(stage, sample), _files(stage)]


def _ended_otherwise(run: Run, pasted: str = "") -> list[str]:
    """Return which tasks, of those with this in their names, were not refused because of the private key."""
    results = [result for result in run.results if pasted in result.task and result.error_code != REFUSED]
    return [f"'{result.task}' was not refused because of the private key: {result.message}" for result in results]


def _control(secret: str) -> Task:
    return {"name": "control", CONTROL: {"argv": ["true", secret]}}


def _playbook(stage: Stage) -> Row:
    """Run all tasks, and one for each kind of private key; the module on the host must have written, and no secret."""
    row, tried = Row(TITLE), Tried(stage, "syslog")
    scene, log = tried.scene, tried.log
    pasted = {kind: {"name": "pasted", "public_key": scene.read_by_lookup(kind)} for kind in tried.keys}
    good = good_tasks(scene.world)
    bad = bad_tasks(scene.world) + [scene.world.task(f"public_key, {kind}", options) for kind, options in pasted.items()]
    with log.opened():
        scene.run([_control("{{ canary }}")], Way("control"), prefix=log.prefix)
        row.tried("control", [] if tried.leaked(log.taken()) else [NOT_FOUND])
        run = scene.run(good + bad, Way(TITLE, LOUD), prefix=log.prefix)
        content = log.taken()
    problems = unexpected(run, good, bad, False) + _ended_otherwise(run, "public_key")
    problems += [] if HOSTS_PART in content else [NOT_ARRIVED]
    row.tried("play", problems, tried.leaked(content))
    row.tries += len(run.results) - 1
    scene.remove()
    return row


def _ad_hoc(stage: Stage) -> Row:
    """Run commands that succeed and that fail, and one whose part on the host must have written."""
    row, tried = Row(f"{TITLE}, ad-hoc commands"), Tried(stage, "syslog-ad-hoc")
    scene, log = tried.scene, tried.log
    word = scene.read_by_lookup("word")
    made: dict[str, Any] = {"name": "adhoc", "passphrase": word}
    tries: list[tuple[str, dict[str, Any], bool]] = [
        (MODULE, {"name": kind.split(",")[0], "public_key": scene.read_by_lookup(kind)}, False) for kind in tried.keys
    ]
    bound = {**made, "path": str(scene.world.account / "keys"), "verify": False}
    tries += [(MODULE, made, True), (MODULE, {**made, "size": 7}, False), (BINDING, bound, True)]
    with log.opened():
        run = tried.ad_hoc(CONTROL, {"argv": ["true", word]})
        row.tried("control", ended(run, True) + ([] if tried.leaked(log.taken()) else [NOT_FOUND]))
        for module, options, succeeds in tries:
            run = tried.ad_hoc(module, tried.options(module.split(".")[-1], options))
            content = log.taken()
            problems = ended(run, succeeds) + (_ended_otherwise(run) if "public_key" in options else [])
            problems += [] if module != BINDING or HOSTS_PART in content else [NOT_ARRIVED]
            row.tried(f"{module} {options}", problems, tried.leaked(content))
    scene.remove()
    return row


def _packed(stage: Stage, sample: bool) -> Row:
    """Run the modules from a directory of modules, where Ansible finds no actions for them, and an action; output is searched as well."""
    row, tried = Row(f"{TITLE}, modules without actions"), Tried(stage, "syslog-packed", sample)
    scene, log = tried.scene, tried.log
    pasted = [(module, {option: scene.read_by_lookup(kind)}) for kind in tried.keys for module, option in WITH_KEY]
    with_words = json.loads(json.dumps(WITH_PASSPHRASE).replace(PASSPHRASE, "{{ canary }}"))
    tasks = [
        {"name": f"{number} {module}, {', '.join(options)}", module: tried.options(module, options)}
        for number, (module, options) in enumerate([*with_words, *pasted])
    ]
    tasks += [scene.world.task(f"public_key, {kind}", {"name": "pasted", "public_key": scene.read_by_lookup(kind)}) for kind in tried.keys]
    modules = scene.controller.folder / "collections" / Path(*MODULES.split("."))
    way = Way("modules", LOUD, {"ANSIBLE_LIBRARY": str(modules)})
    with log.opened():
        run = scene.run([_control(OTHER), *({**task, "ignore_errors": True} for task in tasks)], way, prefix=log.prefix)
    control = Detector()
    control.add("the control", forms_of(OTHER.encode()))
    row.tried("control", [] if control.found_in(log.file.read_bytes()) else [NOT_FOUND])
    problems = [
        f"{module} was not run as a module"
        for module in {*dict(WITH_PASSPHRASE), *dict(WITH_KEY)}
        if f"AnsiballZ_{module}.py" not in run.output
    ]
    problems += _ended_otherwise(run, "public_key")
    problems += [] if len(run.results) == len(tasks) + 1 else [f"the run ended early: {run.output[-300:]}"]
    row.tried("modules", problems, scene.found(tried.detector()))
    row.tries += len(tasks) - 1
    scene.remove()
    return row


def _files(stage: Stage) -> Row:
    """Run the modules as files."""
    row, tried = Row(f"{TITLE}, modules by themselves"), Tried(stage, "syslog-files")
    log = tried.log
    pasted = [(module, {option: text.decode()}) for text in tried.keys.values() for module, option in WITH_KEY]
    with log.opened():
        tried.as_file("ansible.modules.command", {"argv": ["true", PASSPHRASE]})
        row.tried("control", [] if tried.leaked(log.taken()) else [NOT_FOUND])
        for number, (module, options) in enumerate([*WITH_PASSPHRASE, *TOLD, *pasted]):
            run = tried.as_file(f"{MODULES}.{module}", tried.options(module, options))
            told = '"failed"' in run.output or '"changed"' in run.output
            problems = [] if told else [f"it told no result: {run.output[-300:]}"]
            row.tried(f"{number} {module}", problems, tried.leaked(log.taken()))
    tried.scene.remove()
    return row


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
        "PKCS1, encrypted": large.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, locked),
        "PKCS8": large.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, plain),
        "PKCS8, encrypted": large.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked),
        "PuTTY": b"PuTTY-User-Key-File-3: rsa\nEncryption: none\nPrivate-Lines: 99\n" + body,
    }
