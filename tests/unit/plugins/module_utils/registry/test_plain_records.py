# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The quick look at a record accepts nothing that the checks one by one would refuse, and reads the same comment."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._registry import codec, plain_records
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import CONTROLLER, document, imported, key_pair, material
from hypothesis import given
from hypothesis import strategies as st

ODD_CHARACTERS = st.sampled_from(list('\n\t\0 /.~!\x7f\x85\u2028\ud800éÅa\\"')) | st.characters()
ODD_TEXTS = st.text(ODD_CHARACTERS, max_size=6)
OTHER_VALUES: st.SearchStrategy[Any] = (
    st.sampled_from([None, True, 0, 256, [], {}, {"a": "b"}, "", "ed25519", "rsa", "generated", "imported"]) | ODD_TEXTS
)
FILES = st.lists(st.sampled_from(["", ".", "..", "...", "a", ".a", "a b", "é", "~"]), max_size=5).map("/".join)


def _record(**changes: Any) -> dict[str, Any]:
    text = codec.encode(document(key_pair("ops", **changes)))
    fields: dict[str, Any] = json.loads(text)["key_pairs"]["ops"]
    return fields


def _read_one_by_one(fields: Any, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """Return the comment as loading finds it without the quick look, None if it refuses the record."""
    data = json.dumps({**json.loads(codec.encode(document())), "key_pairs": {"ops": fields}}).encode()
    with monkeypatch.context() as patched:
        patched.setattr(plain_records, "comment_of", lambda _fields: None)
        try:
            return codec.decode(data, "eu-1").key_pairs["ops"].comment
        except codec.UnloadableError:
            return None


@pytest.mark.parametrize("comment", ["", "x", "ops@example com", "!" * 1024])
def test_a_record_that_this_collection_writes_is_told_quickly(comment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = _record(comment=comment, public_key=material().line(comment))
    assert plain_records.comment_of(fields) == comment
    assert _read_one_by_one(fields, monkeypatch) == comment


@pytest.mark.parametrize("fields", [None, [], "x", 7, {}, {"delivery": None}], ids=repr)
def test_what_is_no_record_is_left_to_the_checks(fields: Any) -> None:
    assert plain_records.comment_of(fields) is None


def test_imported_and_tagged_key_pairs_are_left_to_the_checks() -> None:
    record = json.loads(codec.encode(document(imported("ops"))))["key_pairs"]["ops"]
    assert plain_records.comment_of(record) is None
    assert plain_records.comment_of(_record(tags={"a": "b"})) is None


@given(field=st.sampled_from(sorted(_record())), value=OTHER_VALUES)
def test_a_field_of_another_value_is_not_accepted_unless_it_is_sound(field: str, value: Any) -> None:
    _agree({**_record(), field: value})


@given(field=st.sampled_from(["id", "fingerprint", "public_key", "created_at"]), position=st.integers(0, 120), inserted=ODD_TEXTS)
def test_a_text_with_something_inserted_is_not_accepted_unless_it_is_sound(field: str, position: int, inserted: str) -> None:
    fields = _record()
    _agree({**fields, field: fields[field][:position] + inserted + fields[field][position:]})
    _agree({**fields, field: fields[field][:position] + inserted + fields[field][position + len(inserted) :]})


@given(controller=ODD_TEXTS | st.just(CONTROLLER), file=FILES | ODD_TEXTS.map("/a".__add__))
def test_a_delivery_is_not_accepted_unless_it_is_sound(controller: str, file: str) -> None:
    _agree({**_record(), "delivery": {"controller": controller, "file": file}})


@pytest.mark.parametrize("extra", ["unknown", ""])
def test_a_delivery_with_more_than_its_two_fields_is_left_to_the_checks(extra: str) -> None:
    fields = _record()
    assert plain_records.comment_of({**fields, "delivery": {**fields["delivery"], extra: "x"}}) is None


@given(field=st.sampled_from(sorted(_record())), extra=st.sampled_from(["replaced", "unknown"]))
def test_a_record_with_other_fields_is_not_accepted(field: str, extra: str) -> None:
    fields = _record()
    _agree({**fields, extra: None})
    swapped = {**fields, extra: fields[field]}
    del swapped[field]
    _agree(swapped)


def _agree(fields: dict[str, Any]) -> None:
    quick = plain_records.comment_of(fields)
    if quick is not None:
        with pytest.MonkeyPatch.context() as monkeypatch:
            assert _read_one_by_one(fields, monkeypatch) == quick
