# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real runs of Ansible, each in a process of its own, with a copy of the collection."""

from __future__ import annotations

import copy
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent.parent
COPIED = ("plugins", "roles", "meta", "galaxy.yml", "tests/unit")
IN_MEMORY = Path("/dev/shm")
SECONDS = 900
TO_DIE = 30
# However many kinds of fault are tried at once, no more runs of Ansible than this are (crowds are meant to be more).
_RUNS = threading.BoundedSemaphore(2)

Task = dict[str, Any]


@dataclass(frozen=True)
class Result:
    """What one task returned on one host."""

    task: str
    host: str
    status: str
    result: dict[str, Any]

    @property
    def failed(self) -> bool:
        """Tell whether the task failed."""
        return self.status != "ok"

    @property
    def changed(self) -> bool:
        """Tell whether the task changed something."""
        return bool(self.result.get("changed"))

    @property
    def error_code(self) -> str:
        """Return the error code, empty if there is none."""
        return str(self.result.get("error_code", ""))

    @property
    def message(self) -> str:
        """Return the message of a failure."""
        return str(self.result.get("msg", ""))


@dataclass(frozen=True)
class Run:
    """A run that ended: its exit status, all that it printed, and the results of its tasks."""

    status: int
    output: str
    results: tuple[Result, ...]

    def of(self, task: str) -> Result | None:
        """Return the last result of a task, None if it has none."""
        return next((result for result in reversed(self.results) if result.task == task), None)


class Controller:
    """A controller below ``folder``: its own home, and the collection where Ansible finds it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs = folder / "runs"
        self.programs = Path(sys.executable).parent
        self._numbers = itertools.count()
        tree = folder / "collections" / "ansible_collections" / "keywright" / "ssh"
        tree.mkdir(parents=True)
        for name in COPIED:
            source = CHECKOUT / name
            if source.is_dir():
                shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, tree / name)
        for name in ("home", "tmp", "runs"):
            (folder / name).mkdir()

    def apart(self, title: str) -> Controller:
        """Return the same controller, whose runs leave what they print in a folder of their own."""
        other = copy.copy(self)
        other.runs = self.folder / f"runs of {title}"
        other.runs.mkdir()
        return other

    def environment(self, **extra: str) -> dict[str, str]:
        """Return the variables of a run; what the user has set for Ansible is not among them."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "KEYWRIGHT_", "PYTHON"))}
        return {
            **kept,
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "ANSIBLE_REMOTE_TMP": str(self.folder / "remote"),
            "ANSIBLE_COLLECTIONS_PATH": str(self.folder / "collections"),
            "ANSIBLE_LOCALHOST_WARNING": "False",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False",
            "ANSIBLE_NOCOLOR": "True",
            "ANSIBLE_CALLBACK_PLUGINS": str(CHECKOUT / "tests" / "faults" / "callbacks"),
            "ANSIBLE_CALLBACKS_ENABLED": "recorded",
            **extra,
        }

    def playbook(
        self,
        tasks: Sequence[Task],
        arguments: Sequence[str] = (),
        variables: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
        seconds: float = SECONDS,
        **play: Any,
    ) -> Run:
        """Run one play with these tasks; ``prefix`` is a command that starts ``ansible-playbook``."""
        number = next(self._numbers)
        file = self.runs / f"{number}.json"
        file.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, **play, "tasks": list(tasks)}]))
        return self.run([*prefix, str(self.programs / "ansible-playbook"), *arguments, str(file)], variables or {}, seconds)

    def python(self, module: str, *arguments: str) -> dict[str, Any]:
        """Run a module of the tests, with the copy of the collection, and return what it prints as JSON; raises RuntimeError."""
        variables = self.environment(PYTHONPATH=f"{self.folder / 'collections'}:{CHECKOUT}")
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(command, env=variables, cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{module} failed: {done.stderr[-2000:]}")
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    def run(self, command: Sequence[str], variables: Mapping[str, str], seconds: float = SECONDS) -> Run:
        """Run a command to its end, which comes by force after so many seconds; the output then says so."""
        with _RUNS:
            process, results = self.start(command, variables)
            try:
                output, _nothing = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                output = process.communicate(timeout=TO_DIE)[0] + f"\nIt was ended after {seconds} seconds."
        results.with_suffix(".output").write_text(output, encoding="utf-8", errors="backslashreplace")
        return Run(process.returncode, output, read_results(results))

    def start(self, command: Sequence[str], variables: Mapping[str, str]) -> tuple[subprocess.Popen[str], Path]:
        """Start a command; return it and the file that its results go to."""
        results = self.runs / f"{next(self._numbers)}.results"
        results.touch()
        results.chmod(0o666)
        environment = self.environment(KEYWRIGHT_FAULTS_RESULTS=str(results), **variables)
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="backslashreplace",
        )
        return process, results


@contextmanager
def in_memory() -> Iterator[Path]:
    """Make a folder where flushing costs nothing, if the machine has such a place, for what is tried many thousand times."""
    with tempfile.TemporaryDirectory(prefix="keywright-faults-", dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as folder:
        yield Path(folder)


def read_results(file: Path) -> tuple[Result, ...]:
    """Return the results that a run recorded."""
    return tuple(Result(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines())
