# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What binding and unbinding change, as pure functions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Binding
from ansible_collections.keywright.ssh.plugins.module_utils._planning.bind import BindWish, check_file, plan_bind, plan_unbind
from ansible_collections.keywright.ssh.plugins.module_utils._planning.plan import plan
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils import builders
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.binding.bound_worlds import ACCOUNT, OPS, THREE, TWO
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import REGION, binding, document, key_pair

NOW = "2026-11-24T04:52:07Z"
WISH = BindWish(REGION, "ops", "web1", "192.0.2.1", 22, "deploy")
SAME_KEY = key_pair("same", 1)
BOUND = binding(OPS)
PENDING = binding(OPS, pending=True, replaces=(TWO.fingerprint,))
TWO_PENDING = binding(TWO, pending=True, replaces=(OPS.fingerprint, THREE.fingerprint))

# What is registered for the account: what is revoked, what another key pair is replaced, whether the time is kept.
BINDS: dict[str, tuple[Binding | None, tuple[str, ...], str | None, bool]] = {
    "nothing": (None, (), None, False),
    "the key pair": (BOUND, (), None, True),
    "another": (binding(TWO), (TWO.fingerprint,), "two", False),
    "the key pair, unfinished": (PENDING, (TWO.fingerprint,), None, True),
    "another, unfinished": (TWO_PENDING, (TWO.fingerprint, THREE.fingerprint), "two", False),
    "another of the same key": (binding(SAME_KEY), (), "same", False),
    "the key pair at another address": (binding(OPS, address="192.0.2.9", port=2222), (), None, True),
}


@pytest.mark.parametrize(("before", "revoke", "replaced", "keeps_time"), BINDS.values(), ids=BINDS)
def test_a_bind_grants_one_line_and_revokes_what_was_bound(
    before: Binding | None, revoke: tuple[str, ...], replaced: str | None, keeps_time: bool
) -> None:
    found = plan_bind(WISH, document(OPS, TWO, THREE, SAME_KEY, bindings=[before] if before else []), NOW)
    assert found.before == before
    assert found.after == binding(OPS, bound_at=BOUND.bound_at if keeps_time else NOW)
    assert (found.grant, found.revoke, found.replaced) == (OPS.public_key, revoke, replaced)
    assert found.pending == (BOUND if before == BOUND else (found.after or BOUND)._replace(pending=True, replaces=revoke))


def test_bindings_of_other_accounts_and_hosts_do_not_matter() -> None:
    others = [binding(TWO, user="root"), binding(TWO, "web2"), binding(TWO, "web1.example")]
    assert plan_bind(WISH, document(OPS, TWO, bindings=others), NOW) == plan_bind(WISH, document(OPS, TWO), NOW)
    assert plan_unbind(WISH, document(OPS, TWO, bindings=others)) == plan_unbind(WISH, document(OPS, TWO))


def test_a_key_pair_that_is_not_registered_is_not_bound() -> None:
    with pytest.raises(KeyPairError, match=f"'ops' is registered in region '{REGION}'") as refusal:
        plan_bind(WISH, document(TWO), NOW)
    assert refusal.value.code is ErrorCode.NAME_UNKNOWN


# What is registered for the account: what is revoked, whether the binding is forgotten.
UNBINDS: dict[str, tuple[Binding | None, tuple[str, ...], bool]] = {
    "nothing": (None, (OPS.fingerprint,), False),
    "the key pair": (BOUND, (OPS.fingerprint,), True),
    "the key pair, unfinished": (PENDING, (OPS.fingerprint, TWO.fingerprint), True),
    "another": (binding(TWO), (OPS.fingerprint,), False),
    "another of the same key": (binding(SAME_KEY), (), False),
}


@pytest.mark.parametrize(("before", "revoke", "forgets"), UNBINDS.values(), ids=UNBINDS)
def test_an_unbind_revokes_the_key_and_forgets_its_binding(before: Binding | None, revoke: tuple[str, ...], forgets: bool) -> None:
    found = plan_unbind(WISH, document(OPS, TWO, SAME_KEY, bindings=[before] if before else []))
    assert (found.before, found.after, found.pending) == (before if forgets else None, None, None)
    assert (found.grant, found.revoke, found.replaced) == (None, revoke, None)


def test_what_is_neither_registered_nor_bound_is_unbound_by_doing_nothing() -> None:
    found = plan_unbind(WISH, document(TWO))
    assert (found.before, found.after, found.grant, found.revoke) == (None, None, None, ())


def test_a_name_that_is_not_registered_takes_nothing_from_the_key_pair_that_is_bound() -> None:
    found = plan_unbind(WISH, document(TWO, bindings=[binding(TWO)]))
    assert (found.before, found.after, found.grant, found.revoke) == (None, None, None, ())


OWN = "the account's own file"

# The file of the registered binding, the file of the task, and how a refusal names both; None if they are one.
FILES: dict[str, tuple[str | None, str | None, tuple[str, str] | None]] = {
    "the account's own": (None, None, None),
    "the same": ("/etc/keys/deploy", "/etc/keys/deploy", None),
    "another": ("/etc/keys/deploy", "/srv/keys", ("the file '/etc/keys/deploy'", "the file '/srv/keys'")),
    "the task's is the account's own": ("/etc/keys/deploy", None, ("the file '/etc/keys/deploy'", OWN)),
    "the registered is the account's own": (None, "/srv/keys", (OWN, "the file '/srv/keys'")),
}


@pytest.mark.parametrize(("registered", "stated", "named"), FILES.values(), ids=FILES)
def test_a_binding_stays_in_its_file_and_a_refusal_names_both_files(
    registered: str | None, stated: str | None, named: tuple[str, str] | None
) -> None:
    wish, before = replace(WISH, path=stated), binding(OPS, path=registered)
    if named is None:
        check_file(wish, before)
        return
    with pytest.raises(KeyPairError) as refusal:
        check_file(wish, before)
    assert refusal.value.code is ErrorCode.KEYS_ELSEWHERE
    assert f"'ops' is bound to '{ACCOUNT}' in {named[0]}, and this task is about {named[1]};" in refusal.value.message


@pytest.mark.parametrize(("value", "field"), [(WISH, "user"), (plan_bind(WISH, document(OPS), NOW), "grant")], ids=["wish", "plan"])
def test_what_was_asked_for_and_what_was_decided_cannot_be_changed(value: object, field: str) -> None:
    with pytest.raises(AttributeError):
        setattr(value, field, "other")


@pytest.mark.parametrize("options", [{"present": False}, {"type": "ecdsa", "regenerate": "full_idempotence"}], ids=["removed", "replaced"])
def test_a_key_pair_that_an_unfinished_bind_replaces_counts_as_bound(options: dict[str, object]) -> None:
    registered = document(OPS, TWO, bindings=[binding(TWO, pending=True, replaces=(OPS.fingerprint,))])
    with pytest.raises(KeyPairError, match=ACCOUNT) as refusal:
        plan(builders.wish("ops", **options), registered, {}, builders.CONTROLLER)
    assert refusal.value.code is ErrorCode.BOUND
