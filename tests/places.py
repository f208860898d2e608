# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the key pairs of a try or a measurement are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

REGION = "eu-1"
MODULE = "keywright.ssh.ssh_keypair"


@dataclass(frozen=True)
class Place:
    """A registry and a directory of private keys below ``root``."""

    root: Path

    @property
    def registry(self) -> Path:
        """Return the registry."""
        return self.root / "registry"

    @property
    def keys(self) -> Path:
        """Return the directory that private keys are delivered to."""
        return self.root / "keys"
