# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What plugins return: the same keys for a key pair everywhere, and the difference that a run makes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._keys.ec2 import EC2_TYPES, ec2_fingerprint
from ansible_collections.keywright.ssh.plugins.module_utils._keys.wire import md5_of_line
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import KNOWN_AFTER_APPLY, Binding, KeyPair, bindings_by_name
from ansible_collections.keywright.ssh.plugins.module_utils._model.seen import DELIVERED, NOT_MANAGED, PRESENT
from ansible_collections.keywright.ssh.plugins.module_utils._model.wish import Wish
from ansible_collections.keywright.ssh.plugins.module_utils._planning.step import ADOPT, CREATE, IMPORT, UPDATE, Step
from ansible_collections.keywright.ssh.plugins.module_utils._service.run import Outcome


def key_pair_result(key_pair: KeyPair, private_key_status: str, bindings: Iterable[Binding]) -> dict[str, Any]:
    """Return a key pair as plugins return it."""
    return {
        "name": key_pair.name,
        "region": key_pair.region,
        "id": key_pair.id,
        "type": key_pair.type,
        "size": key_pair.size,
        "fingerprint": key_pair.fingerprint,
        **_other_fingerprints(key_pair),
        "public_key": key_pair.public_key,
        "comment": key_pair.comment,
        "creation_type": key_pair.creation_type,
        "created_at": key_pair.created_at,
        "tags": dict(key_pair.tags),
        "private_key_file": None if key_pair.delivery is None else key_pair.delivery.file,
        "private_key_status": private_key_status,
        "bindings": [_binding_result(binding) for binding in bindings],
    }


def _binding_result(binding: Binding) -> dict[str, Any]:
    return {field: getattr(binding, field) for field in ("host", "address", "port", "user", "bound_at", "pending")}


def bound_account(binding: Binding, private_key_file: str | None) -> dict[str, Any]:
    """Return a binding as the inventory shows it."""
    return {"key_pair": binding.key_pair, **_binding_result(binding), "private_key_file": private_key_file}


def outcome_result(wish: Wish, outcome: Outcome, with_diff: bool) -> dict[str, Any]:
    """Return the result of a run or of its prediction."""
    bindings = bindings_by_name(outcome.document)
    key_pairs = [
        key_pair_result(step.after, _status(step, outcome), bindings.get(step.name, ())) for step in outcome.steps if step.after is not None
    ]
    result: dict[str, Any] = {"changed": outcome.changed, "key_pairs": key_pairs}
    if len(wish.names) == 1:
        result["key_pair"] = key_pairs[0] if key_pairs else None
    if with_diff:
        result["diff"] = _diff(wish, outcome)
    if outcome.warnings:
        result["warnings"] = list(dict.fromkeys(outcome.warnings))
    return result


def _status(step: Step, outcome: Outcome) -> str:
    if step.action == ADOPT or (step.before and step.after and step.before.delivery != step.after.delivery and step.action == UPDATE):
        return PRESENT
    if step.action == IMPORT or (step.after is not None and step.after.delivery is None):
        return NOT_MANAGED
    return DELIVERED if step.action == CREATE or step.name in outcome.finished else step.seen.status


def _diff(wish: Wish, outcome: Outcome) -> dict[str, Any]:
    changed = [step for step in outcome.steps if step.changed or step.name in outcome.finished]
    before = {step.name: key_pair_result(step.before, _status_before(step, outcome), ()) for step in changed if step.before is not None}
    after = {step.name: key_pair_result(step.after, _status(step, outcome), ()) for step in changed if step.after is not None}
    for each in (*before.values(), *after.values()):
        del each["bindings"]  # they are never changed here
    header = f"key pairs of region {wish.region}"
    return {"before": before, "after": after, "before_header": header, "after_header": header}


def _status_before(step: Step, outcome: Outcome) -> str:
    return "pending" if step.name in outcome.finished and step.before is not None and step.before.delivery is not None else step.seen.status


def _other_fingerprints(key_pair: KeyPair) -> dict[str, str | None]:
    if key_pair.public_key == KNOWN_AFTER_APPLY:
        return {"fingerprint_md5": KNOWN_AFTER_APPLY, "fingerprint_ec2": KNOWN_AFTER_APPLY if key_pair.type in EC2_TYPES else None}
    return {"fingerprint_md5": md5_of_line(key_pair.public_key), "fingerprint_ec2": ec2_fingerprint(key_pair.type, key_pair.public_key)}
