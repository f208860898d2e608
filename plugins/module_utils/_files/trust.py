# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who could change a file or directory behind our back."""

from __future__ import annotations

import os
import stat


def trusted_owner(status: os.stat_result) -> bool:
    """Tell whether the owner is root or the user who runs this."""
    return status.st_uid in (0, os.geteuid())


def directory_problem(status: os.stat_result) -> str | None:
    """Return why a directory must not be used, as a phrase that completes "it …", or None."""
    if not trusted_owner(status):
        return f"is owned by user {status.st_uid}, who is neither root nor the user who runs this"
    if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
        return f"is writable by everyone (mode {stat.S_IMODE(status.st_mode):04o})"
    return None


def is_group_writable(status: os.stat_result) -> bool:
    """Tell whether a group may change what is in a directory, or in a file."""
    return bool(status.st_mode & stat.S_IWGRP)
