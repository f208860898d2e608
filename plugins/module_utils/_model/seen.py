# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was seen of one private key file, and what that says about its key pair."""

from __future__ import annotations

from typing import NamedTuple

DELIVERED = "delivered"
PRESENT = "present"
PENDING = "pending"
MISSING = "missing"
MISMATCHED = "mismatched"
UNVERIFIED = "unverified"
ELSEWHERE = "elsewhere"
NOT_MANAGED = "not_managed"
LISTED_STATUSES = (PRESENT, PENDING, MISSING, MISMATCHED, UNVERIFIED, ELSEWHERE, NOT_MANAGED)


class Seen(NamedTuple):
    """The private key file of one registered key pair, as it was found.

    ``status`` is one of :data:`LISTED_STATUSES`; ``cause`` is a phrase that completes "the private key file …" and explains
    what is wrong, None if nothing is. ``unfinished`` tells that an earlier run was stopped after it had registered
    the key pair, so that this run has something to finish. ``unreadable`` tells that the operating system refused the look.
    """

    status: str
    cause: str | None = None
    unfinished: bool = False
    unreadable: bool = False


NOTHING_SEEN = Seen(NOT_MANAGED)
