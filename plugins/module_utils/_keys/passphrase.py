# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bytes that a passphrase stands for; nothing here ever shows one, and neither does an exception from here."""

from __future__ import annotations

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError

MAX_BYTES = 1023  # cryptography's and OpenSSL's limit for PEM


def encode_passphrase(passphrase: str) -> bytes:
    """Return the passphrase as UTF-8; raises InvalidPassphrase.Malformed if empty, too long, or not text."""
    try:
        secret = passphrase.encode()
    except UnicodeEncodeError:  # it holds the passphrase, so the failure below is raised outside of this block
        secret = b""
    if not 0 < len(secret) <= MAX_BYTES:
        raise KeyPairError(
            ErrorCode.PASSPHRASE_MALFORMED,
            f"Option 'passphrase' must be Unicode text of 1 to {MAX_BYTES} bytes in UTF-8.",
        )
    return secret
