# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much of everything is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """``batch`` key pairs in one task or loop, ``peer_items`` in a loop over a module of other people, and so on.

    ``populations`` are numbers of regions; each region holds ``region_size`` key pairs, the last one of them one less, so that one
    more can be created there.
    """

    batch: int = 500
    peer_items: int = 20
    hosts: int = 200
    forks: int = 50
    rsa: int = 100
    region_size: int = 500
    populations: tuple[int, ...] = (1, 10, 100)

    @property
    def largest(self) -> int:
        """Return the number of key pairs of the largest population."""
        return self.region_size * self.populations[-1]


FULL = Sizes()
SMALL = Sizes(batch=50, peer_items=3, hosts=20, forks=10, rsa=8, region_size=50, populations=(1, 3, 10))
