# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets are searched in all that runs print, write and show to other processes, at success and at each failure."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .canary import Detector, forms_of, forms_of_file
from .controller import CHECKOUT, Controller, Run, Task
from .leak_tasks import PASSPHRASE, bad_tasks, good_tasks, leaking_tasks
from .operations import Stage, generate_key
from .statements import HOOKS, TRACEBACKS
from .table import Row
from .worlds import World

# What ansible-core or a callback plugin says when the plugin has disabled itself, or cannot be loaded.
_DECLINED = re.compile(
    r"[Ss]kipping callback|[Dd]isabling|[Uu]nable to load|could not be loaded|[Ff]ailed to load|Invalid callback|is not installed"
)
PEERS = CHECKOUT / ".build" / "venv-peers" / "bin"


@dataclass(frozen=True)
class Way:
    """A way to run the tasks: arguments, variables, a callback, other programs."""

    title: str
    arguments: Sequence[str] = ()
    variables: Mapping[str, str] | None = None


def ways(sample: bool) -> list[Way]:
    """Return all ways; a sample has the ones that say most."""
    loud = {
        "ANSIBLE_DEBUG": "1",
        "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "1",
        "ANSIBLE_KEEP_REMOTE_FILES": "1",
        "ANSIBLE_LOG_PATH": "{folder}/ansible.log",
        "ANSIBLE_CACHE_PLUGIN": "jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": "{folder}/facts",
        "ANSIBLE_RETRY_FILES_ENABLED": "True",
        "ANSIBLE_RETRY_FILES_SAVE_PATH": "{folder}/retry",
        "ANSIBLE_CALLBACKS_ENABLED": "recorded,ansible.builtin.tree,ansible.builtin.junit",
        "ANSIBLE_CALLBACK_TREE_DIR": "{folder}/tree",
        "JUNIT_OUTPUT_DIR": "{folder}/junit",
        **TRACEBACKS,
    }
    chosen = [Way("everything at -vvvvv", ("-vvvvv", "--diff"), loud), Way("check mode at -v", ("-v", "--diff", "--check"))]
    if sample:
        return chosen
    chosen += [Way(f"at -{'v' * count}", (f"-{'v' * count}",)) for count in range(1, 6)]
    chosen += [Way(f"only {name}", (), {name: value, **TRACEBACKS}) for name, value in loud.items()]
    chosen.append(Way("check mode, everything at -vvvvv", ("-vvvvv", "--diff", "--check"), loud))
    return chosen


class Scene:
    """One run of the tasks in a folder of its own, and the search through all that it left."""

    def __init__(self, stage: Stage, title: str, programs: Path | None = None) -> None:
        self.folder = stage.controller.folder / f"leaks-{title}"
        self.secrets = self.folder / "secrets"
        self.controller = Controller(self.folder)
        self.controller.programs = programs or stage.controller.programs
        self.world = World(self.folder / "world")
        for name in ("world", "inputs"):
            (self.folder / name).mkdir()
        (self.world.root / "file").touch()
        self.world.account.mkdir(mode=0o700)
        self.pasted, self.locked = self.folder / "inputs" / "pasted", self.folder / "inputs" / "locked"
        generate_key(self.pasted)
        generate_key(self.locked, "-N", PASSPHRASE)
        (self.folder / "inputs" / "word").write_text(PASSPHRASE)

    def run(self, tasks: list[Task], way: Way) -> Run:
        """Run the tasks; the secrets come from files, as they should."""
        variables = {name: value.replace("{folder}", str(self.folder)) for name, value in (way.variables or {}).items()}
        given = {"pasted": str(self.pasted), "locked": str(self.locked), "canary": self.read_by_lookup("word")}
        hooked = {"PYTHONPATH": str(HOOKS), "KEYWRIGHT_FAULTS_SECRETS": str(self.secrets), **variables}
        return self.controller.playbook(tasks, way.arguments, hooked, vars=given)

    def read_by_lookup(self, name: str) -> str:
        """Return a template whose value is an input of the scene."""
        return "{{ lookup('ansible.builtin.file', '" + str(self.folder / "inputs" / name) + "') }}"

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder)

    def detector(self) -> Detector:
        """Return a search for the passphrase, the pasted key, and each key that was made or delivered."""
        detector = Detector()
        detector.add("the passphrase", forms_of(PASSPHRASE.encode()))
        for path in (self.pasted, self.locked):
            detector.add(f"the key {path.name}", forms_of_file(path.read_bytes()))
        numbers = self.secrets.read_text().split() if self.secrets.exists() else []
        for number in numbers:
            detector.add("a generated key", forms_of(bytes.fromhex(number)))
        for path in self.world.root.rglob("*.pem*"):
            detector.add(f"the file {path.name}", forms_of_file(path.read_bytes()))
        return detector

    def found(self, detector: Detector) -> list[str]:
        """Return where secrets are found below the folder, in the output among others."""
        delivered = [*self.world.root.rglob("*.pem*"), *self.world.root.rglob(".keywright.*")]
        return detector.found_below(self.folder, [*delivered, self.secrets, self.folder / "inputs", self.folder / "collections"])


def sweep(stage: Stage, sample: bool) -> list[Row]:
    """Search after each way to run; the controls come first, for a search that finds nothing must be able to find."""
    rows = [controls(stage, "leaks: known-leaky controls that are found")]
    row = Row("leaks: output, logs, caches, temporary files, /proc")
    for number, way in enumerate(ways(sample), 1):
        search(stage, row, way, str(number))
    rows += [row, *_callbacks(stage, sample), ad_hoc(stage, "leaks: ad-hoc commands, with options from a file")]
    return rows


def search(stage: Stage, row: Row, way: Way, title: str, programs: Path | None = None) -> None:
    """Run all tasks in a way, with an ansible-core's programs if they are given, and add to the row what that leaks."""
    scene = Scene(stage, title, programs)
    good, bad = good_tasks(scene.world), bad_tasks(scene.world)
    with sampled_processes() as seen:
        run = scene.run(good + bad, way)
    detector = scene.detector()
    leaked = scene.found(detector) + [f"the {what} of a process holds {name}" for what, name in _in_processes(detector, seen)]
    row.tried(way.title, _unexpected(run, good, bad, "--check" in way.arguments), leaked)
    row.tries += len(run.results) - 1
    scene.remove()


def _unexpected(run: Run, good: list[Task], bad: list[Task], checked: bool) -> list[str]:
    """Return which tasks did not end as they should, without which the search would search too little."""
    found = [] if len(run.results) >= len(good) + len(bad) else [f"the run ended early: {run.output[-300:]}"]
    for result in run.results:
        if result.task in {task["name"] for task in good} and result.failed and not checked:
            found.append(f"'{result.task}' failed: {result.message}")
        if result.task in {task["name"] for task in bad} and not result.failed and not checked:
            found.append(f"'{result.task}' did not fail")
        if result.error_code == "InternalError":
            found.append(f"'{result.task}' met a defect: {result.message}")
    return found


def controls(stage: Stage, fault: str, programs: Path | None = None) -> Row:
    """Return a row that fails if the search does not find what is known to leak."""
    row = Row(fault)
    scene = Scene(stage, "controls" + (programs.parent.name if programs else ""), programs)
    cache = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(scene.folder / "facts")}
    run = scene.run(leaking_tasks(), Way("controls", ("-v",), cache))
    detector = scene.detector()
    for task in leaking_tasks()[:3]:
        result = run.of(task["name"])
        found = result is not None and detector.found_in(json.dumps(result.result).encode())
        row.tried(task["name"], [] if found else ["the search does not find it"])
    places = " ".join(scene.found(detector))
    for where in ("facts/", "runs/"):
        row.tried(where, [] if where in places else ["the search does not find it there"])
    with sampled_processes() as seen:
        subprocess.run(["sleep", "0.5"], check=True, env={"CANARY": PASSPHRASE})
    row.tried("environment", [] if list(_in_processes(detector, seen)) else ["the search does not find it in a process"])
    scene.remove()
    return row


def _callbacks(stage: Stage, sample: bool) -> list[Row]:
    """Return a row of all callback plugins; those that decline to run without their service or library are counted apart."""
    programs = PEERS if PEERS.is_dir() else stage.controller.programs
    listed = stage.controller.run([str(programs / "ansible-doc"), "-t", "callback", "-l", "--json"], {})
    names = sorted(json.loads(listed.output[listed.output.index("{") :]))
    ran, declined = Row("leaks: callback plugins that run offline"), Row("leaks: callback plugins that decline to")
    for name in names[:2] if sample else names:
        scene = Scene(stage, name, programs)
        variables = {"ANSIBLE_STDOUT_CALLBACK": name, "ANSIBLE_CALLBACKS_ENABLED": f"recorded,{name}", **TRACEBACKS}
        tasks = good_tasks(scene.world)[:5] + bad_tasks(scene.world)[:12]
        run = scene.run(tasks, Way(name, ("-vvvv", "--diff"), variables))
        row = declined if _DECLINED.search(run.output) else ran
        early = row is ran and len(run.results) < len(tasks)
        row.tried(name, [f"it ended early: {run.output[-300:]}"] if early else [], scene.found(scene.detector()))
        scene.remove()
    return [ran] if not declined.tries else [ran, declined]


def ad_hoc(stage: Stage, fault: str, programs: Path | None = None) -> Row:
    """Return a row of what ad-hoc commands leak that succeed and that fail."""
    row = Row(fault)
    scene = Scene(stage, "ad-hoc" + (programs.parent.name if programs else ""), programs)
    options = {"name": "adhoc", "region": "eu-1", "registry": str(scene.world.registry), "private_key_dir": str(scene.world.keys)}
    for extra in ({}, {"type": "rsa"}, {"regenerate": "full_idempotence", "type": "ecdsa"}, {"size": 7}):
        given = json.dumps({**options, **extra, "passphrase": scene.read_by_lookup("word")})
        command = [str(scene.controller.programs / "ansible"), "localhost", "-m", "keywright.ssh.ssh_keypair", "-a", given, "-vvvv"]
        scene.controller.run(command, {"PYTHONPATH": str(HOOKS), "KEYWRIGHT_FAULTS_SECRETS": str(scene.secrets), **TRACEBACKS})
        row.tried(str(extra), [], scene.found(scene.detector()))
    scene.remove()
    return row


@contextmanager
def sampled_processes() -> Iterator[dict[str, set[bytes]]]:
    """Collect the command lines and environments of all processes while the block runs."""
    seen: dict[str, set[bytes]] = {"cmdline": set(), "environ": set()}
    stopped = threading.Event()

    def sample() -> None:
        while not stopped.wait(0.05):
            for what, texts in seen.items():
                for path in Path("/proc").glob(f"[0-9]*/{what}"):
                    try:
                        texts.add(path.read_bytes())
                    except OSError:
                        continue

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield seen
    finally:
        stopped.set()
        thread.join()


def _in_processes(detector: Detector, seen: Mapping[str, set[bytes]]) -> list[tuple[str, str]]:
    return [(what, name) for what, texts in seen.items() for name in detector.found_in(b"\n".join(texts))]
