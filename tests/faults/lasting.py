# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A trouble that begins in the middle of a run and stays: no descriptors, no memory, no space, a read-only disk, signals."""

from __future__ import annotations

import subprocess

from .operations import Stage
from .table import Row

# Small, so that it is filled in no time.
DISK = "size=2m"
STEP, SAMPLED = 1, 83
UNHINDERED = "signals come all the time"


def sweep(stage: Stage, sample: bool) -> list[Row]:
    """Let each trouble begin at each call of a create, a batch, a replacement and a removal; a sample takes every 83rd."""
    folder = stage.controller.folder / "lasting"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", str(folder)], check=False, capture_output=True).returncode == 0
    try:
        if not mounted:
            return [Row("from then on: all troubles", skipped="the machine cannot mount")]
        told = stage.controller.python("tests.faults.lasting_runs", str(folder), str(SAMPLED if sample else STEP))
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)
    rows = []
    for title, found in told.items():
        row = Row(f"from then on: {title}", found["tries"], found["lost"])
        if not found["refused"] and title != UNHINDERED:
            row.lost.append("no run was ever hindered, so nothing is proven")
        rows.append(row)
    return rows
