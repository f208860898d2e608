# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse the parameters of a ``registry_copy`` task, and return its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.keywright.ssh.plugins.module_utils._interface.request import Resolve, parse_lock_timeout, parse_registry
from ansible_collections.keywright.ssh.plugins.module_utils._rules.names import check_region
from ansible_collections.keywright.ssh.plugins.module_utils._service.copying import CopiedRegion


class CopyRequest(NamedTuple):
    """A parsed task: from which registry to which (paths or URLs), and which regions, all if there are none."""

    registry: str
    destination: str
    regions: tuple[str, ...]
    lock_timeout: int
    delete: bool


def parse_registry_copy(parameters: Mapping[str, Any], resolve: Resolve) -> CopyRequest:
    """Return the request of a task, or raise the first rule that it breaks."""
    regions = tuple(parameters["region"] or ())
    for region in regions:
        check_region(region)
    return CopyRequest(
        parse_registry(parameters, resolve),
        parse_registry(parameters, resolve, "destination"),
        regions,
        parse_lock_timeout(parameters["lock_timeout"]),
        parameters["delete"],
    )


def copy_result(regions: Sequence[CopiedRegion], warnings: Sequence[str], with_diff: bool) -> dict[str, Any]:
    """Return the result of a task, or of its prediction."""
    result: dict[str, Any] = {
        "changed": any(copied.changed for copied in regions),
        "regions": [
            {
                "region": copied.document.region,
                "copied": copied.changed,
                "serial": copied.document.serial,
                "serial_before": copied.serial_before,
                "key_pairs": len(copied.document.key_pairs),
            }
            for copied in regions
        ],
    }
    if with_diff:
        before = {copied.document.region: copied.serial_before for copied in regions}
        after = {copied.document.region: copied.document.serial for copied in regions}
        result["diff"] = {"before": before, "after": after, "before_header": "serials", "after_header": "serials"}
    if warnings:
        result["warnings"] = list(dict.fromkeys(warnings))
    return result
