# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decision is a table: what is registered, what is seen, what is asked for, and what follows."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import KNOWN_AFTER_APPLY, Delivery, KeyPair, Replacement
from ansible_collections.keywright.ssh.plugins.module_utils._model.seen import Seen
from ansible_collections.keywright.ssh.plugins.module_utils._model.wish import ON_MISSING_CHOICES, REGENERATE_CHOICES
from ansible_collections.keywright.ssh.plugins.module_utils._planning.present import differences, plan_present
from ansible_collections.keywright.ssh.plugins.module_utils._planning.step import Step
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import CONTROLLER, imported, key_pair, material, wish
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.planning.sights import (
    ELSEWHERE,
    MISMATCHED,
    MISSING,
    NOT_MANAGED,
    PENDING,
    PRESENT,
    UNVERIFIED,
)

ED25519 = key_pair()
ECDSA = key_pair(key_type="ecdsa", size=384)
RSA = key_pair(key_type="rsa", size=2048)
IMPORTED = imported()
SECURITY_KEY = IMPORTED._replace(type="ed25519-sk")

SAME: dict[str, tuple[KeyPair, dict[str, Any]]] = {
    "nothing stated": (ED25519, {}),
    "nothing stated, rsa": (RSA, {}),
    "nothing stated, imported": (IMPORTED, {}),
    "nothing stated, security key": (SECURITY_KEY, {}),
    "type": (ECDSA, {"type": "ecdsa"}),
    "size": (ECDSA, {"size": 384}),
    "type and size": (RSA, {"type": "rsa", "size": 2048}),
    "type of an imported one": (IMPORTED, {"type": "ed25519"}),
    "format and passphrase bear on delivery only": (RSA, {"private_key_format": "pkcs8", "passphrase": "zqxjk"}),
    "public key": (IMPORTED, {"material": material(0)}),
    "public key with another comment": (IMPORTED, {"material": material(0, comment="other")}),
    "public key of a generated one": (ED25519, {"material": material(0)}),
    "tags left out": (key_pair(tags={"a": "b"}), {}),
}
DIFFERENT: dict[str, tuple[KeyPair, dict[str, Any], str]] = {
    "type": (ED25519, {"type": "rsa"}, "its type is ed25519, and option 'type' asks for rsa"),
    "size": (ECDSA, {"size": 521}, "its size is 384, and option 'size' asks for 521"),
    "both": (RSA, {"type": "ecdsa", "size": 256}, "its type is rsa.* and its size is 2048, and option 'size' asks for 256"),
    "security key": (SECURITY_KEY, {"type": "ed25519"}, "its type is ed25519-sk, and option 'type' asks for ed25519"),
    "public key": (IMPORTED, {"material": material(1)}, f"{material(0).fingerprint}.*{material(1).fingerprint}".replace("+", r"\+")),
    "public key over generated": (ED25519, {"material": material(1)}, "'public_key'"),
}


def _plan(current: KeyPair | None, seen: Seen = PRESENT, **options: Any) -> Step:
    return plan_present(wish(**options), "ops", current, seen, CONTROLLER)


def _seen_of(current: KeyPair) -> Seen:
    return NOT_MANAGED if current.delivery is None else PRESENT


@pytest.mark.parametrize(("current", "options"), SAME.values(), ids=SAME.keys())
@pytest.mark.parametrize("regenerate", REGENERATE_CHOICES)
@pytest.mark.parametrize("on_missing", ON_MISSING_CHOICES)
def test_what_the_task_leaves_out_or_states_as_it_is_changes_nothing(
    on_missing: str, regenerate: str, current: KeyPair, options: dict[str, Any]
) -> None:
    step = _plan(current, _seen_of(current), regenerate=regenerate, on_missing_private_key=on_missing, **options)
    assert (step.action, step.before, step.after, step.changed, step.warnings) == ("keep", current, current, False, ())
    assert not step.writes_registry


@pytest.mark.parametrize(("current", "options", "reason"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_another_key_than_the_registered_one_fails_with_both_and_the_ways_out(
    current: KeyPair, options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(KeyPairError, match=reason) as caught:
        _plan(current, _seen_of(current), **options)
    assert caught.value.code is ErrorCode.ALREADY_EXISTS
    assert current.fingerprint in caught.value.message
    assert all(word in caught.value.message for word in ("'never'", "'full_idempotence'", "'eu-1'", "'ops'"))


@pytest.mark.parametrize(("current", "options", "reason"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_never_keeps_the_registered_key_and_updates_the_rest(current: KeyPair, options: dict[str, Any], reason: str) -> None:
    assert _plan(current, _seen_of(current), regenerate="never", **options).action == "keep"
    updated = _plan(current, _seen_of(current), regenerate="never", tags={"a": "b"}, **options)
    assert (updated.action, updated.after) == ("update", current._replace(tags={"a": "b"}))


@pytest.mark.parametrize(("current", "options", "reason"), DIFFERENT.values(), ids=DIFFERENT.keys())
@pytest.mark.parametrize("seen", [PRESENT, MISSING, MISMATCHED, UNVERIFIED, ELSEWHERE, PENDING], ids=lambda seen: seen.status)
def test_full_idempotence_replaces_the_key_and_says_what_it_replaced(
    seen: Seen, current: KeyPair, options: dict[str, Any], reason: str
) -> None:
    seen = seen if current.delivery is not None else NOT_MANAGED
    step = _plan(current, seen, regenerate="full_idempotence", **options)
    moved = "/keys/ops.pem" if seen in (PRESENT, PENDING) else None
    assert step.action == ("import" if "material" in options else "create")
    assert step.after is not None
    assert step.after.replaced == Replacement(current.fingerprint, KNOWN_AFTER_APPLY, moved)
    assert step.changed
    assert step.reasons


@pytest.mark.parametrize("on_missing", ON_MISSING_CHOICES)
@pytest.mark.parametrize("seen", [PRESENT, PENDING, ELSEWHERE], ids=lambda seen: seen.status)
def test_a_private_key_that_is_where_it_should_be_is_never_an_anomaly(seen: Seen, on_missing: str) -> None:
    step = _plan(ED25519, seen, on_missing_private_key=on_missing)
    assert (step.action, step.warnings, step.changed) == ("keep", (), seen is PENDING)


ANOMALIES: dict[tuple[str, str], str] = {
    ("missing", "warn"): "warning",
    ("missing", "ignore"): "silent",
    ("missing", "fail"): "PrivateKeyFile.Missing",
    ("missing", "regenerate"): "create",
    ("mismatched", "warn"): "warning",
    ("mismatched", "ignore"): "silent",
    ("mismatched", "fail"): "PrivateKeyFile.Mismatched",
    ("mismatched", "regenerate"): "warning",
    ("unverified", "warn"): "warning",
    ("unverified", "ignore"): "silent",
    ("unverified", "fail"): "warning",
    ("unverified", "regenerate"): "warning",
}


@pytest.mark.parametrize(("status", "on_missing", "expected"), [(*case, expected) for case, expected in ANOMALIES.items()])
def test_a_private_key_file_that_is_gone_or_another_is_handled_as_the_task_says(status: str, on_missing: str, expected: str) -> None:
    seen = {"missing": MISSING, "mismatched": MISMATCHED, "unverified": UNVERIFIED}[status]
    if expected.startswith("PrivateKeyFile"):
        with pytest.raises(KeyPairError, match=r"'/keys/ops.pem'.*'on_missing_private_key' is 'fail'") as caught:
            _plan(ED25519, seen, on_missing_private_key=on_missing)
        assert caught.value.code.value == expected
        return
    step = _plan(ED25519, seen, on_missing_private_key=on_missing)
    assert step.action == ("create" if expected == "create" else "keep")
    warning = f"The private key file '/keys/ops.pem' of key pair 'ops' {seen.cause}."
    assert step.warnings == ((warning,) if expected == "warning" else ())


def test_a_missing_file_is_regenerated_where_it_was_with_type_size_comment_and_tags_kept() -> None:
    current = key_pair(key_type="ecdsa", size=521, comment="mine", tags={"a": "b"})
    step = _plan(current, MISSING, on_missing_private_key="regenerate")
    assert step.after is not None
    kept = ("type", "size", "comment", "tags", "delivery")
    assert {name: getattr(step.after, name) for name in kept} == {name: getattr(current, name) for name in kept}
    assert step.after.replaced == Replacement(current.fingerprint, KNOWN_AFTER_APPLY, None)
    assert step.reasons == ("the private key file is missing",)


@pytest.mark.parametrize("on_missing", ["warn", "ignore"])
def test_a_mode_that_drifted_is_a_warning_even_where_a_missing_file_is_ignored(on_missing: str) -> None:
    seen = Seen("present", "has mode 0644, expected 0600")
    step = _plan(ED25519, seen, on_missing_private_key=on_missing)
    assert step.warnings == ("The private key file '/keys/ops.pem' of key pair 'ops' has mode 0644, expected 0600.",)
    assert not step.changed


@pytest.mark.parametrize(
    ("options", "warned"),
    [
        ({}, False),
        ({"private_key_dir": "/keys"}, False),
        ({"private_key_dir": "/keys/"}, False),
        ({"private_key_file": "/keys/ops.pem"}, False),
        ({"private_key_file": "/keys/ops.pem", "private_key_dir": "/other"}, False),
        ({"private_key_dir": "/other"}, True),
        ({"private_key_file": "/keys/other.pem"}, True),
    ],
    ids=str,
)
def test_another_location_than_the_one_delivered_to_is_a_warning_since_delivery_happens_once(options: dict[str, Any], warned: bool) -> None:
    step = _plan(ED25519, **options)
    assert step.action == "keep"
    assert [("was delivered to '/keys/ops.pem', once and for all" in each) for each in step.warnings] == ([True] if warned else [])


def test_a_location_stated_for_an_imported_key_pair_is_no_matter() -> None:
    assert _plan(IMPORTED, NOT_MANAGED, private_key_dir="/other").warnings == ()


def test_an_imported_key_pair_has_no_file_that_could_be_missing() -> None:
    assert _plan(IMPORTED, MISSING, on_missing_private_key="fail").action == "keep"


def test_a_home_that_cannot_hold_private_keys_is_no_matter_where_a_location_is_stated() -> None:
    with pytest.raises(KeyPairError, match="state 'private_key_dir' or 'private_key_file'") as caught:
        _plan(None, default_directory="")
    assert caught.value.code is ErrorCode.PATH_MALFORMED
    step = _plan(None, default_directory="", private_key_dir="/stated")
    assert step.after is not None
    assert step.after.delivery == Delivery(CONTROLLER, "/stated/ops.pem")


@pytest.mark.parametrize(("current", "options"), SAME.values(), ids=SAME.keys())
def test_what_is_the_same_differs_in_nothing(current: KeyPair, options: dict[str, Any]) -> None:
    assert differences(wish(**options), current) == ()


REPLACED_TO: dict[str, tuple[dict[str, Any], Seen, str]] = {
    "where it was": ({}, PRESENT, "/keys/ops.pem"),
    "where it was, though the file is gone": ({}, MISSING, "/keys/ops.pem"),
    "where it was, which is not the default": ({"default_directory": "/home"}, PRESENT, "/keys/ops.pem"),
    "the stated directory": ({"private_key_dir": "/new"}, PRESENT, "/new/ops.pem"),
    "the stated file": ({"private_key_file": "/new/key"}, PRESENT, "/new/key"),
    "the default, since the old one is elsewhere": ({"default_directory": "/home"}, ELSEWHERE, "/home/ops.pem"),
}


@pytest.mark.parametrize(("options", "seen", "file"), REPLACED_TO.values(), ids=REPLACED_TO.keys())
def test_a_replaced_key_goes_where_the_old_one_was_unless_a_location_is_stated(options: dict[str, Any], seen: Seen, file: str) -> None:
    step = _plan(ED25519, seen, type="ecdsa", regenerate="full_idempotence", **options)
    assert step.after is not None
    assert step.after.delivery == Delivery(CONTROLLER, file)
