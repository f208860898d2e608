# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets are searched on the other supported ansible-cores, and on the next one as far as it can be installed.

The core that runs everything else is searched in all ways; each other one with everything switched on at once, at success and
at each failure, in loops, in check mode, and in ad-hoc commands, after the same controls; with each callback plugin that it
ships; and while every fifth statement that holds the key raises.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from tools.interpreters import find_interpreter
from tools.test_matrix import MATRIX, NEXT, PAIRS, Pair, StepError, install

from . import leak_callbacks, statements
from .controller import Controller
from .leaks import ad_hoc, controls, loudest, search
from .operations import Stage
from .table import Row

RAISED = 5


def sweep(stage: Stage, sample: bool) -> list[Row]:
    """Search on one core after the other; a sample on none, for that needs an environment for each."""
    if sample:
        return []
    running = _core_of(stage.controller.programs)
    return [row for pair in pairs(running) for row in _rows(stage, pair)]


def pairs(running: str) -> Iterator[Pair]:
    """Yield the pair of each supported core but the one that is running, on the first Python that is there, and the next core's."""
    for core in sorted({pair.core for pair in PAIRS} - {running}):
        candidates = [pair for pair in PAIRS if pair.core == core]
        yield next((pair for pair in candidates if find_interpreter(pair.python)), candidates[0])
    yield NEXT


def _core_of(programs: Path) -> str:
    code = "from ansible.release import __version__; print(__version__)"
    version = subprocess.run([programs / "python", "-c", code], capture_output=True, text=True, check=True).stdout
    return ".".join(version.split(".")[:2])


def _rows(stage: Stage, pair: Pair) -> list[Row]:
    title = f"leaks: ansible-core {pair.core}"
    interpreter = find_interpreter(pair.python)
    if interpreter is None:
        return [Row(title, skipped=f"not available: no Python {pair.python} was found")]
    MATRIX.mkdir(parents=True, exist_ok=True)
    log = pair.log.with_suffix(".leaks.log")
    try:
        with log.open("w", encoding="utf-8") as file:
            title = f"leaks: {' '.join(install(pair, interpreter, file).split())}"
    except StepError as failure:
        return [Row(title, skipped=f"not available: {failure}, see {log}")]
    programs = pair.folder / "bin"
    row = Row(title)
    for way in loudest():
        search(stage, row, way, f"{pair.core}-{len(way.arguments)}", programs)
    found = [controls(stage, f"{title}, controls", programs), row, ad_hoc(stage, f"{title}, ad-hoc", programs)]
    found += leak_callbacks.shipped(stage, f"{title}, callbacks", programs)
    title = title.replace("leaks", "raised")
    return found + statements.swept(_on(pair.core, stage, programs), Row(f"{title}, control"), Row(f"{title}, every {RAISED}th"), RAISED)


def _on(core: str, stage: Stage, programs: Path) -> Stage:
    """Return a stage of its own whose tasks an ansible-core runs."""
    controller = Controller(stage.controller.folder / f"core-{core}")
    controller.programs = programs
    return Stage(controller)
