# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the unit and integration tests on every supported pair of ansible-core and Python that the machine has.

Each pair has its own environment and log below ``.build/matrix``. One line says how a pair fared; pairs whose Python is
not on the machine are named. The exit status is 1 if a pair that ran has failed.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess  # nosec B404 # each command is a list, without a shell
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from tools.collection_tree import BUILD, CHECKOUT
from tools.interpreters import find_interpreter

MATRIX = BUILD / "matrix"
UV = BUILD / "uv" / "bin" / "uv"
LINES_SHOWN = 40


class StepError(Exception):
    """A step of a pair ended with a failure; the argument names the step."""


@dataclass(frozen=True)
class Pair:
    """One ansible-core, such as ``2.19``, on one Python, such as ``3.12``."""

    core: str
    python: str
    pre_release: bool = False

    @property
    def folder(self) -> Path:
        """Where its environment is."""
        return MATRIX / f"core-{self.core}-python-{self.python}"

    @property
    def interpreter(self) -> Path:
        """The Python of its environment."""
        return self.folder / "bin" / "python"

    @property
    def requirement(self) -> str:
        """What its installer is asked for; a pre-release only if there is nothing else yet."""
        return f"ansible-core=={self.core}.*" + (f",>={self.core}.0a0" if self.pre_release else "")

    @property
    def log(self) -> Path:
        """Where its output is."""
        return self.folder.with_suffix(self.folder.suffix + ".log")


PAIRS = (
    Pair("2.17", "3.11"),
    Pair("2.18", "3.11"),
    Pair("2.19", "3.11"),
    Pair("2.19", "3.12"),
    Pair("2.20", "3.12"),
    Pair("2.21", "3.12"),
    Pair("2.20", "3.13"),
    Pair("2.21", "3.13"),
)
# Not supported yet; the search for leaks looks ahead.
NEXT = Pair("2.22", "3.13", pre_release=True)


def run(step: str, command: Sequence[str | Path], pair: Pair, log: TextIO) -> str:
    """Run a step in the pair's environment, append its output to the log and return it; raise `StepError`."""
    path = os.pathsep.join([str(pair.folder / "bin"), os.environ["PATH"]])
    variables = {**os.environ, "PATH": path, "VIRTUAL_ENV": str(pair.folder)}
    done = subprocess.run(  # nosec B603 # it comes from the checkout
        [str(part) for part in command],
        cwd=CHECKOUT,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    log.write(f"== {step}\n{done.stdout}\n")
    if done.returncode:
        raise StepError(step)
    return done.stdout


def install(pair: Pair, interpreter: Path, log: TextIO) -> str:
    """Bring the pair's environment up to date, with the newest patch release of its ansible-core; return both versions."""
    run("environment", [UV, "venv", "--quiet", "--allow-existing", "--python", interpreter, pair.folder], pair, log)
    requirements = ("--requirement", "tests/requirements-run.txt", pair.requirement)
    run("requirements", [UV, "pip", "install", "--upgrade", "--compile-bytecode", *requirements], pair, log)
    code = "import platform; from ansible.release import __version__; print(__version__, platform.python_version())"
    core, python = run("versions", [pair.interpreter, "-c", code], pair, log).split()
    return f"ansible-core {core:8} python {python:8}"


def test(pair: Pair, log: TextIO) -> str:
    """Run the pair's unit and integration tests and return what passed."""
    units = run("unit tests", [pair.interpreter, "-m", "pytest", "-n", "auto"], pair, log)
    passed = re.findall(r"(\d+) passed", units)
    command = (pair.interpreter, "-m", "tools.ansible_test", "--parent", MATRIX, "integration", "--", "--exclude", "interop")
    targets = re.findall(r"^Running \S+ integration test", run("integration tests", command, pair, log), re.MULTILINE)
    if not passed or not targets:
        raise StepError("tests, of which none ran")
    return f"units: {passed[-1]} passed  integration: {len(targets)} targets passed"


def report(pair: Pair, interpreter: Path) -> bool:
    """Test one pair and print its line, and the end of its log if it failed; tell whether it passed."""
    MATRIX.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    name = f"ansible-core {pair.core:8} python {pair.python:8}"
    try:
        with pair.log.open("w", encoding="utf-8") as log:
            name = install(pair, interpreter, log)
            outcome = test(pair, log)
    except StepError as failure:
        print(f"{name}  FAILED: {failure}  {time.monotonic() - start:.0f} s, see {pair.log}", flush=True)
        print("".join(f"    {line}\n" for line in pair.log.read_text(encoding="utf-8").splitlines()[-LINES_SHOWN:]), flush=True)
        return False
    print(f"{name}  {outcome}  {time.monotonic() - start:.0f} s", flush=True)
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Test the pairs that the command line and the machine allow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--core", action="append", choices=sorted({pair.core for pair in PAIRS}), help="only this ansible-core (repeatable)"
    )
    parser.add_argument("--python", action="append", choices=sorted({pair.python for pair in PAIRS}), help="only this Python (repeatable)")
    chosen = parser.parse_args(arguments)
    cores, pythons = chosen.core or [pair.core for pair in PAIRS], chosen.python or [pair.python for pair in PAIRS]
    pairs = [pair for pair in PAIRS if pair.core in cores and pair.python in pythons]
    interpreters = {version: find_interpreter(version) for version in sorted({pair.python for pair in pairs})}
    passed = [report(pair, interpreter) for pair in pairs if (interpreter := interpreters[pair.python])]
    for pair in pairs:
        if interpreters[pair.python] is None:
            print(f"ansible-core {pair.core:8} python {pair.python:8}  not run: no Python {pair.python} was found")
    return 0 if passed and all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
