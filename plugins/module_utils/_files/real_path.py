# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths without symbolic links, while somebody may be changing those."""

from __future__ import annotations

import os

_TRIES = 100


def real_path(path: str) -> str:
    """Return a path without symbolic links; raises the :class:`OSError` of a link that is exchanged at each of many looks.

    ``os.path.realpath`` looks at each component twice, and raises EINVAL if a link was exchanged for a directory between.
    """
    for _attempt in range(_TRIES - 1):
        try:
            return os.path.realpath(path)
        except OSError:
            continue
    return os.path.realpath(path)
