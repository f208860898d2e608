# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.seen import Seen
from ansible_collections.keywright.ssh.plugins.module_utils._planning.absent import plan_absent
from ansible_collections.keywright.ssh.plugins.module_utils._planning.plan import plan
from ansible_collections.keywright.ssh.plugins.module_utils._planning.step import Step
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import (
    CONTROLLER,
    binding,
    document,
    imported,
    key_pair,
    material,
    wish,
)
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.planning.sights import (
    ELSEWHERE,
    MISMATCHED,
    MISSING,
    PENDING,
    PRESENT,
    UNVERIFIED,
)

CASES: dict[str, tuple[bool, Seen, bool, str | None]] = {
    "kept": (False, PRESENT, False, "was left because option 'remove_private_key' is false"),
    "kept though pending": (False, PENDING, False, "was left because option 'remove_private_key' is false"),
    "already gone": (False, MISSING, False, None),
    "another key": (False, MISMATCHED, False, "was left because option 'remove_private_key' is false"),
    "elsewhere": (False, ELSEWHERE, False, f"was left on controller '{CONTROLLER}', where it was delivered"),
    "removed": (True, PRESENT, True, None),
    "pending and removed": (True, PENDING, True, None),
    "nothing to remove": (True, MISSING, False, None),
    "another key is not removed": (True, MISMATCHED, False, "was left because it is another key: SHA256:x"),
    "an unknown key is not removed": (True, UNVERIFIED, False, "was left because it is encrypted"),
    "elsewhere is not removed": (True, ELSEWHERE, False, "was left on controller"),
}


@pytest.mark.parametrize(("remove", "seen", "removes", "warning"), CASES.values(), ids=CASES.keys())
def test_the_private_key_file_goes_only_if_asked_for_and_known_to_be_the_key_pairs(
    remove: bool, seen: Seen, removes: bool, warning: str | None
) -> None:
    step = plan_absent(wish(present=False, remove_private_key=remove), "ops", key_pair(), seen)
    assert (step.action, step.before, step.after, step.removes_file) == ("remove", key_pair(), None, removes)
    assert step.changed
    assert step.writes_registry
    assert len(step.warnings) == (0 if warning is None else 1)
    if warning is not None:
        assert f"The private key file '/keys/ops.pem' of the removed key pair 'ops' {warning}" in step.warnings[0]


@pytest.mark.parametrize("remove", [False, True])
@pytest.mark.parametrize("seen", [Seen("not_managed"), PRESENT, Seen("unverified", "cannot be read", unreadable=True)], ids=str)
def test_an_imported_key_pair_has_no_file_to_speak_of_whatever_is_seen(seen: Seen, remove: bool) -> None:
    step = plan_absent(wish(present=False, remove_private_key=remove), "ops", imported(), seen)
    assert (step.action, step.removes_file, step.warnings) == ("remove", False, ())


@pytest.mark.parametrize("remove", [False, True])
def test_a_name_that_is_not_registered_changes_nothing(remove: bool) -> None:
    step = plan_absent(wish(present=False, remove_private_key=remove), "ops", None, Seen("not_managed"))
    assert step == Step("ops", "keep")
    assert not step.changed


def test_a_hundred_names_are_planned_and_one_more_is_refused_before_anything_else() -> None:
    names = [f"host-{number}" for number in range(101)]
    current = document(*(imported(name) for name in names))
    assert all(step.action == "remove" for step in plan(wish(*names[:100], present=False), current, {}, CONTROLLER))
    with pytest.raises(KeyPairError, match="got 101") as caught:
        plan(wish(*names, present=False), current, {}, CONTROLLER)
    assert caught.value.code is ErrorCode.QUOTA_NAMES


BOUND = document(key_pair(), imported("web", 1), bindings=[binding(key_pair()), binding(key_pair(), "web0")])


@pytest.mark.parametrize(
    ("options", "verb"),
    [
        ({"present": False}, "removed"),
        ({"present": False, "remove_private_key": True}, "removed"),
        ({"type": "ecdsa", "regenerate": "full_idempotence"}, "replaced"),
        ({"material": material(3), "regenerate": "full_idempotence"}, "replaced"),
    ],
)
def test_a_key_pair_that_hosts_let_in_is_neither_removed_nor_replaced_and_all_hosts_are_named(options: dict[str, Any], verb: str) -> None:
    with pytest.raises(KeyPairError, match=f"'ops'.*cannot be {verb} while it is bound to deploy@web0, deploy@web1") as caught:
        plan(wish("web", "ops", **options) if "material" not in options else wish("ops", **options), BOUND, {"ops": PRESENT}, CONTROLLER)
    assert caught.value.code.value == "InvalidParameter.KeypairAlreadyAttachedInstance"


def test_a_bound_key_pair_can_be_kept_and_tagged_and_others_removed() -> None:
    assert [step.action for step in plan(wish("ops", tags={"a": "b"}), BOUND, {"ops": PRESENT}, CONTROLLER)] == ["update"]
    assert [step.action for step in plan(wish("ops"), BOUND, {"ops": PRESENT}, CONTROLLER)] == ["keep"]
    assert [step.action for step in plan(wish("web", "unknown", present=False), BOUND, {}, CONTROLLER)] == ["remove", "keep"]


def test_what_is_bound_does_not_hinder_a_new_key_pair_and_is_found_behind_one_that_is_not_registered() -> None:
    assert [step.action for step in plan(wish("new"), BOUND, {}, CONTROLLER)] == ["create"]
    with pytest.raises(KeyPairError, match=r"'ops'.*cannot be removed"):
        plan(wish("unknown", "ops", present=False), BOUND, {}, CONTROLLER)


@pytest.mark.parametrize(("hosts", "more"), [(20, ""), (21, " and 1 more"), (25, " and 5 more")])
def test_of_many_hosts_that_let_a_key_pair_in_twenty_are_named_and_the_rest_is_counted(hosts: int, more: str) -> None:
    names = [f"web{number:02}" for number in range(hosts)]
    bound = document(key_pair(), bindings=[binding(key_pair(), name) for name in names])
    with pytest.raises(KeyPairError) as caught:
        plan(wish("ops", present=False), bound, {}, CONTROLLER)
    assert f"bound to {', '.join(f'deploy@{name}' for name in names[:20])}{more}; unbind it first" in caught.value.message


def test_a_file_that_is_to_go_and_cannot_be_read_keeps_its_registration() -> None:
    seen = Seen("unverified", "cannot be read: Input/output error", unreadable=True)
    with pytest.raises(KeyPairError, match="Input/output error, so it cannot be removed") as refusal:
        plan_absent(wish(present=False, remove_private_key=True), "ops", key_pair(), seen)
    assert refusal.value.code is ErrorCode.FILE_UNREADABLE
    assert plan_absent(wish(present=False, remove_private_key=False), "ops", key_pair(), seen).warnings
