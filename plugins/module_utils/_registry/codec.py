# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A region's document as bytes: one line per key pair, sorted by name, so that a commit shows one change as one hunk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._keys.public_key import public_key_of_line
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import (
    GENERATED,
    Binding,
    Delivery,
    Document,
    KeyPair,
    Removal,
    Replacement,
    account_of,
)
from ansible_collections.keywright.ssh.plugins.module_utils._registry import layout, plain_records, strict_json
from ansible_collections.keywright.ssh.plugins.module_utils._rules.names import MAX_KEY_PAIRS_PER_REGION, is_name
from ansible_collections.keywright.ssh.plugins.module_utils._rules.text import SECRET_WORDS, holds_secret, shown

_SECRET = SECRET_WORDS.encode("ascii")


class UnloadableError(Exception):
    """A document is refused; ``problem`` completes "the document …"."""

    def __init__(self, problem: str, code: ErrorCode = ErrorCode.REGISTRY_CORRUPT) -> None:
        super().__init__(problem)
        self.problem = problem
        self.code = code


def encode(document: Document) -> bytes:
    """Return the document as UTF-8 JSON that ends in a newline."""
    header = (
        f'  "schema_version": {layout.SCHEMA_VERSION},\n  "region": {_text(document.region)},\n'
        f'  "lineage": {_text(document.lineage)},\n  "serial": {document.serial},\n'
    )
    key_pairs = {name: _key_pair_text(key_pair) for name, key_pair in document.key_pairs.items()}
    removals = {name: _text(removal._asdict()) for name, removal in document.removals.items()}
    bindings = {account: _text(_fields_of_binding(binding)) for account, binding in document.bindings.items()}
    optional = {"bindings": bindings, "removals": removals}
    parts = [_lines("key_pairs", key_pairs)] + [_lines(title, records) for title, records in optional.items() if records]
    return ("{\n" + header + ",\n".join(parts) + "\n}\n").encode()


def decode(data: bytes, region: str) -> Document:
    """Return what the bytes hold, or raise :class:`UnloadableError`; nothing is ever half-used."""
    if _SECRET in data.upper():
        raise _secret_found()
    try:
        loaded = strict_json.load(data)
    except strict_json.NotStrictJsonError as error:
        problem = str(error)
    else:
        return _document(loaded, data, region)
    raise UnloadableError(problem)


def _document(loaded: Any, data: bytes, region: str) -> Document:
    if not isinstance(loaded, dict):
        raise UnloadableError("is not a JSON object")
    version = loaded.get("schema_version")
    if isinstance(version, int) and not isinstance(version, bool) and version > layout.SCHEMA_VERSION:
        raise UnloadableError(
            f"has schema version {version}, and this release knows {layout.SCHEMA_VERSION}", ErrorCode.REGISTRY_NEWER_SCHEMA
        )
    problem = layout.problem_of_fields(loaded, layout.DOCUMENT_FIELDS, layout.DOCUMENT_OPTIONAL)
    if problem is not None:
        raise UnloadableError(problem)
    if loaded["region"] != region:
        raise UnloadableError(f"says that it is of region {shown(loaded['region'])}")
    if len(loaded["key_pairs"]) > MAX_KEY_PAIRS_PER_REGION:
        raise UnloadableError(f"holds more than {MAX_KEY_PAIRS_PER_REGION} key pairs")
    if b"\\" in data and holds_secret(json.dumps(loaded, ensure_ascii=False)):  # an escape has hidden the words from the look at the bytes
        raise _secret_found()
    key_pairs = {name: _key_pair(name, region, fields) for name, fields in loaded["key_pairs"].items()}
    return Document(
        region,
        loaded["lineage"],
        loaded["serial"],
        key_pairs,
        {name: _removal(name, fields) for name, fields in loaded.get("removals", {}).items()},
        {account: _binding(account, fields, key_pairs) for account, fields in loaded.get("bindings", {}).items()},
    )


def _secret_found() -> UnloadableError:
    return UnloadableError(f"holds the words {SECRET_WORDS}, and no private key may ever be in a registry", ErrorCode.REGISTRY_SECRET)


def _key_pair(name: str, region: str, fields: Any) -> KeyPair:
    comment = plain_records.comment_of(fields) if is_name(name) else None
    if comment is None:
        comment = _checked_comment(name, fields)
    return KeyPair(
        name=name,
        region=region,
        comment=comment,
        id=fields["id"],
        type=fields["type"],
        size=fields["size"],
        fingerprint=fields["fingerprint"],
        public_key=fields["public_key"],
        creation_type=fields["creation_type"],
        created_at=fields["created_at"],
        tags=fields["tags"],
        delivery=Delivery(**fields["delivery"]) if "delivery" in fields else None,
        replaced=Replacement(**fields["replaced"]) if "replaced" in fields else None,
    )


def _checked_comment(name: str, fields: Any) -> str:
    """Return the comment of a key pair after its record was found to be sound, or raise the reason."""
    problem = _problem(name, fields, layout.KEY_PAIR_FIELDS, layout.KEY_PAIR_OPTIONAL)
    if problem is None and (fields["creation_type"] == GENERATED) != ("delivery" in fields):
        problem = "has a 'delivery' that does not go with its 'creation_type'"
    if problem is not None:
        raise UnloadableError(f"has the key pair {shown(name)}, which {problem}")
    return _comment(name, fields)


def _comment(name: str, fields: Mapping[str, Any]) -> str:
    """Return the comment of the public key, after the public key was found to be what the other fields say."""
    try:
        public_key = public_key_of_line(fields["public_key"])
    except ValueError:
        problem = "has a malformed 'public_key'"
    else:
        if (public_key.type, public_key.size) == (fields["type"], fields["size"]) and public_key.fingerprint == fields["fingerprint"]:
            return public_key.comment
        problem = "has a 'public_key' that is not of its 'type', 'size' and 'fingerprint'"
    raise UnloadableError(f"has the key pair {shown(name)}, which {problem}")


def _removal(name: str, fields: Any) -> Removal:
    problem = _problem(name, fields, layout.REMOVAL_FIELDS)
    if problem is not None:
        raise UnloadableError(f"has the removal {shown(name)}, which {problem}")
    return Removal(**fields)


def _binding(account: str, fields: Any, key_pairs: Mapping[str, KeyPair]) -> Binding:
    problem = "is not a JSON object"
    if isinstance(fields, dict):
        problem = layout.problem_of_fields(fields, layout.BINDING_FIELDS, layout.BINDING_OPTIONAL) or ""
        if not problem and account != account_of(fields["user"], fields["host"]):
            problem = "is not of its 'user' and 'host'"
        if not problem and (fields["key_pair"] not in key_pairs or key_pairs[fields["key_pair"]].fingerprint != fields["fingerprint"]):
            problem = "is not of a registered key pair"
    if problem:
        raise UnloadableError(f"has the binding {shown(account)}, which {problem}")
    return Binding(**{**fields, "replaces": tuple(fields.get("replaces", ()))})


def _problem(name: str, fields: Any, checks: Mapping[str, layout.Check], optional: frozenset[str] = frozenset()) -> str | None:
    if not is_name(name):
        return "is not named as key pairs are"
    if not isinstance(fields, dict):
        return "is not a JSON object"
    return layout.problem_of_fields(fields, checks, optional)


def _key_pair_text(key_pair: KeyPair) -> str:
    """Return a record as JSON; put together from its texts, which takes a fifth of the time that an encoder takes."""
    text = (
        f'{{"id": {_quoted(key_pair.id)}, "type": {_quoted(key_pair.type)}, "size": {key_pair.size}, '
        f'"fingerprint": {_quoted(key_pair.fingerprint)}, "public_key": {_quoted(key_pair.public_key)}, '
        f'"creation_type": {_quoted(key_pair.creation_type)}, "created_at": {_quoted(key_pair.created_at)}, '
        f'"tags": {_text(dict(sorted(key_pair.tags.items()))) if key_pair.tags else "{}"}'
    )
    if key_pair.delivery is not None:
        controller, file = key_pair.delivery
        text += f', "delivery": {{"controller": {_quoted(controller)}, "file": {_quoted(file)}}}'
    if key_pair.replaced is not None:
        text += f', "replaced": {_text(key_pair.replaced._asdict())}'
    return text + "}"


def _fields_of_binding(binding: Binding) -> dict[str, Any]:
    fields = binding._asdict()
    if not binding.pending:
        del fields["pending"], fields["replaces"]
    if binding.path is None:
        del fields["path"]
    return fields


def _lines(title: str, records: Mapping[str, str]) -> str:
    if not records:
        return f'  "{title}": {{}}'
    lines = ",\n".join(f"    {_quoted(name)}: {records[name]}" for name in sorted(records))
    return f'  "{title}": {{\n{lines}\n  }}'


_text = json.JSONEncoder(ensure_ascii=False).encode
_quoted = json.encoder.encode_basestring
