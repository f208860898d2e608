# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fields of a region's document, each with the check that loading makes (the JSON Schema says the same)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import GENERATED, IMPORTED
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_types import KEY_TYPES
from ansible_collections.keywright.ssh.plugins.module_utils._rules.names import is_name
from ansible_collections.keywright.ssh.plugins.module_utils._rules.tags import MAX_CHARACTERS, MAX_TAGS
from ansible_collections.keywright.ssh.plugins.module_utils._rules.text import has_control_characters

SCHEMA_VERSION = 1
MAX_BYTES = 32 * 1024 * 1024

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_REPLACED_AT = re.compile(r"\d{8}T\d{6}\.\d{6}Z", re.ASCII)
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")

Check = Callable[[Any], bool]


def is_text(value: Any) -> bool:
    """Tell whether a value is one line of text."""
    return isinstance(value, str) and not has_control_characters(value)


def is_count(value: Any) -> bool:
    """Tell whether a value is a positive whole number."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63


def is_file(value: Any) -> bool:
    """Tell whether a value is an absolute path in its shortest form."""
    return is_text(value) and os.path.isabs(value) and os.path.normpath(value) == value


def _is_filled(value: Any) -> bool:
    return is_text(value) and value != ""


def _like(pattern: re.Pattern[str]) -> Check:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _are_tags(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and len(value) <= MAX_TAGS
        and all(
            is_text(key) and is_text(text) and 0 < len(key) <= MAX_CHARACTERS and len(text) <= MAX_CHARACTERS for key, text in value.items()
        )
    )


def _is_object(fields: Mapping[str, Check]) -> Check:
    return lambda value: isinstance(value, dict) and problem_of_fields(value, fields) is None


def problem_of_fields(value: Mapping[str, Any], fields: Mapping[str, Check], optional: frozenset[str] = frozenset()) -> str | None:
    """Return the first field that is missing, unknown or malformed, as a phrase that completes "it …", or None."""
    for name, check in fields.items():
        if name not in value:
            if name not in optional:
                return f"lacks '{name}'"
        elif not check(value[name]):
            return f"has a malformed '{name}'"
    unknown = value.keys() - fields.keys()
    return f"has {len(unknown)} unknown fields" if unknown else None


is_uuid = _like(_UUID)
is_fingerprint = _like(_FINGERPRINT)

DELIVERY_FIELDS: Mapping[str, Check] = {"controller": is_text, "file": is_file}
REPLACED_FIELDS: Mapping[str, Check] = {
    "fingerprint": is_fingerprint,
    "at": _like(_REPLACED_AT),
    "file": lambda value: value is None or is_file(value),
}
REMOVAL_FIELDS: Mapping[str, Check] = {"directory": is_file, "fingerprint": is_fingerprint}
KEY_PAIR_FIELDS: Mapping[str, Check] = {
    "id": is_uuid,
    "type": lambda value: isinstance(value, str) and value in KEY_TYPES,
    "size": is_count,
    "fingerprint": is_fingerprint,
    "public_key": is_text,
    "creation_type": lambda value: value in (GENERATED, IMPORTED),
    "created_at": _like(_TIME),
    "tags": _are_tags,
    "delivery": _is_object(DELIVERY_FIELDS),
    "replaced": _is_object(REPLACED_FIELDS),
}
KEY_PAIR_OPTIONAL = frozenset({"delivery", "replaced"})
BINDING_FIELDS: Mapping[str, Check] = {
    "key_pair": lambda value: isinstance(value, str) and is_name(value),
    "fingerprint": is_fingerprint,
    "host": _is_filled,
    "address": _is_filled,
    "port": lambda value: is_count(value) and value < 65536,
    "user": _is_filled,
    "bound_at": _like(_TIME),
    "pending": lambda value: isinstance(value, bool),
    "replaces": lambda value: isinstance(value, list) and all(map(is_fingerprint, value)),
    "path": is_file,
}
BINDING_OPTIONAL = frozenset({"pending", "replaces", "path"})
DOCUMENT_FIELDS: Mapping[str, Check] = {
    "schema_version": is_count,
    "region": is_text,
    "lineage": is_uuid,
    "serial": is_count,
    "key_pairs": lambda value: isinstance(value, dict),
    "removals": lambda value: isinstance(value, dict),
    "bindings": lambda value: isinstance(value, dict),
}
DOCUMENT_OPTIONAL = frozenset({"removals", "bindings"})
