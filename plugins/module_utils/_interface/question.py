# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the parameters of a ``ssh_keypair_info`` task to its question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.keywright.ssh.plugins.module_utils._interface.request import Resolve, parse_regions, parse_registry
from ansible_collections.keywright.ssh.plugins.module_utils._planning.selection import (
    Selection,
    host_pattern,
    name_pattern,
    normal_fingerprint,
)
from ansible_collections.keywright.ssh.plugins.module_utils._rules.tags import wanted_tags


class Question(NamedTuple):
    """A parsed question: what is selected, in which regions (all if none), and the registry that it is about."""

    selection: Selection
    regions: tuple[str, ...]
    registry: str


def parse_ssh_keypair_info(parameters: Mapping[str, Any], resolve: Resolve) -> Question:
    """Return the question of a ``ssh_keypair_info`` task, or raise the first rule that it breaks."""
    regions = tuple(parse_regions(parameters["region"] or ()))
    selection = Selection(
        names=tuple(map(name_pattern, parameters["name"] or ())),
        fingerprints=frozenset(map(normal_fingerprint, parameters["fingerprint"] or ())),
        tags=wanted_tags(parameters["tags"] or {}),
        types=frozenset(parameters["type"] or ()),
        creation_types=frozenset(parameters["creation_type"] or ()),
        statuses=frozenset(parameters["private_key_status"] or ()),
        bound_to=tuple(map(host_pattern, parameters["bound_to"] or ())),
        unbound=parameters["unbound"],
    )
    return Question(selection, regions, parse_registry(parameters, resolve))
