# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a key's comment may hold: it ends a line of ``authorized_keys``, so it must never be able to start another one."""

from __future__ import annotations

MAX_COMMENT = 1024


def comment_problem(comment: str) -> str | None:
    """Return what is wrong with a comment, as a clause that does not hold it; None if it may be used."""
    if len(comment) > MAX_COMMENT:
        return f"the comment has {len(comment)} characters, and the limit is {MAX_COMMENT}"
    if not comment.isprintable():
        return "the comment holds control characters or others that are not printable"
    return None
