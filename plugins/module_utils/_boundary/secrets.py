# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell ansible-core about secrets where it can mask them (ansible-core 2.22 and later)."""

from __future__ import annotations

try:
    from ansible.module_utils.secrets import register_secret
except ImportError:
    register_secret = None


def mask(secret: str) -> None:
    """Register a secret text and each of its lines, since masks cover exact strings only."""
    if register_secret is None:
        return
    register_secret(secret)
    for line in secret.splitlines():
        if line and not line.startswith("-----"):
            register_secret(line)
