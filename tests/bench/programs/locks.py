# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure the collection's lock: how long a free one takes, and how soon after its release a contended one is had.

Usage: locks.py FOLDER FIGURES. The medians, in milliseconds, are written to the file FIGURES.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import statistics
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path

from ansible_collections.keywright.ssh.plugins.module_utils._files.directory import Directory
from ansible_collections.keywright.ssh.plugins.module_utils._files.lock import exclusive_lock
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode

FREE, CONTENDED = 500, 50
HELD_SECONDS = (0.02, 0.06)
TIMEOUT = 60
NAME = "bench.lock"


def free(directory: Directory) -> float:
    """Return how long taking a free lock takes."""
    start = time.monotonic()
    with exclusive_lock(directory, NAME, TIMEOUT, ErrorCode.REGISTRY_UNWRITABLE):
        return time.monotonic() - start


def wait(folder: str, pipe: Connection) -> None:
    """Wait for the lock each time that the other process says that it holds it, and tell when it was had."""
    with Directory(folder) as directory:
        while pipe.recv():
            with exclusive_lock(directory, NAME, TIMEOUT, ErrorCode.REGISTRY_UNWRITABLE):
                had = time.monotonic()
            pipe.send(had)


def contended(directory: Directory, pipe: Connection) -> float:
    """Hold the lock for a while that the other process cannot foresee, and return how long after the release it had it."""
    with exclusive_lock(directory, NAME, TIMEOUT, ErrorCode.REGISTRY_UNWRITABLE):
        pipe.send(True)
        time.sleep(random.uniform(*HELD_SECONDS))
    released = time.monotonic()
    had: float = pipe.recv()
    return max(0.0, had - released)


def main() -> None:
    """Measure both and write the medians."""
    folder, figures = sys.argv[1], Path(sys.argv[2])
    ours, theirs = multiprocessing.Pipe()
    waiter = multiprocessing.Process(target=wait, args=(folder, theirs))
    waiter.start()
    with Directory(folder) as directory:
        free_ms = statistics.median(free(directory) for _try in range(FREE)) * 1000
        wake_ms = statistics.median(contended(directory, ours) for _try in range(CONTENDED)) * 1000
    ours.send(False)
    waiter.join()
    figures.write_text(json.dumps({"free_ms": free_ms, "wake_ms": wake_ms}), encoding="utf-8")


if __name__ == "__main__":
    main()
