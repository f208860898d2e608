# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._rules.text import has_control_characters, holds_secret, one_line, shown

BODY = "b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHI"
PEM = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{BODY}\n-----END OPENSSH PRIVATE KEY-----\n"

SHOWN = {
    "text": ("ops", "'ops'"),
    "empty": ("", "''"),
    "quote": ("o'ps", '"o\'ps"'),
    "newline": ("a\nb", r"'a\nb'"),
    "escape": ("\x1b[31m", r"'\x1b[31m'"),
    "not ascii": ("caf\u00e9", r"'caf\xe9'"),
    "surrogate": ("\udc80", r"'\udc80'"),
    "40 characters": ("x" * 40, f"'{'x' * 40}'"),
    "41 characters": ("x" * 41, f"'{'x' * 40}'... (41 characters)"),
    "number": (5, "'5'"),
    "true": (True, "'True'"),
    "none": (None, "'None'"),
    "list": (["a"], "\"['a']\""),
}


@pytest.mark.parametrize(("value", "expected"), SHOWN.values(), ids=SHOWN.keys())
def test_a_value_is_shown_quoted_escaped_and_cut(value: Any, expected: str) -> None:
    assert shown(value) == expected


@pytest.mark.parametrize(
    "value",
    [PEM, PEM.lower(), "x" * 100 + PEM, [PEM], {"a": PEM}, {PEM: 1}, [PEM.splitlines()], PEM.encode(), ("a", {"b": [PEM]})],
    ids=["text", "small letters", "late", "list", "value", "key", "lines", "bytes", "nested"],
)
def test_what_looks_like_a_private_key_is_never_shown(value: Any) -> None:
    assert shown(value) == "a text that holds a private key"


@pytest.mark.parametrize("value", [10**5000, [10**5000]], ids=["number", "list"])
def test_a_number_that_python_will_not_print_is_shown_in_some_way(value: Any) -> None:
    assert len(shown(value)) < 100


@pytest.mark.parametrize("text", ["PRIVATE KEY", "private key", "Private Key", "xPRIVATE KEYx"])
def test_the_words_are_found_however_they_are_written(text: str) -> None:
    assert holds_secret(text)


@pytest.mark.parametrize("text", ["", "PRIVATE", "PRIVATEKEY", "PUBLIC KEY", "PRIVATE_KEY"])
def test_other_words_are_no_private_key(text: str) -> None:
    assert not holds_secret(text)


def test_control_characters_are_the_ones_of_ascii_and_latin_1_separators_and_surrogates() -> None:
    found = {code for code in range(0x30000) if has_control_characters(chr(code))}
    assert found == {*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0xD800, 0xE000)}


LINES = {
    "text": ("could not connect", "could not connect"),
    "empty": ("", ""),
    "several lines": ("FATAL:  no\n\tDETAIL:\r\nnone\n", "FATAL: no DETAIL: none"),
    "escape": ("a\x1b[31mb\u2028c\udc80", "a [31mb c"),
    "300 characters": ("x" * 300, "x" * 300),
    "300 characters and spaces": (f" {'x' * 300}\n", "x" * 300),
    "301 characters": ("x" * 301, f"{'x' * 300}..."),
}


@pytest.mark.parametrize(("text", "expected"), LINES.values(), ids=LINES.keys())
def test_what_somebody_else_says_becomes_one_line_of_at_most_300_characters(text: str, expected: str) -> None:
    assert one_line(text) == expected
