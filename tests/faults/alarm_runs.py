# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The core of the collection, run many times with a real SIGALRM at a random microsecond: ``alarm_runs FOLDER TRIES``."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from .in_process import do
from .invariant import Memory, violations_after_repair, violations_at_any_time
from .worlds import World

FINISHED, STRUCK, FAILED = 0, 3, 4
TASKS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("ops",), {}),
    (("ops",), {"tags": {"a": "b"}}),
    (("ops",), {"type": "ecdsa", "regenerate": "full_idempotence"}),
    (("ops", "web", "db"), {"regenerate": "never"}),
    (("ops", "web"), {"present": False, "remove_private_key": True}),
)


class TimeIsUp(BaseException):
    """What ansible-core's ``timeout`` raises out of its signal handler, as far as the collection can tell."""


def _strike(_number: int, _frame: object) -> NoReturn:
    raise TimeIsUp


def _forked(world: World, task: tuple[tuple[str, ...], dict[str, Any]], seconds: float) -> int:
    """Run a task in a child, as Ansible does, with an alarm after so many seconds (0: none); return what came of it."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = FAILED
    try:
        signal.signal(signal.SIGALRM, _strike)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        do(world, *task)
        signal.setitimer(signal.ITIMER_REAL, 0)
        code = FINISHED
    except TimeIsUp:
        code = STRUCK
    finally:
        os._exit(code)


def main(folder: Path, tries: int) -> dict[str, Any]:
    """Try so many times, in a new world every 25 tries, and return what was lost."""
    chance = random.Random(tries)
    lost: list[str] = []
    struck = 0
    longest = dict.fromkeys(range(len(TASKS)), 0.03)
    for number in range(tries):
        if number % 25 == 0:
            world = World(folder / str(number))
            world.root.mkdir()
            _forked(world, (("bystander",), {}), 0)
        which = chance.randrange(len(TASKS))
        memory = Memory.of(world)
        begin = time.monotonic()
        code = _forked(world, TASKS[which], chance.uniform(0.0005, longest[which] * 1.1))
        if code == FINISHED:
            longest[which] = 0.8 * longest[which] + 0.2 * (time.monotonic() - begin)
        struck += code == STRUCK
        lost += [f"try {number}: {problem}" for problem in _violations(world, memory, which, code)]
    return {"tries": tries, "struck": struck, "lost": lost}


def _violations(world: World, memory: Memory, which: int, code: int) -> list[str]:
    names, options = TASKS[which]
    removed = not options.get("present", True)
    if code == FAILED:
        return ["the run failed"]
    found = violations_at_any_time(world, memory, names if removed else ())
    if _forked(world, TASKS[which], 0) != FINISHED:
        return [*found, "the next run failed"]
    return found + violations_after_repair(world, memory, names, not removed, removed)


if __name__ == "__main__":
    json.dump(main(Path(sys.argv[1]), int(sys.argv[2])), sys.stdout)
