# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random tasks against a model of the collection; the machine is that of the unit tests, which try few and always the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

from .operations import Stage
from .table import Row

PARTS = 4
EXAMPLES = 2000


def sweep(stage: Stage, sample: bool) -> list[Row]:
    """Run the machine in several processes; each task is a try. There is no sample, for the unit tests are one."""
    if sample:
        return []
    row = Row("model: random tasks, stopped at random, hands that meddle")
    run = partial(stage.controller.python, "tests.faults.model_runs")
    with ThreadPoolExecutor(2) as pool:
        for told in pool.map(run, [str(EXAMPLES // PARTS)] * PARTS):
            row.tries += told["tasks"]
            row.lost += told["lost"]
            if told["stopped"] < told["tasks"] // 20:
                row.lost.append(f"only {told['stopped']} of {told['tasks']} tasks were stopped")
    return [row]
