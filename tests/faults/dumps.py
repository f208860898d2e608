# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The process that holds a private key is aborted: no core dump tells the key."""

from __future__ import annotations

import sys
from pathlib import Path

from .canary import Detector, forms_of
from .operations import Stage
from .statements import Statements
from .table import Row

PATTERN = Path("/proc/sys/kernel/core_pattern")
UNLIMITED = ("sh", "-c", 'ulimit -c unlimited && exec "$@"', "sh")
CANARY = "Canary-of-a-core-dump-4Zt"
SPELT_BACKWARDS = f"import os; kept = {CANARY[::-1]!r}[::-1]; os.abort()"


def sweep(stage: Stage, sample: bool) -> list[Row]:
    """Abort at statements between the birth of a key and the end of the task, where nothing limits core dumps."""
    row = Row("leaks: core dumps")
    controller = stage.controller
    if PATTERN.read_text().startswith(("|", "/")):
        row.skipped = "the kernel does not put core dumps where the test could look"
        return [row]
    for core in _cores(controller.folder):
        core.unlink()
    controller.run([*UNLIMITED, sys.executable, "-c", SPELT_BACKWARDS], {})
    control = Detector()
    control.add("the canary", forms_of(CANARY.encode()))
    row.tried("control", [] if _leaks(control, controller.folder) else ["the search does not find what a core dump is known to hold"])
    create = stage.operations[0]
    statements = Statements(controller.folder / "dumps")
    controller.playbook([create.task("probe", next(stage.worlds_for(create, "dump")))], variables=statements.variables())
    count = len(statements.met())
    for number in (count // 2,) if sample else (1, count // 4, count // 2, 3 * count // 4, count):
        statements.begin_at(number)
        variables = {**statements.variables(), "KEYWRIGHT_FAULTS_ABORT": "1"}
        world = next(stage.worlds_for(create, f"dump {number}"))
        run = controller.playbook([create.task("dump", world)], variables=variables, prefix=UNLIMITED)
        detector = Detector()
        for secret in statements.secrets.read_text().split():
            detector.add("a private key", forms_of(bytes.fromhex(secret)))
        aborted = [] if run.of("dump") is None and "dead state" in run.output else ["the process was not aborted"]
        row.tried(f"statement {number}", aborted, _leaks(detector, controller.folder))
    return [row]


def _cores(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*core*") if path.is_file()]


def _leaks(detector: Detector, folder: Path) -> list[str]:
    """Return which core dumps hold secrets, and remove all of them."""
    found = []
    for core in _cores(folder):
        found += [f"a core dump holds {name}" for name in detector.found_in(core.read_bytes())]
        core.unlink()
    return found
