# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bind and unbind: record, edit, verify, confirm.

The order is what keeps every grant recorded. A binding is registered as pending before the host is touched, and forgotten
after it was taken away there; a run that is stopped in between leaves a pending binding, which counts, and which the next
run finishes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ansible_collections.keywright.ssh.plugins.module_utils._login.attempt import Verdict
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import (
    ErrorCode,
    HostUnreachableError,
    KeyPairError,
    StoreConflictError,
)
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Binding, Document, KeyPair
from ansible_collections.keywright.ssh.plugins.module_utils._planning.bind import BindPlan, BindWish, plan_bind, plan_unbind
from ansible_collections.keywright.ssh.plugins.module_utils._service.commit import commit_document
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment

TRIES = 10


@dataclass(frozen=True)
class Edit:
    """What is to be done to the host's file: have the line ``grant``, and none of the keys ``revoke`` (fingerprints)."""

    user: str
    path: str | None
    grant: str | None
    revoke: Sequence[str]
    exclusive: bool = False


@dataclass(frozen=True)
class Edited:
    """What was done, or would be: lines that went and came. ``before`` and ``after`` are what an undo needs."""

    changed: bool
    removed: Sequence[str]
    added: Sequence[str]
    before: str | None
    after: str


class Host(Protocol):
    """A host that a key pair is bound to. All methods raise :class:`HostUnreachableError` if the connection fails."""

    def edit(self, edit: Edit, check_mode: bool) -> Edited:
        """Edit the account's file, all or nothing; raises :class:`KeyPairError` if it was left as it was."""

    def undo(self, edit: Edit, edited: Edited) -> None:
        """Put back what was there before an edit."""

    def log_on(self, wish: BindWish, key_pair: KeyPair) -> Verdict:
        """Log on with a key pair and nothing else."""


@dataclass(frozen=True)
class BindOutcome:
    """What a run did, or would do."""

    plan: BindPlan
    edited: Edited | None
    verified: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Tell whether the host's file or the registered binding changes."""
        return self.plan.before != self.plan.after or (self.edited is not None and self.edited.changed)


def bind(wish: BindWish, environment: Environment, host: Host, check_mode: bool) -> BindOutcome:
    """Let a key pair log on to an account, and see that it can.

    Raises :class:`KeyPairError`. If the login fails, the host and the registry are as they were before.
    """
    now = environment.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    document = environment.store.read(wish.region).document
    plan = _sparing(wish, environment, plan_bind(wish, document, now))
    edit = Edit(wish.user, wish.path, plan.grant, plan.revoke, wish.exclusive)
    edited = host.edit(edit, check_mode=True)
    if check_mode:
        return BindOutcome(plan, edited)
    if plan.before != plan.after or edited.changed:
        plan = _record_pending(wish, environment, now)
        edit = replace(edit, grant=plan.grant, revoke=plan.revoke)
        try:
            edited = host.edit(edit, check_mode=False)
        except HostUnreachableError:
            raise  # whether the line is there is not known, so the binding stays pending
        except KeyPairError:
            _record(wish, environment, plan.before)
            raise
    verdict = _verify(wish, host, document.key_pairs[wish.name])
    if verdict.words is not None:
        raise _undone(wish, environment, host, plan, edit, edited, verdict.words)
    if plan.before != plan.after:
        _record(wish, environment, plan.after)
    return BindOutcome(plan, edited, verdict.verified, _warnings(wish, verdict))


def unbind(wish: BindWish, environment: Environment, host: Host | None, check_mode: bool) -> BindOutcome:
    """Take a key pair's access to an account away; without a host, only forget it. Raises :class:`KeyPairError`."""
    plan = _sparing(wish, environment, plan_unbind(wish, environment.store.read(wish.region).document))
    edited = None
    if host is not None and plan.revoke:
        edited = host.edit(Edit(wish.user, wish.path, None, plan.revoke), check_mode)
    if plan.before is not None and not check_mode:
        _record(wish, environment, None)
    return BindOutcome(plan, edited)


def _sparing(wish: BindWish, environment: Environment, plan: BindPlan) -> BindPlan:
    """Return the plan without the lines that another region's binding of the same account needs."""
    if not plan.revoke:
        return plan
    others = [environment.store.read(region).document.bindings for region in environment.store.regions() if region != wish.region]
    needed = {bindings[wish.account].fingerprint for bindings in others if wish.account in bindings}
    return replace(plan, revoke=tuple(fingerprint for fingerprint in plan.revoke if fingerprint not in needed))


def _verify(wish: BindWish, host: Host, key_pair: KeyPair) -> Verdict:
    return host.log_on(wish, key_pair) if wish.verify else Verdict(False)


def _undone(wish: BindWish, environment: Environment, host: Host, plan: BindPlan, edit: Edit, edited: Edited, words: str) -> KeyPairError:
    """Put back the lines and then the record, and return the failure to raise."""
    if edited.changed:
        host.undo(edit, edited)
    _record(wish, environment, plan.before)
    what = "the lines that were there were put back" if edited.changed else "nothing was changed"
    return KeyPairError(
        ErrorCode.LOGIN_FAILED, f"The login to '{wish.account}' with key pair '{wish.name}' failed, so {what}; ssh says: {words}"
    )


def _record_pending(wish: BindWish, environment: Environment, now: str) -> BindPlan:
    plans: list[BindPlan] = []

    def pending(document: Document) -> Binding | None:
        plans.append(_sparing(wish, environment, plan_bind(wish, document, now)))
        return plans[-1].pending

    _change(wish, environment, pending)
    return plans[-1]


def _record(wish: BindWish, environment: Environment, binding: Binding | None) -> None:
    _change(wish, environment, lambda _document: binding)


def _change(wish: BindWish, environment: Environment, new: Callable[[Document], Binding | None]) -> None:
    """Replace what is registered for the account, on top of whatever others have registered meanwhile."""
    for _attempt in range(TRIES):
        with environment.store.exclusive(wish.region, wish.lock_timeout):
            snapshot = environment.store.read(wish.region)
            bindings = dict(snapshot.document.bindings)
            binding = new(snapshot.document)
            if binding is not None:
                bindings[wish.account] = binding
            elif bindings.pop(wish.account, None) is None:
                return
            if bindings == snapshot.document.bindings:
                return
            try:
                commit_document(environment.store, snapshot, replace(snapshot.document, bindings=bindings))
            except StoreConflictError:
                continue
            return
    raise StoreConflictError(wish.region)


def _warnings(wish: BindWish, verdict: Verdict) -> tuple[str, ...]:
    if verdict.untried is None:
        return ()
    return (f"The login to '{wish.account}' with key pair '{wish.name}' was not verified: {verdict.untried}.",)
