# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run one program and count what it cost, with all the processes that it started."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_KIB_PER_MIB = 1024


class FailedRunError(Exception):
    """A program that was to be measured failed, or did not do what it was to do."""


@dataclass(frozen=True)
class Usage:
    """``cpu`` is user and system time of the process tree, ``wall`` is elapsed time, both in seconds.

    ``peak`` is the largest resident set that any one process of the tree had, in MiB.
    """

    cpu: float
    wall: float
    peak: float


def measured(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Usage:
    """Run a program to its end, its output in ``log``; raises :class:`FailedRunError` if it fails.

    wait4(2) tells of the process and of those of its descendants that were waited for, which a program that leaves no
    process behind does with all of them.
    """
    with log.open("wb") as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment)
        _pid, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise FailedRunError(f"{command[0]} ended with status {process.returncode}; its output is in {log}")
    return Usage(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / _KIB_PER_MIB)
