# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import string

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._rules.names import (
    check_name,
    check_quota,
    check_region,
    check_removal_quota,
    is_name,
    is_region,
)

PRINTABLE = [chr(code) for code in range(0x80)]
LOOK_ALIKES = {
    "cyrillic a": "\u0430ops",
    "accent composed": "caf\u00e9",
    "accent decomposed": "cafe\u0301",
    "full-width letter": "\uff4fps",
    "arabic digit": "ops\u0663",
    "zero-width space": "op\u200bs",
    "kelvin sign": "\u212aops",
}
BROKEN = {
    "empty": "",
    "one character": "a",
    "129 characters": "a" * 129,
    "starts with a digit": "1ops",
    "starts with a dash": "-oProxyCommand=x",
    "starts with a dot": ".ops",
    "dot dot": "..",
    "parent": "../evil",
    "slash": "a/b",
    "absolute": "/abs",
    "space": "o ps",
    "only spaces": "   ",
    "newline at the end": "ops\n",
    "newline inside": "o\nps",
    "NUL": "ops\0",
    "escape": "ops\x1b[31m",
    "template": "{{ 7*7 }}",
    "lone surrogate": "ops\udc80",
    **LOOK_ALIKES,
}


@pytest.mark.parametrize("name", ["ab", "a" * 128, "Ab", "a.b", "a_b", "a-b", "a:b", "a1", "Z.", "a::"])
def test_a_name_within_the_rules_is_accepted(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize("name", BROKEN.values(), ids=BROKEN.keys())
def test_a_name_that_breaks_a_rule_is_refused_with_the_option_and_the_limits(name: str) -> None:
    with pytest.raises(KeyPairError, match="Option 'name' must be 2 to 128 characters") as caught:
        check_name(name)
    assert caught.value.code is ErrorCode.NAME_MALFORMED
    assert caught.value.message.isascii()
    assert caught.value.message.isprintable()


def test_the_characters_of_a_name_are_exactly_the_ones_of_the_source() -> None:
    assert {character for character in PRINTABLE if is_name(f"a{character}")} == set(string.ascii_letters + string.digits + "._-:")
    assert {character for character in PRINTABLE if is_name(f"{character}a")} == set(string.ascii_letters)


@pytest.mark.parametrize("region", ["a", "e" * 63, "eu-1", "a-", "a9"])
def test_a_region_within_the_rules_is_accepted(region: str) -> None:
    check_region(region)


@pytest.mark.parametrize(
    "region",
    ["", "e" * 64, "e" * 200, "EU-1", "eu_1", "eu.1", "1eu", "-eu", "../x", "a/b", "a\nb", "eu-1\n", "eu 1", "\u0435u-1", "e\u0301u"],
    ids=ascii,
)
def test_a_region_that_breaks_a_rule_is_refused_with_the_option_and_the_limits(region: str) -> None:
    with pytest.raises(KeyPairError, match="Option 'region' must be 1 to 63 characters") as caught:
        check_region(region)
    assert caught.value.code is ErrorCode.REGION_UNKNOWN
    assert caught.value.message.isprintable()


def test_the_characters_of_a_region_cannot_leave_its_directory() -> None:
    assert {character for character in PRINTABLE if is_region(f"a{character}")} == set(string.ascii_lowercase + string.digits + "-")
    assert {character for character in PRINTABLE if is_region(character)} == set(string.ascii_lowercase)


@pytest.mark.parametrize(("registered", "new"), [(0, 500), (499, 1), (500, 0), (250, 250)])
def test_up_to_five_hundred_key_pairs_fit_into_a_region(registered: int, new: int) -> None:
    check_quota("eu-1", registered, new)


@pytest.mark.parametrize(("registered", "new"), [(500, 1), (499, 2), (0, 501)])
def test_the_five_hundred_and_first_key_pair_is_refused_with_all_the_numbers(registered: int, new: int) -> None:
    with pytest.raises(KeyPairError, match=rf"'eu-1' may hold 500 key pairs and holds {registered}.*'name' cannot add {new}") as caught:
        check_quota("eu-1", registered, new)
    assert caught.value.code is ErrorCode.QUOTA_KEY_PAIRS


def test_at_most_a_hundred_names_can_be_removed_at_once() -> None:
    check_removal_quota(100)
    with pytest.raises(KeyPairError, match=r"at most 100 .* got 101.*batch\(100\)") as caught:
        check_removal_quota(101)
    assert caught.value.code is ErrorCode.QUOTA_NAMES
