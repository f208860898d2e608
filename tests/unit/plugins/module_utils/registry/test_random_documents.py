# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random names, regions, tags and whole documents: what the rules allow is taken and read back, one forbidden change is refused."""

from __future__ import annotations

import string
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Delivery, Document, KeyPair, Removal, Replacement
from ansible_collections.keywright.ssh.plugins.module_utils._registry.codec import decode, encode
from ansible_collections.keywright.ssh.plugins.module_utils._rules.names import check_name, check_region
from ansible_collections.keywright.ssh.plugins.module_utils._rules.tags import check_tags
from ansible_collections.keywright.ssh.plugins.module_utils._rules.text import holds_secret
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import (
    CONTROLLER,
    REGION,
    binding,
    document,
    imported,
    key_pair,
    material,
)
from hypothesis import example, given
from hypothesis import strategies as st

NAME_CHARACTERS = string.ascii_letters + string.digits + "._-:"
REGION_CHARACTERS = string.ascii_lowercase + string.digits + "-"
TYPES = [("ed25519", 256), ("ecdsa", 256), ("ecdsa", 521), ("rsa", 2048)]

names = st.builds(str.__add__, st.sampled_from(string.ascii_letters), st.text(NAME_CHARACTERS, min_size=1, max_size=127))
regions = st.builds(str.__add__, st.sampled_from(string.ascii_lowercase), st.text(REGION_CHARACTERS, max_size=62))
# No control characters, no half surrogate pairs, no line separators: what a tag may hold.
words = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=128)
texts = words.filter(lambda text: "http://" not in text and "https://" not in text and not holds_secret(text))
tag_keys = texts.filter(lambda text: text != "" and not text.startswith(("aliyun", "acs:")))
tags = st.dictionaries(tag_keys, texts, max_size=20)
FORBIDDEN = ["http://", "https://", "Private Key", "\n", "\x7f", "\x85", "\u2028", "\udc80", "x" * 129]


@given(names)
@example("aa")
@example("a" * 128)
def test_every_name_by_the_rule_is_taken(name: str) -> None:
    check_name(name)


@given(regions)
@example("a")
@example("a" * 63)
def test_every_region_by_the_rule_is_taken(region: str) -> None:
    check_region(region)


@pytest.mark.parametrize(
    ("check", "valid", "characters", "limit", "code"),
    [
        (check_name, names, NAME_CHARACTERS, 128, ErrorCode.NAME_MALFORMED),
        (check_region, regions, REGION_CHARACTERS, 63, ErrorCode.REGION_UNKNOWN),
    ],
    ids=["names", "regions"],
)
@given(data=st.data())
def test_one_character_that_is_not_of_the_rule_is_refused_wherever_it_stands(
    check: Callable[[str], None], valid: st.SearchStrategy[str], characters: str, limit: int, code: ErrorCode, data: st.DataObject
) -> None:
    text = data.draw(valid.filter(lambda text: len(text) < limit))
    position = data.draw(st.integers(0, len(text)))
    with pytest.raises(KeyPairError) as caught:
        check(text[:position] + data.draw(st.characters(exclude_characters=characters)) + text[position:])
    assert caught.value.code is code
    assert caught.value.message.isprintable()


@given(names, st.sampled_from(string.digits + "._-:"), st.integers(128, 300))
def test_a_name_that_begins_otherwise_or_is_too_long_is_refused(name: str, first: str, length: int) -> None:
    for broken in (first + name[1:], name[0], name.ljust(length + 1, "x")):
        with pytest.raises(KeyPairError):
            check_name(broken)


@given(tags)
@example({"k" * 128: "v" * 128})
def test_tags_by_the_rule_are_taken_as_they_are_and_read_back_from_a_document(given_tags: dict[Any, Any]) -> None:
    assert check_tags(given_tags) == given_tags
    written = document(imported(tags=given_tags))
    assert decode(encode(written), REGION) == written


@given(texts.filter(lambda text: len(text) < 100), st.integers(0, 100), st.sampled_from(FORBIDDEN))
def test_one_forbidden_piece_in_a_tag_is_refused_wherever_it_stands(text: str, position: int, piece: str) -> None:
    broken = text[:position] + piece + text[position:]
    cases: list[tuple[dict[Any, Any], ErrorCode]] = [
        ({"k": broken}, ErrorCode.TAG_VALUE_MALFORMED),
        ({broken: "v"}, ErrorCode.TAG_KEY_MALFORMED),
    ]
    for given_tags, code in cases:
        with pytest.raises(KeyPairError) as caught:
            check_tags(given_tags)
        assert caught.value.code is code
        assert caught.value.message.isprintable()


@given(st.dictionaries(st.integers(0, 99), st.integers(0, 9), min_size=21, max_size=25))
def test_more_than_twenty_tags_are_refused(given_tags: dict[Any, Any]) -> None:
    with pytest.raises(KeyPairError) as caught:
        check_tags(given_tags)
    assert caught.value.code is ErrorCode.QUOTA_TAGS


fingerprints = st.builds(lambda number: material(number).fingerprint, st.integers(0, 9))
files = st.lists(words.map(lambda text: text.replace("/", "")).filter(lambda text: text not in ("", ".", "..")), min_size=1, max_size=3)
paths = files.map(lambda parts: "/" + "/".join(parts)).filter(lambda path: not holds_secret(path))
comments = texts.map(lambda text: "".join(filter(str.isprintable, text)).strip()).filter(lambda text: not holds_secret(text))
times = st.datetimes().map(lambda time: f"{time:%Y%m%dT%H%M%S.%f}Z".rjust(23, "0"))
replacements = st.none() | st.builds(Replacement, fingerprints, times, st.none() | paths)


@st.composite
def records(draw: st.DrawFn, name: str) -> KeyPair:
    fields: dict[str, Any] = {"comment": draw(comments), "tags": draw(tags), "replaced": draw(replacements)}
    kind = draw(st.sampled_from(TYPES))
    if draw(st.booleans()):
        return imported(name, draw(st.integers(0, 2)), key_type=kind[0], size=kind[1], **fields)
    return key_pair(name, draw(st.integers(0, 2)), *kind, delivery=Delivery(CONTROLLER, draw(paths)), **fields)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    key_pairs = [draw(records(name)) for name in draw(st.lists(names, max_size=4, unique=True))]
    bound = [binding(record, draw(texts.filter(bool)), port=draw(st.integers(1, 65535))) for record in key_pairs if draw(st.booleans())]
    removals = draw(st.dictionaries(names, st.builds(Removal, paths, fingerprints), max_size=2))
    return document(*key_pairs, serial=draw(st.integers(1, 2**63 - 1)), removals=removals, bindings=bound)


@given(documents())
def test_every_document_is_read_back_equal_and_written_again_to_the_same_bytes(written: Document) -> None:
    data = encode(written)
    assert decode(data, REGION) == written
    assert encode(decode(data, REGION)) == data
