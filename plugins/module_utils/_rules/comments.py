# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Comments of public keys, which become part of a line in ``authorized_keys``."""

from __future__ import annotations

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._rules.text import holds_secret, shown

MAX_CHARACTERS = 1024


def comment_problem(comment: str) -> str | None:
    """Return what is wrong with a comment as a phrase that completes "the comment …", or None."""
    if len(comment) > MAX_CHARACTERS:
        return f"must be at most {MAX_CHARACTERS} characters"
    if not comment.isprintable():
        return "must be one line of printable characters"
    if comment != comment.strip():
        return "must not start or end with white space"
    if holds_secret(comment):
        return "must not contain the words PRIVATE KEY"
    return None


def check_comment(comment: str) -> None:
    """Refuse a comment that could break the line it stands in, or that is not a comment at all."""
    problem = comment_problem(comment)
    if problem is not None:
        raise KeyPairError(ErrorCode.COMMENT_MALFORMED, f"Option 'comment' {problem}, got {shown(comment)}.")
