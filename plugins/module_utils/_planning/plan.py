# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide about all key pairs of a task together, since a task is one transaction."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Document, accounts_of
from ansible_collections.keywright.ssh.plugins.module_utils._model.seen import NOTHING_SEEN, Seen
from ansible_collections.keywright.ssh.plugins.module_utils._model.wish import Wish
from ansible_collections.keywright.ssh.plugins.module_utils._planning.absent import plan_absent
from ansible_collections.keywright.ssh.plugins.module_utils._planning.present import plan_present
from ansible_collections.keywright.ssh.plugins.module_utils._planning.step import KEEP, REMOVE, UPDATE, Step
from ansible_collections.keywright.ssh.plugins.module_utils._rules.names import check_quota, check_removal_quota

MAX_SHOWN = 20


def plan(wish: Wish, document: Document, seen: Mapping[str, Seen], controller: str) -> tuple[Step, ...]:
    """Return one step per name, in the order of the task, or raise why none of them may be taken."""
    if not wish.present:
        check_removal_quota(len(wish.names))
        steps = tuple(plan_absent(wish, name, document.key_pairs.get(name), seen.get(name, NOTHING_SEEN)) for name in wish.names)
        _refuse_bound(document, steps)
        return steps
    new = sum(name not in document.key_pairs for name in wish.names)
    if new:
        check_quota(wish.region, len(document.key_pairs), new)
    steps = tuple(plan_present(wish, name, document.key_pairs.get(name), seen.get(name, NOTHING_SEEN), controller) for name in wish.names)
    _refuse_bound(document, steps)
    return steps


def _refuse_bound(document: Document, steps: tuple[Step, ...]) -> None:
    """Refuse to remove or replace a key pair that hosts let in; who holds the old key could not be told afterwards."""
    if not document.bindings:
        return
    for step in steps:
        if step.before is None or step.action in (KEEP, UPDATE):
            continue
        accounts = accounts_of(document, step.before)
        if accounts:
            verb = "removed" if step.action == REMOVE else "replaced"
            others = f" and {len(accounts) - MAX_SHOWN} more" if len(accounts) > MAX_SHOWN else ""
            raise KeyPairError(
                ErrorCode.BOUND,
                f"Key pair '{step.name}' of region '{document.region}' cannot be {verb} while it is bound to "
                f"{', '.join(accounts[:MAX_SHOWN])}{others}; unbind it first with keywright.ssh.ssh_keypair_binding and "
                "'state: absent', for a host that is gone also with 'registry_only: true'.",
            )
