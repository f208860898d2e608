# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import KNOWN_AFTER_APPLY, Delivery, KeyPair
from ansible_collections.keywright.ssh.plugins.module_utils._model.seen import Seen
from ansible_collections.keywright.ssh.plugins.module_utils._planning.creation import check_format, check_size, material_to_make
from ansible_collections.keywright.ssh.plugins.module_utils._planning.plan import plan
from ansible_collections.keywright.ssh.plugins.module_utils._planning.present import plan_present
from ansible_collections.keywright.ssh.plugins.module_utils._planning.step import Step
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import (
    CONTROLLER,
    document,
    imported,
    key_pair,
    material,
    wish,
)
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.planning.sights import PRESENT

NOT_SEEN = Seen("not_managed")


def _plan(current: KeyPair | None, **options: Any) -> Step:
    return plan_present(wish(**options), "ops", current, PRESENT if current is not None and current.delivery else NOT_SEEN, CONTROLLER)


def test_a_new_key_pair_is_ed25519_named_by_its_comment_and_delivered_to_the_default_directory() -> None:
    step = _plan(None)
    assert step == Step(
        "ops",
        "create",
        None,
        KeyPair(
            name="ops",
            region="eu-1",
            id=KNOWN_AFTER_APPLY,
            type="ed25519",
            size=256,
            fingerprint=KNOWN_AFTER_APPLY,
            public_key=KNOWN_AFTER_APPLY,
            comment="ops",
            creation_type="generated",
            created_at=KNOWN_AFTER_APPLY,
            delivery=Delivery(CONTROLLER, "/keys/ops.pem"),
        ),
        reasons=("no key pair of that name is registered",),
    )


def test_an_imported_key_pair_is_known_before_it_is_made_but_for_id_and_time() -> None:
    step = _plan(None, material=material(3, comment="alice@laptop"), tags={"a": "b"}, private_key_dir="/anywhere")
    assert step.action == "import"
    assert step.after == imported(number=3, comment="alice@laptop", tags={"a": "b"}, id=KNOWN_AFTER_APPLY, created_at=KNOWN_AFTER_APPLY)


COMMENTS: dict[str, tuple[dict[str, Any], str]] = {
    "the name": ({}, "ops"),
    "stated": ({"comment": "x y"}, "x y"),
    "stated as empty": ({"comment": ""}, ""),
    "imported with one": ({"material": material(comment="theirs")}, "theirs"),
    "imported with none": ({"material": material()}, "ops"),
    "stated over an imported one": ({"material": material(comment="theirs"), "comment": "ours"}, "ours"),
    "stated as empty over an imported one": ({"material": material(comment="theirs"), "comment": ""}, ""),
}


@pytest.mark.parametrize(("options", "comment"), COMMENTS.values(), ids=COMMENTS.keys())
def test_a_new_key_pair_has_the_stated_comment_else_its_own_else_its_name(options: dict[str, Any], comment: str) -> None:
    step = _plan(None, **options)
    assert step.after is not None
    assert step.after.comment == comment


@pytest.mark.parametrize(("comment", "tail"), [("new one", " new one"), ("", "")])
def test_a_stated_comment_updates_the_line_and_nothing_else(comment: str, tail: str) -> None:
    current = key_pair(comment="old one")
    step = _plan(current, comment=comment)
    assert step.action == "update"
    assert step.after == current._replace(comment=comment, public_key=f"{material().encoded}{tail}")
    again = plan_present(wish(comment=comment), "ops", step.after, PRESENT, CONTROLLER)
    assert (again.action, again.changed) == ("keep", False)


TAGS: dict[str, tuple[dict[str, str], dict[str, str] | None, bool, dict[str, str]]] = {
    "left out": ({"a": "1"}, None, True, {"a": "1"}),
    "left out, no purge": ({"a": "1"}, None, False, {"a": "1"}),
    "empty clears": ({"a": "1"}, {}, True, {}),
    "empty without purge": ({"a": "1"}, {}, False, {"a": "1"}),
    "purge": ({"a": "1", "b": "2"}, {"b": "3"}, True, {"b": "3"}),
    "merge": ({"a": "1", "b": "2"}, {"b": "3", "c": "4"}, False, {"a": "1", "b": "3", "c": "4"}),
    "same": ({"a": "1"}, {"a": "1"}, True, {"a": "1"}),
    "part of them without purge": ({"a": "1", "b": "2"}, {"a": "1"}, False, {"a": "1", "b": "2"}),
}


@pytest.mark.parametrize(("before", "stated", "purge", "after"), TAGS.values(), ids=TAGS.keys())
def test_tags_are_left_merged_or_replaced(
    before: dict[str, str], stated: dict[str, str] | None, purge: bool, after: dict[str, str]
) -> None:
    current = key_pair(tags=before)
    step = _plan(current, tags=stated, purge_tags=purge)
    assert step.after == current._replace(tags=after)
    assert step.action == ("keep" if before == after else "update")
    replaced = _plan(current, tags=stated, purge_tags=purge, type="rsa", regenerate="full_idempotence")
    assert replaced.after is not None
    assert replaced.after.tags == after


def test_the_twenty_first_tag_is_refused_when_tags_are_merged() -> None:
    twenty = {f"k{number}": "v" for number in range(20)}
    assert _plan(key_pair(tags=twenty), tags={"k0": "other"}, purge_tags=False).action == "update"
    with pytest.raises(KeyPairError, match="got 21") as caught:
        _plan(key_pair(tags=twenty), tags={"one": "more"}, purge_tags=False)
    assert caught.value.code is ErrorCode.QUOTA_TAGS


MADE: dict[str, tuple[KeyPair | None, dict[str, Any], tuple[str, int] | str]] = {
    "nothing stated": (None, {}, ("ed25519", 256)),
    "rsa": (None, {"type": "rsa"}, ("rsa", 3072)),
    "ecdsa": (None, {"type": "ecdsa"}, ("ecdsa", 256)),
    "rsa 4096": (None, {"type": "rsa", "size": 4096}, ("rsa", 4096)),
    "ed25519 with its size": (None, {"size": 256}, ("ed25519", 256)),
    "rsa 1024": (None, {"type": "rsa", "size": 1024}, "must be one of 2048, 3072, 4096 for rsa keys, got 1024"),
    "size without type": (None, {"size": 4096}, r"left out or 256 for ed25519 keys \(option 'type' is left out\), got 4096"),
    "size of thousands of digits": (None, {"size": 10**5000}, "got a number that is too long to show"),
    "size 0": (None, {"size": 0}, "got 0"),
    "size 0 for rsa": (None, {"type": "rsa", "size": 0}, "got 0"),
    "ed25519 as pkcs8": (None, {"private_key_format": "pkcs8"}, r"must be 'openssh' for ed25519 keys \(option 'type' is left out\).*9.6"),
    "rsa as pkcs1": (None, {"type": "rsa", "private_key_format": "pkcs1"}, ("rsa", 3072)),
    "size of a replaced ecdsa": (key_pair(key_type="ecdsa", size=256), {"size": 521}, ("ecdsa", 521)),
    "type of a replaced rsa": (key_pair(key_type="rsa", size=2048), {"type": "ecdsa"}, ("ecdsa", 256)),
    "size that the replaced type lacks": (key_pair(), {"size": 521}, "for ed25519 keys"),
    "imported rsa of an odd size": (imported(type="rsa", size=2304), {"type": "rsa"}, "must be one of 2048, 3072, 4096"),
    "security key": (imported(type="ed25519-sk"), {}, ("ed25519", 256)),
}


@pytest.mark.parametrize(("current", "options", "expected"), MADE.values(), ids=MADE.keys())
def test_the_kind_of_key_is_stated_or_the_replaced_ones_or_the_tables(
    current: KeyPair | None, options: dict[str, Any], expected: tuple[str, int] | str
) -> None:
    if isinstance(expected, tuple):
        assert material_to_make(wish(**options), current) == expected
        return
    with pytest.raises(KeyPairError, match=expected) as caught:
        material_to_make(wish(**options), current)
    assert caught.value.code is ErrorCode.PARAMETER_INVALID


@pytest.mark.parametrize(("key_type", "sizes"), [("ed25519", {256}), ("ecdsa", {256, 384, 521}), ("rsa", {2048, 3072, 4096})])
def test_a_type_has_exactly_its_sizes(key_type: str, sizes: set[int]) -> None:
    accepted = set()
    for size in [*range(-1, 10), 255, 256, 257, 384, 512, 520, 521, 1024, 2047, 2048, 3072, 4096, 8192]:
        try:
            check_size(key_type, size)
        except KeyPairError:
            continue
        accepted.add(size)
    assert accepted == sizes


def test_a_type_that_is_stated_is_not_said_to_be_left_out() -> None:
    with pytest.raises(KeyPairError, match="for rsa keys, got 1024"):
        check_size("rsa", 1024)
    with pytest.raises(KeyPairError, match="for ed25519 keys, because"):
        check_format("ed25519", "pkcs8")


def _full(count: int) -> Any:
    return document(*(imported(f"host-{number:03}") for number in range(count)))


@pytest.mark.parametrize(("registered", "names"), [(499, ["new"]), (497, ["new-1", "new-2", "new-3"]), (500, ["host-001", "host-499"])])
def test_a_batch_that_just_fits_is_planned(registered: int, names: list[str]) -> None:
    assert len(plan(wish(*names), _full(registered), {}, CONTROLLER)) == len(names)


@pytest.mark.parametrize(
    ("registered", "names"),
    [(500, ["new"]), (499, ["new-1", "new-2"]), (499, ["new-1", "host-001", "new-2"]), (0, [f"n-{number}" for number in range(501)])],
    ids=["one", "two", "two and an old one", "501 at once"],
)
def test_a_batch_that_would_be_too_many_is_refused_as_a_whole(registered: int, names: list[str]) -> None:
    with pytest.raises(KeyPairError, match="may hold 500 key pairs") as caught:
        plan(wish(*names), _full(registered), {}, CONTROLLER)
    assert caught.value.code is ErrorCode.QUOTA_KEY_PAIRS


def test_what_is_registered_can_be_kept_in_a_region_that_holds_too_many() -> None:
    assert [step.action for step in plan(wish("host-001"), _full(501), {}, CONTROLLER)] == ["keep"]


def test_steps_come_in_the_order_of_the_task_and_one_that_may_not_be_taken_stops_all() -> None:
    current = document(imported("bb"))
    assert [step.name for step in plan(wish("cc", "bb", "aa"), current, {}, CONTROLLER)] == ["cc", "bb", "aa"]
    with pytest.raises(KeyPairError, match="'bb' is already registered"):
        plan(wish("cc", "bb", "aa", type="rsa"), current, {}, CONTROLLER)
