# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How values are shown in messages, and what no text may hold."""

from __future__ import annotations

import re

SECRET_WORDS = "PRIVATE KEY"  # nosec B105 # what marks a secret, and none itself
SHOWN_CHARACTERS = 40
QUOTED_CHARACTERS = 300

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def holds_secret(text: str) -> bool:
    """Tell whether text has the words that every PEM private key begins with."""
    return SECRET_WORDS in text.upper()


def has_control_characters(text: str) -> bool:
    """Tell whether text has a control character, a line or paragraph separator, or half a surrogate pair."""
    return _CONTROL.search(text) is not None


def one_line(text: str) -> str:
    """Return what somebody else says as one line that can stand in a message, at most 300 characters of it."""
    line = " ".join(_CONTROL.sub(" ", text).split())
    return line if len(line) <= QUOTED_CHARACTERS else f"{line[:QUOTED_CHARACTERS]}..."


def shown(value: object) -> str:
    """Quote a value for a message: escaped, at most 40 characters of it, and never what looks like a private key."""
    try:
        text = value if isinstance(value, str) else str(value)
    except ValueError:  # a number of thousands of digits
        return "a number that is too long to show"
    if holds_secret(text):
        return "a text that holds a private key"
    quoted = ascii(text[:SHOWN_CHARACTERS])
    return quoted if len(text) <= SHOWN_CHARACTERS else f"{quoted}... ({len(text)} characters)"
