# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The public half of a key pair in the form in which it is planned and registered."""

from __future__ import annotations

from typing import NamedTuple


class Material(NamedTuple):
    """A public key: ``encoded`` is the algorithm and the Base64 blob, the first two fields of an OpenSSH line."""

    type: str
    size: int
    fingerprint: str
    encoded: str
    comment: str = ""

    def line(self, comment: str) -> str:
        """Return the line for ``authorized_keys``."""
        return f"{self.encoded} {comment}" if comment else self.encoded
