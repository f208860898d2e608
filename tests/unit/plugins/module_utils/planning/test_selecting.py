# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Patterns of names: what they match, told by a matcher that tries everything, and that none takes long."""

from __future__ import annotations

import itertools

from ansible_collections.keywright.ssh.plugins.module_utils._planning.selection import name_pattern


def _matches(pattern: str, name: str) -> bool:
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(_matches(pattern[1:], name[start:]) for start in range(len(name) + 1))
    return name[:1] == pattern[0] and _matches(pattern[1:], name[1:])


def _texts(letters: str, longest: int) -> list[str]:
    return ["".join(text) for length in range(1, longest + 1) for text in itertools.product(letters, repeat=length)]


def test_a_star_stands_for_any_characters() -> None:
    names = _texts("ab", 5)
    for pattern in _texts("ab*", 5):
        expression = name_pattern(pattern)
        assert [name for name in names if expression.fullmatch(name)] == [name for name in names if _matches(pattern, name)], pattern


def test_many_stars_end() -> None:
    # A matcher that goes back to try every place for every star does not end before the sun does.
    assert name_pattern("*a" * 63 + "*b").fullmatch("a" * 128) is None
