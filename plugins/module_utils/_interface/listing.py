# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a listing to the result of ``ssh_keypair_info``."""

from __future__ import annotations

from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._interface.results import key_pair_result
from ansible_collections.keywright.ssh.plugins.module_utils._rules.names import MAX_KEY_PAIRS_PER_REGION
from ansible_collections.keywright.ssh.plugins.module_utils._service.listing import Listing


def listing_result(listing: Listing, include_public_key: bool) -> dict[str, Any]:
    """Return the result of a question about what is registered."""
    key_pairs = [key_pair_result(key_pair, status, bindings) for key_pair, status, bindings in listing.key_pairs]
    if not include_public_key:
        for each in key_pairs:
            del each["public_key"]
    regions = [
        {"region": region, "count": count, "quota": MAX_KEY_PAIRS_PER_REGION, "free": MAX_KEY_PAIRS_PER_REGION - count}
        for region, count in listing.counts
    ]
    result: dict[str, Any] = {"changed": False, "key_pairs": key_pairs, "regions": regions}
    if listing.warnings:
        result["warnings"] = list(listing.warnings)
    return result
