# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A contestant: one program that is measured, how its ground is prepared, and how it is known to have done its work."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .process import FailedRunError, measured

Figures = dict[str, float]


def nothing() -> None:
    """Prepare or check nothing."""


@dataclass(frozen=True)
class Contestant:
    """``identity`` is ``group/name``; contestants of a group are measured one right after the other in every round.

    ``prepare`` is called before each run and ``check`` after it, both unmeasured; ``expected`` is a regular expression for
    the program's output. A program that measures parts of its own writes them as JSON to the file ``figures``.
    """

    identity: str
    title: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    prepare: Callable[[], None] = nothing
    check: Callable[[], None] = nothing
    expected: str = ""
    figures: Path | None = field(default=None)

    @property
    def group(self) -> str:
        """Return the group's name."""
        return self.identity.partition("/")[0]

    def run(self) -> Figures:
        """Run it once and return its figures: ``cpu``, ``wall`` and ``peak``, and those of its own."""
        self.prepare()
        os.sync()  # what was written before is not to be flushed at the contestant's cost
        usage = measured(self.command, self.environment, self.log)
        if not re.search(self.expected, self.log.read_text(encoding="utf-8", errors="replace")):
            raise FailedRunError(f"{self.identity} did not do what it was to do; its output is in {self.log}")
        self.check()
        own: Figures = {} if self.figures is None else json.loads(self.figures.read_text(encoding="utf-8"))
        return {**vars(usage), **own}


def recap(ok: int, changed: int) -> str:
    """Return the expression for a play on one host that ended well, with these numbers."""
    return rf"ok={ok} +changed={changed} +unreachable=0 +failed=0"


def emptied(*folders: Path) -> Callable[[], None]:
    """Return what makes folders anew, private and empty."""

    def empty() -> None:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(0o700, parents=True)

    return empty


def holding(folder: Path, count: int, pattern: str = "*.pem") -> Callable[[], None]:
    """Return what checks that a folder holds so many files."""

    def check() -> None:
        found = len(list(folder.glob(pattern)))
        if found != count:
            raise FailedRunError(f"{folder} holds {found} files {pattern}, not {count}")

    return check
