# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bind and unbind: record, edit, verify, confirm.

The order is what keeps every grant recorded. A binding is registered as pending before the host is touched, and forgotten
after it was taken away there; a run that is stopped in between leaves a pending binding, which counts, and which the next
run finishes. Who edits an account holds its lock from the read that decides to the confirmation, so that two runs cannot
each undo what the other has registered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from ansible_collections.keywright.ssh.plugins.module_utils._login.attempt import Verdict
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import (
    ErrorCode,
    KeyPairError,
    StoreConflictError,
)
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Binding, Document, KeyPair
from ansible_collections.keywright.ssh.plugins.module_utils._planning.bind import BindPlan, BindWish, check_file, plan_bind, plan_unbind
from ansible_collections.keywright.ssh.plugins.module_utils._service.commit import commit_document
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment
from ansible_collections.keywright.ssh.plugins.module_utils._service.tries import tries

UNTOUCHED = (ErrorCode.ACCOUNT_UNKNOWN, ErrorCode.KEYS_UNSAFE, ErrorCode.KEYS_UNWRITABLE)  # the host's file is as it was


class Edit(NamedTuple):
    """What is to be done to the host's file: have the line ``grant``, and none of the keys ``revoke`` (fingerprints)."""

    user: str
    path: str | None
    grant: str | None
    revoke: Sequence[str]
    exclusive: bool = False


class Edited(NamedTuple):
    """What was done, or would be: lines that went and came. ``before`` and ``after`` are what an undo needs.

    ``path`` is the absolute path of the file, None if it is the account's usual one.
    """

    changed: bool
    removed: Sequence[str]
    added: Sequence[str]
    before: str | None
    after: str
    path: str | None = None


class Host(Protocol):
    """A host that a key pair is bound to. All methods raise an error that says so if the connection fails."""

    def edit(self, edit: Edit, check_mode: bool) -> Edited:
        """Edit the account's file, all or nothing; raises :class:`KeyPairError`, with one of ``UNTOUCHED`` if it is as it was."""

    def undo(self, edit: Edit, edited: Edited) -> None:
        """Put back what was there before an edit."""

    def log_on(self, wish: BindWish, key_pair: KeyPair) -> Verdict:
        """Log on with a key pair and nothing else."""


class BindOutcome(NamedTuple):
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

    Raises :class:`KeyPairError`. If the login fails, the lines on the host and the registry are as they were before.
    """
    document = environment.store.read(wish.region).document
    edited = host.edit(_edit_of(wish, _planned(wish, environment, document)), check_mode=True)
    wish = replace(wish, path=edited.path)
    foreseen = BindOutcome(_checked(wish, _planned(wish, environment, document)), edited)
    if check_mode:
        return foreseen
    if foreseen.changed:
        with environment.store.exclusive_account(wish.account, wish.lock_timeout):
            return _bound(wish, environment, host)
    environment.store.confirm(wish.region)
    verdict = _verify(wish, host, foreseen.plan)
    if verdict.words is not None:
        raise _login_failed(wish, verdict.words, "nothing was changed")
    return foreseen._replace(verified=verdict.verified, warnings=_warnings(wish, verdict))


def unbind(wish: BindWish, environment: Environment, host: Host | None, check_mode: bool) -> BindOutcome:
    """Take a key pair's access to an account away; without a host, only forget it. Raises :class:`KeyPairError`."""
    plan = _planned_unbind(wish, environment)
    if wish.path is None and plan.before is not None:
        wish = replace(wish, path=plan.before.path)
    elif host is not None and wish.path is not None:
        wish = replace(wish, path=host.edit(_edit_of(wish, plan), check_mode=True).path)
    plan = _planned_unbind(wish, environment)
    if host is not None:
        _checked(wish, plan)
    if check_mode or plan.before is None:
        foreseen = BindOutcome(plan, None if host is None or not plan.revoke else host.edit(_edit_of(wish, plan), check_mode=True))
        if check_mode:
            return foreseen
        environment.store.confirm(wish.region)
        if not foreseen.changed:
            return foreseen
    with environment.store.exclusive_account(wish.account, wish.lock_timeout):
        plan, edited = _planned_unbind(wish, environment), None
        if host is not None and plan.revoke:
            edited = host.edit(_edit_of(wish, _checked(wish, plan)), check_mode=False)
        if plan.before is not None:
            _change(wish, environment, lambda _document: None, plan.before)
    return BindOutcome(plan, edited)


def _bound(wish: BindWish, environment: Environment, host: Host) -> BindOutcome:
    """Bind, with the account's lock held."""
    plan = _record_pending(wish, environment)
    edit = _edit_of(wish, plan)
    try:
        edited = host.edit(edit, check_mode=False)
    except KeyPairError as error:
        if error.code in UNTOUCHED:
            _take_back(wish, environment, plan)
        else:
            error.message += " It is not known whether the key is there now; the binding stays registered, and the next run finishes it."
        raise
    verdict = _verify(wish, host, plan)
    if verdict.words is not None:
        if edited.changed:
            host.undo(edit, edited)
        _take_back(wish, environment, plan)
        raise _login_failed(wish, verdict.words, "the lines that were there were put back" if edited.changed else "nothing was changed")
    _change(wish, environment, lambda _document: plan.after, plan.pending)
    return BindOutcome(plan, edited, verdict.verified, _warnings(wish, verdict))


def _planned(wish: BindWish, environment: Environment, document: Document) -> BindPlan:
    now = environment.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    return _sparing(wish, environment, plan_bind(wish, document, now))


def _checked(wish: BindWish, plan: BindPlan) -> BindPlan:
    check_file(wish, plan.before)
    return plan


def _planned_unbind(wish: BindWish, environment: Environment) -> BindPlan:
    return _sparing(wish, environment, plan_unbind(wish, environment.store.read(wish.region).document))


def _edit_of(wish: BindWish, plan: BindPlan) -> Edit:
    return Edit(wish.user, wish.path, plan.grant, plan.revoke, wish.exclusive and plan.grant is not None)


def _sparing(wish: BindWish, environment: Environment, plan: BindPlan) -> BindPlan:
    """Return the plan without the lines that another region's binding of the same account needs in the same file."""
    if not plan.revoke:
        return plan
    others = [environment.store.read(region).document.bindings for region in environment.store.regions() if region != wish.region]
    here = [bindings[wish.account] for bindings in others if wish.account in bindings and bindings[wish.account].path == wish.path]
    needed = {binding.fingerprint for binding in here}
    return plan._replace(revoke=tuple(fingerprint for fingerprint in plan.revoke if fingerprint not in needed))


def _verify(wish: BindWish, host: Host, plan: BindPlan) -> Verdict:
    if not wish.verify or plan.key_pair is None:
        return Verdict(False)
    return host.log_on(wish, plan.key_pair)


def _login_failed(wish: BindWish, words: str, what: str) -> KeyPairError:
    return KeyPairError(
        ErrorCode.LOGIN_FAILED, f"The login to '{wish.account}' with key pair '{wish.name}' failed, so {what}; ssh says: {words}"
    )


def _record_pending(wish: BindWish, environment: Environment) -> BindPlan:
    """Register the binding as pending, unless all of it is registered already, and return the plan that was made for that."""
    plans: list[BindPlan] = []

    def pending(document: Document) -> Binding | None:
        plans.append(_checked(wish, _planned(wish, environment, document)))
        return plans[-1].pending

    _change(wish, environment, pending)
    return plans[-1]


def _take_back(wish: BindWish, environment: Environment, plan: BindPlan) -> None:
    _change(wish, environment, lambda _document: plan.before, plan.pending)


def _change(wish: BindWish, environment: Environment, new: Callable[[Document], Binding | None], expected: Binding | None = None) -> None:
    """Replace what is registered for the account, on top of whatever others have registered meanwhile.

    If a binding is ``expected`` and another one is there, a store that cannot lock has let somebody else in between, whose
    binding stays; then it raises :class:`StoreConflictError`.
    """
    for _try in tries(wish.lock_timeout):
        with environment.store.exclusive(wish.region, wish.lock_timeout):
            snapshot = environment.store.read(wish.region)
            bindings = dict(snapshot.document.bindings)
            if expected is not None and bindings.get(wish.account) != expected:
                break
            binding = new(snapshot.document)
            if binding is not None:
                bindings[wish.account] = binding
            else:
                bindings.pop(wish.account, None)
            if bindings == snapshot.document.bindings:
                return
            try:
                commit_document(environment.store, snapshot, snapshot.document._replace(bindings=bindings))
            except StoreConflictError:
                continue
            return
    raise StoreConflictError(wish.region)


def _warnings(wish: BindWish, verdict: Verdict) -> tuple[str, ...]:
    if verdict.untried is None:
        return ()
    return (f"The login to '{wish.account}' with key pair '{wish.name}' was not verified: {verdict.untried}.",)
