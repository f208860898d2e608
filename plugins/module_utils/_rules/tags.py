# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags of key pairs (source: TagResources and Limits of the ECS API)."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._rules.text import has_control_characters, holds_secret, shown

MAX_TAGS = 20
MAX_CHARACTERS = 128

_RESERVED_PREFIXES = ("aliyun", "acs:")
_BANNED = ("http://", "https://")


def check_tags(tags: Mapping[object, object]) -> dict[str, str]:
    """Return the tags of a task as text, or refuse the first one that breaks a rule.

    Whole numbers are taken as their digits. Other values that are not text are refused, because YAML has already
    changed them: ``1.10`` would become ``1.1`` and ``yes`` would become ``True``.
    """
    checked: dict[str, str] = {}
    for raw_key, raw_value in tags.items():
        key = _key(raw_key)
        if key in checked:
            raise KeyPairError(ErrorCode.TAG_KEY_DUPLICATE, f"Option 'tags' has the key {shown(key)} twice once keys are text.")
        checked[key] = _value(key, raw_value)
    check_tag_quota(checked)
    return checked


def wanted_tags(tags: Mapping[object, object]) -> dict[str, str]:
    """Return the tags that a question asks for; a tag without value asks for the key alone."""
    return check_tags({key: "" if value is None else value for key, value in tags.items()})


def check_tag_quota(tags: Mapping[str, str]) -> None:
    """Refuse more tags than one key pair may have."""
    if len(tags) > MAX_TAGS:
        raise KeyPairError(ErrorCode.QUOTA_TAGS, f"Option 'tags' may lead to at most {MAX_TAGS} tags per key pair, got {len(tags)}.")


def _key(raw: object) -> str:
    key = _text(raw)
    problem = "must be text" if key is None else _key_problem(key)
    if key is None or problem is not None:
        raise KeyPairError(ErrorCode.TAG_KEY_MALFORMED, f"A key of option 'tags' {problem}, got {shown(raw)}.")
    return key


def _value(key: str, raw: object) -> str:
    value = _text(raw)
    problem = "must be text, so put it in quotes" if value is None else _value_problem(value)
    if value is None or problem is not None:
        raise KeyPairError(ErrorCode.TAG_VALUE_MALFORMED, f"The value of tag {shown(key)} in option 'tags' {problem}, got {shown(raw)}.")
    return value


def _text(raw: object) -> str | None:
    if isinstance(raw, int) and not isinstance(raw, bool):
        return str(raw) if abs(raw) < 10**MAX_CHARACTERS else None
    return raw if isinstance(raw, str) else None


def _key_problem(key: str) -> str | None:
    if not 1 <= len(key) <= MAX_CHARACTERS:
        return f"must be 1 to {MAX_CHARACTERS} characters"
    for prefix in _RESERVED_PREFIXES:
        if key.startswith(prefix):
            return f"must not start with '{prefix}'"
    return _content_problem(key)


def _value_problem(value: str) -> str | None:
    if len(value) > MAX_CHARACTERS:
        return f"must be 0 to {MAX_CHARACTERS} characters"
    return _content_problem(value)


def _content_problem(text: str) -> str | None:
    for banned in _BANNED:
        if banned in text:
            return f"must not contain '{banned}'"
    if has_control_characters(text):
        return "must not contain control characters"
    if holds_secret(text):
        return "must not contain the words PRIVATE KEY"
    return None
