# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._rules.tags import check_tag_quota, check_tags, wanted_tags

PEM = "-----BEGIN OPENSSH PRIVATE KEY-----\nQ0FOQVJZ\n-----END OPENSSH PRIVATE KEY-----"

ACCEPTED = {
    "none": ({}, {}),
    "shortest": ({"k": ""}, {"k": ""}),
    "longest": ({"k" * 128: "v" * 128}, {"k" * 128: "v" * 128}),
    "longest, four bytes each": ({"\U0001f511" * 128: "\U0001f511" * 128}, {"\U0001f511" * 128: "\U0001f511" * 128}),
    "template is literal": ({"k": "{{ 7*7 }}"}, {"k": "{{ 7*7 }}"}),
    "prefix in the middle": ({"my-aliyun": "aliyun", "x acs:": "acs:x"}, {"my-aliyun": "aliyun", "x acs:": "acs:x"}),
    "prefix in capitals": ({"Aliyun": "1", "ACS:": "2"}, {"Aliyun": "1", "ACS:": "2"}),
    "acs without colon": ({"acs": "1"}, {"acs": "1"}),
    "other scheme": ({"ftp://": "ftp://x"}, {"ftp://": "ftp://x"}),
    "whole numbers": ({1: 2, -3: 0}, {"1": "2", "-3": "0"}),
    "number of 128 digits": ({"k": 10**127}, {"k": "1" + "0" * 127}),
    "spaces stay": ({" k ": " v "}, {" k ": " v "}),
}
BAD_TEXT: dict[str, Any] = {
    "129 characters": "x" * 129,
    "a mebibyte": "x" * 2**20,
    "http": "see http://x",
    "https": "https://x",
    "newline": "a\n",
    "tab": "a\tb",
    "NUL": "\0",
    "escape": "\x1b[31m",
    "next line": "a\x85b",
    "line separator": "a\u2028b",
    "lone surrogate": "a\udc80",
    "private key": PEM,
    "private key in small letters": "private key",
    "true": True,
    "fraction": 1.10,
    "none": None,
    "list": ["a"],
    "mapping": {"a": "b"},
    "bytes": b"a",
    "number of 129 digits": 10**128,
    "negative number of 129 digits": -(10**128),
    "number of 5001 digits": 10**5000,
}
BAD_KEYS: dict[str, Any] = {
    **{name: text for name, text in BAD_TEXT.items() if name not in ("list", "mapping")},
    "empty": "",
    "aliyun": "aliyun",
    "aliyun prefix": "aliyun-x",
    "acs prefix": "acs:x",
}


@pytest.mark.parametrize(("tags", "expected"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_tags_within_the_rules_become_text(tags: dict[Any, Any], expected: dict[str, str]) -> None:
    assert check_tags(tags) == expected


@pytest.mark.parametrize("value", BAD_TEXT.values(), ids=BAD_TEXT.keys())
def test_a_value_that_breaks_a_rule_is_refused_and_the_tag_is_named(value: Any) -> None:
    with pytest.raises(KeyPairError, match="The value of tag 'team' in option 'tags' must ") as caught:
        check_tags({"team": value})
    assert caught.value.code is ErrorCode.TAG_VALUE_MALFORMED
    assert "Q0FOQVJZ" not in str(caught.value)
    assert len(caught.value.message) < 300
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_a_key_that_breaks_a_rule_is_refused(key: Any) -> None:
    with pytest.raises(KeyPairError, match="A key of option 'tags' must ") as caught:
        check_tags({key: "x"})
    assert caught.value.code is ErrorCode.TAG_KEY_MALFORMED
    assert "Q0FOQVJZ" not in str(caught.value)
    assert caught.value.message.isprintable()


def test_keys_that_are_the_same_text_are_refused_although_yaml_takes_them_for_two() -> None:
    with pytest.raises(KeyPairError, match="has the key '1' twice once keys are text") as caught:
        check_tags({1: "a", "1": "b"})
    assert caught.value.code is ErrorCode.TAG_KEY_DUPLICATE


def test_twenty_tags_are_the_limit() -> None:
    tags: dict[Any, Any] = {f"k{number}": "v" for number in range(20)}
    assert check_tags(tags) == tags
    with pytest.raises(KeyPairError, match="at most 20 tags per key pair, got 21") as caught:
        check_tags({**tags, "one-more": "v"})
    assert caught.value.code is ErrorCode.QUOTA_TAGS
    with pytest.raises(KeyPairError, match="got 21"):
        check_tag_quota({**tags, "one-more": "v"})


def test_a_question_for_a_tag_without_value_asks_for_its_key_alone() -> None:
    assert wanted_tags({"team": "a", "cost": None, "n": 1, "empty": ""}) == {"team": "a", "cost": "", "n": "1", "empty": ""}
    with pytest.raises(KeyPairError) as caught:
        wanted_tags({"team": 1.5})
    assert caught.value.code is ErrorCode.TAG_VALUE_MALFORMED
