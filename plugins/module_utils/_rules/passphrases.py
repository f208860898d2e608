# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Passphrases of private keys; no message shows any part of one."""

from __future__ import annotations

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._rules.text import has_control_characters

MIN_CHARACTERS = 5
MAX_BYTES = 1023


def check_passphrase(passphrase: str) -> None:
    """Refuse a passphrase that ``ssh-keygen`` would not set (under 5 characters) or OpenSSL would not read (over 1,023 bytes)."""
    problem = _problem(passphrase)
    if problem is not None:
        raise KeyPairError(ErrorCode.PASSPHRASE_MALFORMED, f"Option 'passphrase' {problem}; its value is not shown.")


def _problem(passphrase: str) -> str | None:
    if not passphrase:
        return "must not be empty: leave the option out for a private key without passphrase"
    if has_control_characters(passphrase):
        return "must be one line without control characters"
    if len(passphrase) < MIN_CHARACTERS:
        return f"must be at least {MIN_CHARACTERS} characters"
    if len(passphrase.encode()) > MAX_BYTES:
        return f"must be at most {MAX_BYTES} bytes"
    return None
