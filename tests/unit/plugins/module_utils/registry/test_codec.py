# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import difflib
import json
import random

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Delivery, Document, KeyPair, Removal, Replacement
from ansible_collections.keywright.ssh.plugins.module_utils._registry.codec import decode, encode
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils import builders
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import (
    REGION,
    binding,
    document,
    imported,
    key_pair,
    material,
)

AT = "20261124T045207.123456Z"
OLD = material(9).fingerprint
DOCUMENTS = {
    "empty": document(),
    "generated": document(key_pair()),
    "imported": document(imported()),
    "no comment": document(key_pair(comment="")),
    "comment with spaces": document(key_pair(comment="a  b c")),
    "largest serial": document(key_pair(), serial=2**63 - 1),
    "ecdsa": document(key_pair(key_type="ecdsa", size=521)),
    "rsa": document(key_pair(key_type="rsa", size=2048)),
    "tags": document(key_pair(tags={"b": "", 'quote " \\ slash': "\u00fc \U0001f511", "{{ a }}": "</script>"})),
    "most and longest tags": document(key_pair(tags={f"{number:0128}": "x" * 128 for number in range(20)})),
    "replaced": document(key_pair(replaced=Replacement(OLD, AT, "/keys/ops.pem"))),
    "replaced without file": document(key_pair(replaced=Replacement(OLD, AT, None))),
    "import over generated": document(imported(replaced=Replacement(OLD, AT, "/keys/ops.pem"))),
    "removal": document(imported(), removals={"web": Removal("/keys", OLD)}),
    "bindings": document(
        key_pair(),
        bindings=[
            binding(key_pair()),
            binding(key_pair(), "[fe80::1%eth0]", user="\u00fc", port=65535, pending=True, replaces=(OLD, material(8).fingerprint)),
        ],
    ),
    "binding in another file": document(key_pair(), bindings=[binding(key_pair(), path="/etc/ssh/keys/deploy")]),
    "odd path": document(key_pair(delivery=Delivery("host/abc", '/a b/\u00e4 " \\/x.pem'))),
    "several": document(*(imported(name, number) for number, name in enumerate(("zz", "Aa", "aa", "a.b", "a:b")))),
}


@pytest.mark.parametrize("written", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_what_was_written_is_read_back_equal_and_written_again_to_the_same_bytes(written: Document) -> None:
    data = encode(written)
    assert decode(data, REGION) == written
    assert encode(decode(data, REGION)) == data
    assert data.endswith(b"}\n")
    json.loads(data)


@pytest.mark.parametrize("written", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_each_record_is_written_as_the_json_library_writes_it(written: Document) -> None:
    data = encode(written).decode()
    loaded = json.loads(data)
    records = {name: record for title in ("key_pairs", "removals", "bindings") for name, record in loaded.get(title, {}).items()}
    expected = [f"    {_json(name)}: {_json(record)}" for name, record in records.items()]
    assert [line.removesuffix(",") for line in data.splitlines() if line.startswith("    ")] == expected


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _fleet(count: int) -> list[KeyPair]:
    return [imported(f"host-{number:03}", number % 7, tags={"team": "platform", "n": str(number)}) for number in range(count)]


def test_a_document_has_a_line_for_each_key_pair_sorted_by_name_whatever_the_order_of_its_making() -> None:
    fleet = _fleet(20)
    random.Random(1).shuffle(fleet)
    data = encode(document(*fleet))
    assert data == encode(document(*sorted(fleet, key=lambda each: each.name)))
    lines = [line for line in data.decode().splitlines() if line.startswith('    "')]
    assert [line.split('"')[1] for line in lines] == sorted(each.name for each in fleet)


def test_text_is_written_as_people_read_it_and_what_is_not_there_takes_no_line() -> None:
    data = encode(document(imported(tags={"a": "\u00e4"}), bindings=[binding(imported())]))
    assert '"a": "\u00e4"' in data.decode()
    assert not any(field in data for field in (b"pending", b"replaces", b"path"))
    assert b'"key_pairs": {}\n' in encode(document())


def test_the_order_of_tags_does_not_show() -> None:
    assert encode(document(imported(tags={"a": "1", "b": "2"}))) == encode(document(imported(tags={"b": "2", "a": "1"})))


def _changes(before: Document, after: Document) -> list[str]:
    """Return the changed lines of a diff without context; the header's serial is one of them."""
    old, new = (encode(each).decode().splitlines() for each in (before, after))
    return [line for line in difflib.unified_diff(old, new, lineterm="", n=0) if line[:3] not in ("---", "+++")]


@pytest.mark.parametrize("position", [0, 10, 19], ids=["first", "middle", "last"])
def test_a_commit_shows_one_changed_key_pair_as_one_hunk_of_one_line(position: int) -> None:
    fleet = _fleet(20)
    changed = [*fleet[:position], fleet[position]._replace(tags={"team": "other"}), *fleet[position + 1 :]]
    changes = _changes(document(*fleet), document(*changed, serial=8))
    name = fleet[position].name
    assert [line[:2] for line in changes] == ["@@", "- ", "+ ", "@@", "- ", "+ "]
    assert changes[1:3] == ['-  "serial": 7,', '+  "serial": 8,']
    assert all(f'"{name}"' in line for line in changes[4:])


@pytest.mark.parametrize("position", [0, 10], ids=["first", "middle"])
def test_a_commit_shows_one_added_key_pair_as_one_line(position: int) -> None:
    fleet = _fleet(20)
    changes = _changes(document(*fleet[:position], *fleet[position + 1 :]), document(*fleet))
    assert [line[:2] for line in changes] == ["@@", "+ "]
    assert fleet[position].name in changes[1]


def test_a_full_region_is_read_and_written_and_one_key_pair_more_is_not_read() -> None:
    full = document(*_fleet(500))
    assert decode(encode(full), REGION) == full
    with pytest.raises(Exception, match="holds more than 500 key pairs"):
        decode(encode(document(*_fleet(501))), REGION)


def test_every_field_of_a_record_is_written() -> None:
    record = key_pair(replaced=Replacement(OLD, AT, None), tags={"a": "b"})
    fields = json.loads(encode(document(record)))["key_pairs"]["ops"]
    derived = {"name", "region", "comment"}  # the name is the key, the region is the document's, the comment is the public key's
    assert fields.keys() == set(record._fields) - derived


def test_a_document_says_nothing_of_removals_and_bindings_when_there_are_none() -> None:
    assert b"removals" not in encode(document(imported()))
    assert b"bindings" not in encode(document(imported()))
    assert builders.LINEAGE.encode() in encode(document())
