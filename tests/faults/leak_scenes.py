# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A scene: one run of tasks in a folder of its own, whose every file and process is searched for secrets."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from ..places import MODULE, REGION
from .canary import Detector, forms_of, forms_of_file
from .controller import Controller, Run, Task
from .leak_tasks import PASSPHRASE
from .operations import Stage, generate_key
from .statements import HOOKS
from .worlds import World

QUIET: tuple[str, ...] = ()
LOUD = ("-vvvv", "--diff")


@dataclass(frozen=True)
class Way:
    """A way to run the tasks: arguments, variables, and the places below the scene's folder where that must leave something."""

    title: str
    arguments: Sequence[str] = ()
    variables: Mapping[str, str] | None = None
    places: Sequence[str] = ()


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
        self.locked.touch(mode=0o600)
        self.locked.write_bytes(_locked_key())
        (self.folder / "inputs" / "word").write_text(PASSPHRASE)

    def run(self, tasks: list[Task], way: Way, **play: Any) -> Run:
        """Run the tasks; the secrets come from files, as they should."""
        return self.controller.playbook(tasks, way.arguments, self.variables(way), vars=self.given(), **play)

    def given(self) -> dict[str, str]:
        """Return the variables of a play by which its tasks get at secrets."""
        return {"pasted": str(self.pasted), "locked": str(self.locked), "canary": self.read_by_lookup("word")}

    def ad_hoc(self, options: Mapping[str, Any], way: Way) -> Run:
        """Run the module by itself, with a passphrase from a file and further options."""
        places = {"region": REGION, "registry": str(self.world.registry), "private_key_dir": str(self.world.keys)}
        given = json.dumps({"name": "adhoc", **places, "passphrase": self.read_by_lookup("word"), **options})
        command = [str(self.controller.programs / "ansible"), "localhost", "-m", MODULE, "-a", given, *way.arguments]
        return self.controller.run(command, {"ANSIBLE_LOAD_CALLBACK_PLUGINS": "True", **self.variables(way)})

    def variables(self, way: Way) -> dict[str, str]:
        """Return the variables of a run: what tells the search which keys there are, and the way's own."""
        variables = {name: value.replace("{folder}", str(self.folder)) for name, value in (way.variables or {}).items()}
        return {"PYTHONPATH": str(HOOKS), "KEYWRIGHT_FAULTS_SECRETS": str(self.secrets), **variables}

    def empty(self, way: Way) -> list[str]:
        """Return where the way should have left something and has not, so that there was nothing to search in."""
        filled = {place for place in way.places for path in self.folder.glob(place) if path.is_file() and path.stat().st_size}
        return [f"nothing is in {place}" for place in way.places if place not in filled]

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


def _locked_key() -> bytes:
    """Return a key with a passphrase; ssh-keygen would show that to the search in the processes of another scene."""
    encryption = BestAvailableEncryption(PASSPHRASE.encode())
    return ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, encryption)


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


def in_processes(detector: Detector, seen: Mapping[str, set[bytes]]) -> list[tuple[str, str]]:
    """Return what of a process holds which secret."""
    return [(what, name) for what, texts in seen.items() for name in detector.found_in(b"\n".join(texts))]


def unexpected(run: Run, good: list[Task], bad: list[Task], checked: bool) -> list[str]:
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


def ended(run: Run, succeeds: bool) -> list[str]:
    """Return how a run of one task did not end as it should."""
    failed = [result.failed for result in run.results]
    return [] if failed == [not succeeds] else [f"it did not {'succeed' if succeeds else 'fail'}: {run.output[-300:]}"]
