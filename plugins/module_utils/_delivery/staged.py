# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of staged private key files: whose they are and which key they hold can be read off the name."""

from __future__ import annotations

import hashlib
import re

from ansible_collections.keywright.ssh.plugins.module_utils._rules.paths import OWN_PREFIX

_STAGED = re.compile(re.escape(OWN_PREFIX) + r"([0-9a-f]{24})\.([A-Za-z0-9_-]{43})")
_FROM_URL_SAFE = str.maketrans("-_", "+/")
_TO_URL_SAFE = str.maketrans("+/", "-_")


def tag_of(registry: str, region: str, name: str) -> str:
    """Return the 24 hexadecimal digits that stand for one key pair of one registry."""
    return hashlib.sha256("\0".join((registry, region, name)).encode()).hexdigest()[:24]


def staged_name(tag: str, fingerprint: str) -> str:
    """Return the name under which the private key of a fingerprint is staged."""
    return f"{OWN_PREFIX}{tag}.{fingerprint.removeprefix('SHA256:').translate(_TO_URL_SAFE)}"


def is_staged(file_name: str) -> bool:
    """Tell whether a file is the staged private key of any key pair."""
    return file_name.startswith(OWN_PREFIX) and _STAGED.fullmatch(file_name) is not None


def staged_fingerprint(tag: str, file_name: str) -> str | None:
    """Return the fingerprint that a staged file of this key pair is named after, None if the file is none."""
    match = _STAGED.fullmatch(file_name)
    return f"SHA256:{match[2].translate(_FROM_URL_SAFE)}" if match is not None and match[1] == tag else None
