# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which registered key pairs a question is about (source: DescribeKeyPairs)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import NOTHING, Binding, KeyPair
from ansible_collections.keywright.ssh.plugins.module_utils._rules.text import has_control_characters, shown

_PATTERN = re.compile(r"[A-Za-z0-9._:*-]{1,128}")
_SHA256 = re.compile(r"(?:SHA256:)?([A-Za-z0-9+/]{43})=?")
_MD5 = re.compile(r"(?:MD5:)?([0-9a-f]{2}(?::[0-9a-f]{2}){15}|[0-9a-f]{32})", re.IGNORECASE)


class Selection(NamedTuple):
    """Filters that must all match; an empty one matches everything. ``statuses`` needs a look at the private key files.

    ``bound_to`` match the hosts of bindings; ``unbound`` asks for key pairs without any.

    ``names`` match a name as a whole. ``fingerprints`` are ``SHA256:…``, or MD5 with colons. A tag whose wanted value is
    empty matches every value.
    """

    names: tuple[re.Pattern[str], ...] = ()
    fingerprints: frozenset[str] = frozenset()
    tags: Mapping[str, str] = NOTHING
    types: frozenset[str] = frozenset()
    creation_types: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    bound_to: tuple[re.Pattern[str], ...] = ()
    unbound: bool = False

    def matches(self, key_pair: KeyPair, fingerprint_md5: str) -> bool:
        """Tell whether a key pair is asked for, whatever the state of its private key file."""
        return (
            (not self.types or key_pair.type in self.types)
            and (not self.creation_types or key_pair.creation_type in self.creation_types)
            and (not self.fingerprints or not self.fingerprints.isdisjoint((key_pair.fingerprint, fingerprint_md5)))
            and all(key in key_pair.tags and value in ("", key_pair.tags[key]) for key, value in self.tags.items())
            and (not self.names or any(pattern.fullmatch(key_pair.name) for pattern in self.names))
        )

    def matches_state(self, status: str, bindings: tuple[Binding, ...]) -> bool:
        """Tell whether the state of a key pair is asked for: of its private key file, and its bindings."""
        return (
            (not self.statuses or status in self.statuses)
            and not (self.unbound and bindings)
            and (not self.bound_to or any(pattern.fullmatch(binding.host) for pattern in self.bound_to for binding in bindings))
        )


def host_pattern(pattern: str) -> re.Pattern[str]:
    """Return the expression of a host's name in the inventory, in which ``*`` stands for any characters."""
    if not pattern or has_control_characters(pattern):
        raise KeyPairError(ErrorCode.PARAMETER_INVALID, f"Option 'bound_to' must be names of hosts, got {shown(pattern)}.")
    return _with_stars(pattern)


def name_pattern(pattern: str) -> re.Pattern[str]:
    """Return the expression of a name in which ``*`` stands for any characters: ``x*`` starts with, ``*x`` ends with."""
    if _PATTERN.fullmatch(pattern) is None:
        raise KeyPairError(
            ErrorCode.NAME_MALFORMED,
            "Option 'name' must be patterns of 1 to 128 characters, which are ASCII letters, digits, '.', '_', '-', ':' or, for any "
            f"characters, '*', got {shown(pattern)}.",
        )
    return _with_stars(pattern)


def _with_stars(pattern: str) -> re.Pattern[str]:
    """Return the expression; what is between two stars is sought once, since its first place leaves most room for the rest."""
    first, *others = map(re.escape, re.split(r"\*+", pattern))
    middle = "".join(f"(?>.*?{part})" for part in others[:-1])
    return re.compile(first + middle + "".join(f".*{last}" for last in others[-1:]))


def normal_fingerprint(fingerprint: str) -> str:
    """Return a fingerprint as results show it; it may come without prefix, and an MD5 one without colons."""
    if match := _MD5.fullmatch(fingerprint):
        digits = match[1].replace(":", "").lower()
        return ":".join(digits[index : index + 2] for index in range(0, len(digits), 2))
    if match := _SHA256.fullmatch(fingerprint):
        return f"SHA256:{match[1]}"
    raise KeyPairError(
        ErrorCode.PARAMETER_INVALID,
        "Option 'fingerprint' must be SHA256 (43 characters of Base64) or MD5 (16 hexadecimal bytes, with or without colons), got "
        f"{shown(fingerprint)}.",
    )
