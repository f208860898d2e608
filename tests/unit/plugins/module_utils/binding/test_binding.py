# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bind and unbind, with a host in memory: what is on the host, what is registered, and what is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._login.attempt import Verdict
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, HostUnreachableError, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.codec import encode
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.binding.bound_worlds import (
    ACCOUNT,
    FOREIGN,
    OPS,
    THREE,
    TWO,
    BoundWorld,
    attempted,
    lines,
    with_nothing,
    with_ops,
    with_two_pending,
)
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import binding, document, key_pair

NOW = "2026-11-24T04:52:07Z"
Worlds = dict[str, Callable[[], BoundWorld]]
WORLDS: Worlds = {"nothing": with_nothing, "ops": with_ops, "two, unfinished": with_two_pending}


def _unreachable() -> HostUnreachableError:
    return HostUnreachableError("The host cannot be reached: gone.")


def test_a_bind_is_registered_edited_and_verified() -> None:
    world = with_nothing()
    outcome = world.bind()
    assert world.registered == binding(OPS, bound_at=NOW)
    assert world.host.content == lines(OPS).encode()
    assert (outcome.changed, outcome.verified, outcome.warnings, outcome.plan.replaced) == (True, True, (), None)
    assert world.store.writes == 2


@pytest.mark.parametrize("make", WORLDS.values(), ids=WORLDS)
@pytest.mark.parametrize("name", ["ops", "two", "three"])
def test_whatever_was_bound_one_key_pair_is_bound_then_and_the_second_run_writes_nothing(make: Callable[[], BoundWorld], name: str) -> None:
    world = make()
    predicted = world.bind(name, check_mode=True)
    assert (world.registered, world.host.content, world.store.writes) == (make().registered, make().host.content, 0)
    outcome = world.bind(name)
    assert (predicted.changed, predicted.edited, predicted.plan) == (outcome.changed, outcome.edited, outcome.plan)
    bound = {"ops": OPS, "two": TWO, "three": THREE}[name]
    assert world.host.content == lines(bound).encode()
    assert world.registered or binding(OPS)._replace(bound_at=NOW) == binding(bound, bound_at=NOW)
    writes, edits = world.store.writes, len(world.host.edits)
    again = world.bind(name)
    assert (again.changed, again.verified, world.store.writes, len(world.host.edits)) == (False, True, writes, edits)


@pytest.mark.parametrize("make", WORLDS.values(), ids=WORLDS)
@pytest.mark.parametrize("name", ["ops", "two", "three"])
def test_an_unbind_takes_what_is_bound_by_that_name_and_the_second_run_writes_nothing(make: Callable[[], BoundWorld], name: str) -> None:
    world = make()
    before = world.registered
    is_bound = before is not None and before.key_pair == name
    predicted = world.unbind(name, check_mode=True)
    assert (world.registered, world.host.content, world.store.writes) == (before, make().host.content, 0)
    outcome = world.unbind(name)
    assert (predicted.changed, predicted.edited) == (outcome.changed, outcome.edited)
    assert world.registered == (None if is_bound else before)
    assert world.unrecorded() == set()
    assert FOREIGN.encode() in (world.host.content or b"")
    writes, content = world.store.writes, world.host.content
    assert (world.unbind(name).changed, world.store.writes, world.host.content) == (False, writes, content)


def test_a_line_that_somebody_took_away_comes_back_in_one_run() -> None:
    world = with_ops()
    world.host.content = lines().encode()
    assert world.bind().changed
    assert world.registered == binding(OPS)
    assert not world.bind().changed


def test_a_line_that_somebody_brought_back_goes_with_an_unbind() -> None:
    world = with_nothing()
    world.host.content = lines(OPS).encode()
    assert world.unbind().changed
    assert world.host.content == lines().encode()
    assert world.store.writes == 0


def test_a_host_that_is_gone_is_forgotten_without_being_asked() -> None:
    world = with_ops()
    world.host.fails = {"before look": _unreachable(), "before edit": _unreachable()}
    outcome = world.unbind(registry_only=True)
    assert (outcome.changed, outcome.edited, world.registered) == (True, None, None)
    assert not world.unbind(registry_only=True).changed


@pytest.mark.parametrize("make", WORLDS.values(), ids=WORLDS)
@pytest.mark.parametrize("exclusive", [False, True], ids=["", "alone"])
def test_a_login_that_fails_leaves_everything_as_it_was(make: Callable[[], BoundWorld], exclusive: bool) -> None:
    world = make()
    world.host.lets_in = False
    content, registered = world.host.content, world.registered
    error = attempted(lambda: world.bind("three", exclusive=exclusive))
    assert error is not None
    assert error.code is ErrorCode.LOGIN_FAILED
    assert error.message == (
        f"The login to '{ACCOUNT}' with key pair 'three' failed, so the lines that were there were put back; "
        "ssh says: Permission denied (publickey)."
    )
    assert (world.host.content, world.registered) == (content, registered)


def test_a_login_that_fails_although_nothing_was_to_be_done_changes_nothing() -> None:
    world = with_ops()
    world.host.lets_in = False
    error = attempted(world.bind)
    assert error is not None
    assert error.code is ErrorCode.LOGIN_FAILED
    assert "nothing was changed" in error.message
    assert (world.registered, world.store.writes, world.host.edits) == (binding(OPS), 0, [])


def test_a_login_that_is_not_tried_is_a_warning() -> None:
    world = with_nothing()
    world.host.log_on = lambda wish, key_pair: Verdict(False, untried="it is encrypted")  # type: ignore[method-assign]
    outcome = world.bind()
    assert (outcome.verified, outcome.warnings) == (
        False,
        (f"The login to '{ACCOUNT}' with key pair 'ops' was not verified: it is encrypted.",),
    )
    assert world.registered == binding(OPS, bound_at=NOW)


def test_a_login_that_is_not_wanted_is_not_tried() -> None:
    world = with_nothing()
    outcome = world.bind(verify=False)
    assert (outcome.verified, outcome.warnings, world.host.logins) == (False, (), [])


def _error(code: ErrorCode) -> KeyPairError:
    return KeyPairError(code, "The host says so.")


KNOWN = [ErrorCode.ACCOUNT_UNKNOWN, ErrorCode.KEYS_UNSAFE, ErrorCode.KEYS_UNWRITABLE]


@pytest.mark.parametrize("make", WORLDS.values(), ids=WORLDS)
@pytest.mark.parametrize("code", KNOWN, ids=lambda code: code.value)
def test_an_edit_that_was_refused_leaves_what_is_registered_as_it_was(make: Callable[[], BoundWorld], code: ErrorCode) -> None:
    world = make()
    registered = world.registered
    world.host.fails = {"before edit": _error(code)}
    assert attempted(lambda: world.bind("three")) is world.host.fails["before edit"]
    assert world.registered == registered


@pytest.mark.parametrize("make", WORLDS.values(), ids=WORLDS)
@pytest.mark.parametrize("fail", [_unreachable, lambda: _error(ErrorCode.EDIT_FAILED)], ids=["connection lost", "module died"])
@pytest.mark.parametrize("when", ["before edit", "after edit"])
def test_an_edit_whose_end_is_not_known_leaves_the_binding_pending_and_the_next_run_finishes_it(
    make: Callable[[], BoundWorld], fail: Callable[[], KeyPairError], when: str
) -> None:
    world, error = make(), fail()
    world.host.fails = {when: error}
    assert attempted(lambda: world.bind("three")) is error
    assert error.message.endswith("the binding stays registered, and the next run finishes it.")
    assert world.unrecorded() == set()
    pending = world.registered
    assert pending is not None
    assert (pending.key_pair, pending.pending) == ("three", True)
    world.host.fails = {}
    assert world.bind("three").changed
    assert world.registered == pending._replace(pending=False, replaces=())
    assert world.host.content == lines(THREE).encode()


@pytest.mark.parametrize("when", ["before undo", "after undo"])
def test_an_undo_whose_end_is_not_known_leaves_the_binding_pending(when: str) -> None:
    world = with_ops()
    world.host.lets_in = False
    world.host.fails = {when: _unreachable()}
    assert attempted(lambda: world.bind("two")) is world.host.fails[when]
    assert world.registered == binding(TWO, bound_at=NOW, pending=True, replaces=(OPS.fingerprint,))


def test_an_unbind_of_a_host_that_cannot_be_reached_forgets_nothing() -> None:
    for when in ("before edit", "after edit"):
        world = with_ops()
        world.host.fails = {when: _unreachable()}
        assert attempted(world.unbind) is world.host.fails[when]
        assert world.registered is not None
        assert world.registered._replace(pending=False) == binding(OPS)


def test_a_line_that_another_region_needs_stays() -> None:
    same = key_pair("same", 1)._replace(region="us-1")
    for change in (lambda world: world.bind("two"), lambda world: world.unbind("ops")):
        world = with_ops()
        world.put(document(same, bindings=[binding(same)])._replace(region="us-1"))
        change(world)
        assert OPS.fingerprint in world.host.fingerprints


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_key_pair_that_is_not_registered_is_not_bound(check_mode: bool) -> None:
    world = with_ops()
    error = attempted(lambda: world.bind("unknown", check_mode=check_mode))
    assert error is not None
    assert error.code is ErrorCode.NAME_UNKNOWN
    assert (world.store.writes, world.host.edits) == (0, [])


def test_the_login_is_with_the_key_that_was_granted_also_if_it_was_replaced_meanwhile() -> None:
    world = with_nothing()
    new = key_pair("ops", 5)

    def replace_it(*_: Any) -> None:
        world.put(document(new, TWO, THREE, serial=8))

    world.store.after_read = [replace_it]
    world.bind()
    assert [each.fingerprint for each in world.host.logins] == [new.fingerprint]
    assert world.registered == binding(new, bound_at=NOW)


def test_what_others_registered_meanwhile_stays() -> None:
    world = with_nothing()
    other = binding(TWO, "web2")
    world.store.before_write = [lambda: world.put(document(OPS, TWO, THREE, serial=8, bindings=[other]))]
    assert world.bind().changed
    assert world.document().bindings == {ACCOUNT: binding(OPS, bound_at=NOW), other.account: other}
    assert encode(world.document()) == world.store.documents["eu-1"]


OTHER = "keys/deploy"
OTHER_FILE = "/home/deploy/keys/deploy"


def test_the_file_is_registered_and_an_unbind_finds_it() -> None:
    world = with_nothing()
    world.bind(path=OTHER)
    assert world.registered == binding(OPS, bound_at=NOW, path=OTHER_FILE)
    assert not world.bind(path=OTHER_FILE).changed
    assert OPS.fingerprint in world.host.fingerprints
    assert world.unbind(check_mode=True).changed
    assert world.unbind().changed
    assert world.document().bindings == {}
    assert OPS.fingerprint not in world.host.fingerprints


def test_the_usual_file_by_its_path_is_the_usual_file() -> None:
    world = with_ops()
    assert not world.bind(path="/home/deploy/.ssh/authorized_keys").changed
    world.unbind(path="/home/deploy/.ssh/authorized_keys")
    assert world.document().bindings == {}
    assert OPS.fingerprint not in world.host.fingerprints


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("name", ["ops", "two"])
@pytest.mark.parametrize(("first", "second"), [(OTHER, None), (None, OTHER), (OTHER, "keys/more")])
def test_a_bind_in_another_file_is_refused_since_the_first_line_would_stay(
    first: str | None, second: str | None, name: str, check_mode: bool
) -> None:
    world = with_nothing()
    world.bind(path=first)
    files, registered = dict(world.host.files), world.registered
    error = attempted(lambda: world.bind(name, check_mode, path=second))
    assert error is not None
    assert error.code is ErrorCode.KEYS_ELSEWHERE
    assert (world.host.files, world.registered, world.unrecorded()) == (files, registered, set())


@pytest.mark.parametrize("check_mode", [True, False])
def test_an_unbind_from_another_file_is_refused(check_mode: bool) -> None:
    world = with_nothing()
    world.bind(path=OTHER)
    error = attempted(lambda: world.unbind("ops", check_mode, path="keys/more"))
    assert error is not None
    assert error.code is ErrorCode.KEYS_ELSEWHERE
    assert world.registered == binding(OPS, bound_at=NOW, path=OTHER_FILE)


def test_a_line_that_another_region_needs_in_another_file_goes() -> None:
    same = key_pair("same", 1)._replace(region="us-1")
    world = with_ops()
    world.put(document(same, bindings=[binding(same, path=OTHER_FILE)])._replace(region="us-1"))
    world.unbind("ops")
    assert OPS.fingerprint not in world.host.fingerprints
