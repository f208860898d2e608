# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Removal, Replacement
from ansible_collections.keywright.ssh.plugins.module_utils._registry.codec import UnloadableError, decode, encode
from ansible_collections.keywright.ssh.plugins.module_utils._registry.plain_records import comment_of
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import (
    REGION,
    binding,
    document,
    imported,
    key_pair,
    material,
)

OTHER = material(5)
GOOD = encode(
    document(
        key_pair(tags={"team": "platform"}, replaced=Replacement(OTHER.fingerprint, "20261124T045207.123456Z", "/keys/ops.pem")),
        imported("web", 1),
        removals={"db": Removal("/keys", OTHER.fingerprint)},
        bindings=[binding(key_pair())],
    )
)
Edit = Callable[[dict[str, Any]], Any]


def _edited(edit: Edit) -> bytes:
    loaded = json.loads(GOOD)
    edit(loaded)
    return json.dumps(loaded).encode()


def _set(path: str, value: Any) -> Edit:
    def edit(loaded: dict[str, Any]) -> None:
        *parents, last = path.split("/")
        for parent in parents:
            loaded = loaded[parent]
        loaded[last] = value

    return edit


def _drop(path: str) -> Edit:
    def edit(loaded: dict[str, Any]) -> None:
        *parents, last = path.split("/")
        for parent in parents:
            loaded = loaded[parent]
        del loaded[last]

    return edit


def _rename(path: str, name: str) -> Edit:
    def edit(loaded: dict[str, Any]) -> None:
        parent, last = path.split("/")
        loaded[parent][name] = loaded[parent].pop(last)

    return edit


def test_the_document_that_the_others_are_made_from_is_good() -> None:
    decode(GOOD, REGION)
    decode(_edited(lambda loaded: None), REGION)


def test_a_document_that_is_truncated_at_any_byte_is_refused() -> None:
    for length in range(len(GOOD) - 1):  # without the last newline it is whole
        with pytest.raises(UnloadableError) as caught:
            decode(GOOD[:length], REGION)
        assert caught.value.code is ErrorCode.REGISTRY_CORRUPT, length


BYTES = {
    "empty": b"",
    "white space": b" \n",
    "byte order mark": b"\xef\xbb\xbf" + GOOD,
    "utf-16": GOOD.decode().encode("utf-16"),
    "not utf-8": GOOD.replace(b"platform", b"\xff\xfe"),
    "text behind it": GOOD + b"x",
    "second document behind it": GOOD + GOOD,
    "merge conflict": b"<<<<<<< HEAD\n" + GOOD,
    "null": b"null",
    "list": b"[]",
    "number": b"1",
    "key twice at the top": GOOD.replace(b'"serial": 7', b'"serial": 7, "serial": 8'),
    "key pair twice": GOOD.replace(b'"web": {', b'"ops": {'),
    "field twice": GOOD.replace(b'"size": 256', b'"size": 256, "size": 256', 1),
    "tag twice": GOOD.replace(b'"team": "platform"', b'"team": "a", "team": "b"'),
    "NaN": GOOD.replace(b'"serial": 7', b'"serial": NaN'),
    "Infinity": GOOD.replace(b'"serial": 7', b'"serial": -Infinity'),
    "1e400": GOOD.replace(b'"serial": 7', b'"serial": 1e400'),
    "fraction": GOOD.replace(b'"serial": 7', b'"serial": 7.0'),
    "5000 digits": GOOD.replace(b'"serial": 7', b'"serial": ' + b"7" * 5000),
    "4000 digits": GOOD.replace(b'"serial": 7', b'"serial": ' + b"7" * 4000),
    "deep nesting": GOOD.replace(b'"serial": 7', b'"serial": ' + b"[" * 100_000 + b"]" * 100_000),
    "deep objects": b'{"a":' * 100_000,
    "NUL": GOOD.replace(b"platform", b"\0"),
    "lone surrogate": GOOD.replace(b"platform", rb"\udc80"),
    "lone surrogate key": GOOD.replace(b'"team"', rb'"\ud800"'),
}


@pytest.mark.parametrize("data", BYTES.values(), ids=BYTES.keys())
def test_bytes_that_are_not_a_strict_document_are_refused(data: bytes) -> None:
    with pytest.raises(UnloadableError) as caught:
        decode(data, REGION)
    assert caught.value.code is ErrorCode.REGISTRY_CORRUPT
    assert caught.value.problem.isprintable()
    assert len(caught.value.problem) < 200


FIELDS: dict[str, Edit] = {
    "true as schema version": _set("schema_version", True),
    "schema version 0": _set("schema_version", 0),
    "schema version as text": _set("schema_version", "1"),
    "no schema version": _drop("schema_version"),
    "another region": _set("region", "eu-2"),
    "no region": _drop("region"),
    "true as serial": _set("serial", True),
    "serial 0": _set("serial", 0),
    "negative serial": _set("serial", -1),
    "serial of 64 bits": _set("serial", 2**63),
    "lineage not a UUID": _set("lineage", "x"),
    "key pairs as a list": _set("key_pairs", []),
    "no key pairs": _drop("key_pairs"),
    "unknown field at the top": _set("extra", 1),
    "key pair that is null": _set("key_pairs/ops", None),
    "name that leaves the directory": _rename("key_pairs/ops", "../../x"),
    "absolute name": _rename("key_pairs/ops", "/etc/passwd"),
    "empty name": _rename("key_pairs/ops", ""),
    "one-letter name": _rename("key_pairs/ops", "o"),
    "name with a newline": _rename("key_pairs/ops", "ops\n"),
    "unknown field": _set("key_pairs/ops/extra", "x"),
    "no id": _drop("key_pairs/ops/id"),
    "id in capitals": _set("key_pairs/ops/id", "A1111111-2222-4333-8444-555555555555"),
    "id that is a number": _set("key_pairs/ops/id", 7),
    "unknown type": _set("key_pairs/ops/type", "dsa"),
    "type that is a list": _set("key_pairs/ops/type", []),
    "another type": _set("key_pairs/ops/type", "ecdsa"),
    "another size": _set("key_pairs/ops/size", 255),
    "true as size": _set("key_pairs/ops/size", True),
    "fingerprint of another key": _set("key_pairs/ops/fingerprint", OTHER.fingerprint),
    "MD5 fingerprint": _set("key_pairs/ops/fingerprint", "2f:bf"),
    "public key of another key": _set("key_pairs/ops/public_key", OTHER.line("ops")),
    "two public keys": _set("key_pairs/ops/public_key", f"{OTHER.line('a')}\n{OTHER.line('b')}"),
    "no public key": _set("key_pairs/ops/public_key", ""),
    "public key without type": _set("key_pairs/ops/public_key", OTHER.encoded.split()[1]),
    "creation type unknown": _set("key_pairs/ops/creation_type", "found"),
    "creation type a list": _set("key_pairs/ops/creation_type", ["generated"]),
    "local time": _set("key_pairs/ops/created_at", "2026-01-02T03:04:05+01:00"),
    "arabic digits": _set("key_pairs/ops/created_at", "\u0662026-01-02T03:04:05Z"),
    "21 tags": _set("key_pairs/ops/tags", {str(number): "x" for number in range(21)}),
    "tags as a list": _set("key_pairs/ops/tags", []),
    "tag that is a number": _set("key_pairs/ops/tags", {"a": 1}),
    "tag of 129 characters": _set("key_pairs/ops/tags", {"a": "x" * 129}),
    "tag with a newline": _set("key_pairs/ops/tags", {"a": "x\n"}),
    "tag without key": _set("key_pairs/ops/tags", {"": "x"}),
    "generated without delivery": _drop("key_pairs/ops/delivery"),
    "imported with delivery": _set("key_pairs/web/delivery", {"controller": "a", "file": "/a"}),
    "relative file": _set("key_pairs/ops/delivery/file", "a.pem"),
    "file with dots": _set("key_pairs/ops/delivery/file", "/keys/../etc/passwd"),
    "file with a newline": _set("key_pairs/ops/delivery/file", "/keys/a\n"),
    "controller that is a number": _set("key_pairs/ops/delivery/controller", 1),
    "delivery that is null": _set("key_pairs/ops/delivery", None),
    "delivery with more": _set("key_pairs/ops/delivery/extra", 1),
    "replaced at no time": _set("key_pairs/ops/replaced/at", "yesterday"),
    "replaced at a path": _set("key_pairs/ops/replaced/at", "../x"),
    "replaced relative file": _set("key_pairs/ops/replaced/file", "ops.pem"),
    "replaced fingerprint": _set("key_pairs/ops/replaced/fingerprint", "x"),
    "removals as a list": _set("removals", []),
    "removal that is null": _set("removals/db", None),
    "removal of a bad name": _rename("removals/db", "../db"),
    "bindings as a list": _set("bindings", []),
    "binding that is null": _set("bindings/deploy@web1", None),
    "binding of another account": _rename("bindings/deploy@web1", "root@web1"),
    "binding of no key pair": _set("bindings/deploy@web1/key_pair", "gone"),
    "binding of a number": _set("bindings/deploy@web1/key_pair", 7),
    "binding of no name": _set("bindings/deploy@web1/key_pair", "../ops"),
    "binding of another key": _set("bindings/deploy@web1/fingerprint", OTHER.fingerprint),
    "binding to port 0": _set("bindings/deploy@web1/port", 0),
    "binding to port 65536": _set("bindings/deploy@web1/port", 65536),
    "binding to port true": _set("bindings/deploy@web1/port", True),
    "binding to an address of two lines": _set("bindings/deploy@web1/address", "a\nb"),
    "binding to no address": _set("bindings/deploy@web1/address", ""),
    "binding pending as text": _set("bindings/deploy@web1/pending", "yes"),
    "binding that replaces what is no list": _set("bindings/deploy@web1/replaces", ""),
    "binding that replaces text": _set("bindings/deploy@web1/replaces", ["x"]),
    "binding at no time": _drop("bindings/deploy@web1/bound_at"),
    "binding of no user": _drop("bindings/deploy@web1/user"),
    "binding without key pair": _drop("bindings/deploy@web1/key_pair"),
    "binding with more": _set("bindings/deploy@web1/extra", 1),
    "removal in a relative directory": _set("removals/db/directory", "keys"),
}


PROBLEMS: dict[str, tuple[bytes, str]] = {
    "utf-16": (BYTES["utf-16"], "is not UTF-8"),
    "empty": (b"", "is not JSON: Expecting value at line 1"),
    "NaN": (BYTES["NaN"], "holds a number that is not a whole one"),
    "fraction": (BYTES["fraction"], "holds a number that is not a whole one"),
    "5000 digits": (BYTES["5000 digits"], "holds a number that is too long"),
    "deep nesting": (BYTES["deep nesting"], "is nested too deeply"),
    "key twice": (BYTES["field twice"], "has a key twice in one object"),
    "list": (b"[]", "is not a JSON object"),
    "unknown type": (_edited(FIELDS["unknown type"]), "has a malformed 'type'"),
    "binding of no name": (_edited(FIELDS["binding of no name"]), "has a malformed 'key_pair'"),
    "binding of another account": (_edited(FIELDS["binding of another account"]), "is not of its 'user' and 'host'"),
    "binding of another key": (_edited(FIELDS["binding of another key"]), "is not of a registered key pair"),
    "binding of another account and key": (
        _edited(lambda loaded: [FIELDS[name](loaded) for name in ("binding of another key", "binding of another account")]),
        "is not of its 'user' and 'host'",
    ),
}


@pytest.mark.parametrize(("data", "problem"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_the_first_thing_that_is_wrong_is_named(data: bytes, problem: str) -> None:
    with pytest.raises(UnloadableError) as caught:
        decode(data, REGION)
    assert problem in caught.value.problem


@pytest.mark.parametrize("edit", FIELDS.values(), ids=FIELDS.keys())
def test_a_field_that_is_not_what_the_layout_says_is_refused(edit: Edit) -> None:
    with pytest.raises(UnloadableError) as caught:
        decode(_edited(edit), REGION)
    assert caught.value.code is ErrorCode.REGISTRY_CORRUPT
    assert caught.value.problem.isprintable()


NAMES = ("../../x", "/etc/passwd", "", "o", "ops\n", "o" * 256, "{{ ops }}", "op\u0455")


@pytest.mark.parametrize("name", NAMES)
def test_a_record_that_is_found_sound_in_one_look_needs_a_name_as_well(name: str) -> None:
    loaded = json.loads(encode(document(key_pair())))
    assert comment_of(loaded["key_pairs"]["ops"]) == "ops"
    loaded["key_pairs"][name] = loaded["key_pairs"].pop("ops")
    with pytest.raises(UnloadableError, match="is not named as key pairs are"):
        decode(json.dumps(loaded).encode(), REGION)


@pytest.mark.parametrize("version", [2, 999, 10**30])
def test_a_newer_schema_is_refused_as_such_whatever_else_it_holds(version: int) -> None:
    with pytest.raises(UnloadableError, match=f"has schema version {version}, and this release knows 1") as caught:
        decode(_edited(lambda loaded: loaded.update(schema_version=version, new_field={"x": 1})), REGION)
    assert caught.value.code is ErrorCode.REGISTRY_NEWER_SCHEMA


SECRETS: dict[str, bytes] = {
    "tag": _edited(_set("key_pairs/ops/tags", {"a": "-----BEGIN OPENSSH PRIVATE KEY-----"})),
    "tag key": _edited(_set("key_pairs/ops/tags", {"private key": "x"})),
    "unknown field": _edited(_set("key_pairs/ops/private_key", "-----BEGIN RSA PRIVATE KEY-----\nQ0FOQVJZ")),
    "path": _edited(_set("key_pairs/ops/delivery/file", "/keys/Private Key/ops.pem")),
    "behind the document": GOOD + b"PRIVATE KEY",
    "instead of the document": b"-----BEGIN OPENSSH PRIVATE KEY-----\nQ0FOQVJZ\n",
    "escaped letter": GOOD.replace(b"platform", rb"\u0050RIVATE KEY"),
    "escaped space": GOOD.replace(b"platform", rb"private\u0020key"),
    "escaped in a key": GOOD.replace(b'"team"', rb'"PRIVATE K\u0045Y"'),
    "not utf-8": GOOD.replace(b"platform", b"\xffPRIVATE KEY"),
}


@pytest.mark.parametrize("data", SECRETS.values(), ids=SECRETS.keys())
def test_what_looks_like_a_private_key_is_refused_as_such_wherever_it_stands_and_is_not_shown(data: bytes) -> None:
    with pytest.raises(UnloadableError) as caught:
        decode(data, REGION)
    assert caught.value.code is ErrorCode.REGISTRY_SECRET
    assert "Q0FOQVJZ" not in str(caught.value)
