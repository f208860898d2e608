# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths that tasks name: what makes them unfit to be recorded or opened."""

from __future__ import annotations

import os

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._rules.text import has_control_characters, holds_secret, shown

MAX_FILE_NAME_BYTES = 255
MAX_PATH_BYTES = 4095
OWN_PREFIX = ".keywright."


def check_path(option: str, path: str) -> None:
    """Refuse a path that names nothing, or that still has a ``~user`` or ``$VARIABLE`` in it that nobody could expand."""
    problem = path_problem(path)
    if problem is not None:
        raise KeyPairError(ErrorCode.PATH_MALFORMED, f"Option '{option}' {problem}, got {shown(path)}.")


def check_file_name(option: str, path: str) -> None:
    """Refuse a file whose name is too long for a file system, missing, or of the kind that this collection stages with."""
    name = os.path.basename(path)
    if name in ("", ".", ".."):
        problem = "must name a file, not a directory"
    elif len(name.encode()) > MAX_FILE_NAME_BYTES:
        problem = f"must name a file of at most {MAX_FILE_NAME_BYTES} bytes"
    elif name.startswith(OWN_PREFIX):
        problem = f"must not name a file that starts with '{OWN_PREFIX}'"
    else:
        return
    raise KeyPairError(ErrorCode.PATH_MALFORMED, f"Option '{option}' {problem}, got {shown(path)}.")


def path_problem(path: str) -> str | None:
    """Return what is wrong with a path as a phrase that completes "it …", or None."""
    if not path.strip():
        return "must not be empty"
    if has_control_characters(path) or holds_secret(path):
        return "must be a path without control characters"
    if path.startswith("~"):
        return "must start with the home of a user who exists"
    if "$" in path:
        return "must not hold '$': the environment variable is not set"
    if len(path.encode()) > MAX_PATH_BYTES:
        return f"must be at most {MAX_PATH_BYTES} bytes"
    return None
