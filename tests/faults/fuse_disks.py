# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Disks that programs of the tests are, mounted by FUSE."""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..servers.processes import ServerError
from ..servers.programs import fuse_library
from .controller import CHECKOUT


def impossible() -> str:
    """Return why such a disk cannot be mounted on this machine, nothing if it can."""
    if importlib.util.find_spec("fuse") is None:
        return "needs fusepy"
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "needs /dev/fuse"
    try:
        os.environ["FUSE_LIBRARY_PATH"] = fuse_library()
        importlib.import_module("fuse")
    except (OSError, ServerError):
        return "needs libfuse2"
    return ""


@contextmanager
def mounted(module: str, folder: Path) -> Iterator[Path]:
    """Mount the disk that a module of the tests is, for the block."""
    folder.mkdir()
    process = subprocess.Popen([sys.executable, "-m", module, str(folder)], cwd=CHECKOUT, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while not os.path.ismount(folder):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the disk could not be mounted")
            time.sleep(0.05)
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)
        process.terminate()
        process.wait()
