# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The core of the collection, killed at some call, and killed again while the next run repairs: ``twice_runs FOLDER PAIRS``."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from .invariant import Memory
from .lasting_runs import TASKS, forked, violations
from .worlds import World

FIRST, SECOND = 60, 40


def _die(_world: World) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(folder: Path, pairs: int) -> dict[str, Any]:
    """Kill so many runs and the repairs after them; a pair counts if both were killed."""
    chance = random.Random(pairs)
    bases = {}
    for task, (before, _names, _options) in TASKS.items():
        bases[task] = World(folder / f"{task}-before")
        bases[task].root.mkdir()
        forked(bases[task], before, {})
    told: dict[str, Any] = {"tries": 0, "lost": []}
    while told["tries"] < pairs:
        task = chance.choice(list(TASKS))
        _before, names, options = TASKS[task]
        world = bases[task].copy(folder / "world")
        memory = Memory.of(world)
        first, second = chance.randint(1, FIRST), chance.randint(1, SECOND)
        killed = [forked(world, names, options, number, _die) == -signal.SIGKILL for number in (first, second)]
        if all(killed):
            told["tries"] += 1
            told["lost"] += [f"{task} at {first} and {second}: {problem}" for problem in violations(world, memory, names, options, [])]
        shutil.rmtree(world.root)
    return told


if __name__ == "__main__":
    json.dump(main(Path(sys.argv[1]), int(sys.argv[2])), sys.stdout)
