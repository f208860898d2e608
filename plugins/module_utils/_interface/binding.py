# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse the parameters of a ``ssh_keypair_binding`` task, and return its result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.keywright.ssh.plugins.module_utils._interface.request import Resolve, parse_lock_timeout, parse_registry
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._planning.bind import BindWish
from ansible_collections.keywright.ssh.plugins.module_utils._rules.names import check_name, check_region
from ansible_collections.keywright.ssh.plugins.module_utils._rules.text import has_control_characters, shown
from ansible_collections.keywright.ssh.plugins.module_utils._service.binding import BindOutcome


class Destination(NamedTuple):
    """The host of a task: its name in the inventory, where it is reached, and the account of the connection."""

    host: str
    address: str
    port: int
    user: str


class BindRequest(NamedTuple):
    """A parsed task."""

    wish: BindWish
    registry: str
    present: bool
    registry_only: bool


def parse_ssh_keypair_binding(parameters: Mapping[str, Any], destination: Destination, resolve: Resolve) -> BindRequest:
    """Return the request of a task for one host, or raise the first rule that it breaks."""
    check_region(parameters["region"])
    check_name(parameters["name"])
    present = parameters["state"] == "present"
    if present and parameters["registry_only"]:
        raise KeyPairError(
            ErrorCode.PARAMETER_CONFLICT, "Option 'registry_only' goes with 'state: absent' only, since a bind edits the host's file."
        )
    user = parameters["user"] if parameters["user"] is not None else destination.user
    for option, value in (("user", user), ("path", parameters["path"])):
        if value is not None and (not value or has_control_characters(value) or (option == "user" and set(value) & set("@:/ "))):
            raise KeyPairError(
                ErrorCode.PARAMETER_INVALID, f"Option '{option}' must be a name without control characters, got {shown(value)}."
            )
    wish = BindWish(
        region=parameters["region"],
        name=parameters["name"],
        host=destination.host,
        address=destination.address,
        port=destination.port,
        user=user,
        verify=parameters["verify"],
        exclusive=parameters["exclusive"],
        path=parameters["path"],
        passphrase=parameters["passphrase"],
        lock_timeout=parse_lock_timeout(parameters["lock_timeout"]),
    )
    return BindRequest(wish, parse_registry(parameters, resolve), present, parameters["registry_only"])


def binding_result(wish: BindWish, outcome: BindOutcome, with_diff: bool) -> dict[str, Any]:
    """Return the result of a task, or of its prediction."""
    after = outcome.plan.after
    binding = None
    if after is not None:
        binding = {
            "host": after.host,
            "user": after.user,
            "key_pair": after.key_pair,
            "fingerprint": after.fingerprint,
            "replaced": outcome.plan.replaced,
            "verified": outcome.verified,
        }
    result: dict[str, Any] = {"changed": outcome.changed, "binding": binding}
    if with_diff and outcome.edited is not None:
        header = f"keys of {wish.account}"
        result["diff"] = {
            "before": "".join(f"{line}\n" for line in outcome.edited.removed),
            "after": "".join(f"{line}\n" for line in outcome.edited.added),
            "before_header": header,
            "after_header": header,
        }
    if outcome.warnings:
        result["warnings"] = list(outcome.warnings)
    return result
