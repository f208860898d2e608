# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many processes of the core itself, faster than Ansible can start any, with a clock that jumps by years between two looks."""

from __future__ import annotations

from .controller import in_memory
from .operations import Stage
from .table import Row

SEEDS, OPERATIONS = 10, 2000
READS = 100_000
NAMES = 40


def sweep(stage: Stage, sample: bool) -> list[Row]:
    """Make names while others read and while others remove locks, and explain histories; a sample has few names and one history."""
    names = 2 if sample else NAMES
    read = _run(stage, f"crowd: 16 processes, {names} names of each, while others read", "names", names, 0)
    if not sample and read[1] < READS:
        read[0].lost.append(f"only {read[1]} reads")
    unlocked = _run(stage, f"crowd: 16 processes, {names} names of each, locks removed", "names", names, 1)
    if unlocked[1] < (names if sample else 60):
        unlocked[0].lost.append(f"only {unlocked[1]} locks were removed")
    row = Row("crowd: histories of create, rotate, remove, jumping clock")
    for seed in range(1 if sample else SEEDS):
        told = _run(stage, f"{row.fault} {seed}", "histories", seed, 160 if sample else OPERATIONS)[0]
        row.tries += told.tries
        row.lost += [f"seed {seed}: {problem}" for problem in told.lost]
    return [read[0], unlocked[0], row]


def _run(stage: Stage, title: str, task: str, *numbers: int) -> tuple[Row, int]:
    with in_memory() as folder:
        told = stage.controller.python("tests.faults.stress_runs", str(folder / "world"), task, *map(str, numbers))
    return Row(title, told["tries"], told["lost"]), told["seen"]
