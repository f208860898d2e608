# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the machine's Python interpreters: on PATH and among pyenv's versions, never pyenv's shims.

A shim of a version that is not selected exists and does not start.
"""

from __future__ import annotations

import os
import subprocess  # nosec B404 # each command is a list, without a shell
from collections.abc import Iterator
from pathlib import Path


def folders() -> Iterator[Path]:
    """Yield the folders that may hold interpreters, those on PATH first."""
    for name in os.environ.get("PATH", "").split(os.pathsep):
        if name and Path(name).name != "shims":
            yield Path(name)
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(root.glob("versions/*/bin"))


def find_interpreter(version: str) -> Path | None:
    """Return an interpreter of the version, such as ``3.12``, that starts and is no virtual environment's."""
    check = f"import sys; sys.exit(sys.prefix != sys.base_prefix or '%d.%d' % sys.version_info[:2] != '{version}')"
    for folder in folders():
        candidate = folder / f"python{version}"
        if not candidate.is_file():
            continue
        checked = subprocess.run([candidate, "-c", check], capture_output=True, check=False)  # nosec B603 # on the user's own PATH
        if checked.returncode == 0:
            return candidate
    return None
