# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""So many random sequences of tasks, each against the model: ``model_runs EXAMPLES``."""

from __future__ import annotations

import json
import sys
import traceback
from typing import Any

from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.model_machine import Machine
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.modelled_worlds import RUNS
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

STEPS = 12
MAX_SHOWN = 3000


def main(examples: int) -> dict[str, Any]:
    """Return how many tasks were run and stopped, and the sequence after which the model was contradicted, if one was found."""
    lost = []
    chosen = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
    )
    try:
        run_state_machine_as_test(Machine, settings=chosen)
    except Exception:
        lost.append(traceback.format_exc()[-MAX_SHOWN:])
    return {"tasks": RUNS["tasks"], "stopped": RUNS["stopped"], "lost": lost}


if __name__ == "__main__":
    json.dump(main(int(sys.argv[1])), sys.stdout)
