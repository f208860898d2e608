# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the guides say in tables and schemas is what the code does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Document, Removal, Replacement
from ansible_collections.keywright.ssh.plugins.module_utils._registry.codec import UnloadableError, decode, encode
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils import builders

DOCS = Path(__file__).resolve().parents[2] / "docs"
SCHEMA = json.loads((DOCS / "registry.schema.json").read_text(encoding="utf-8"))


def test_the_table_of_error_codes_has_each_code_with_its_text() -> None:
    rows = re.findall(
        r"^    \* - ``([^`]+)``\n      - (.+)$", (DOCS / "docsite/rst/error_codes.rst").read_text(encoding="utf-8"), re.MULTILINE
    )
    in_code = [(code.value, re.sub(r"O\((\w+)\)", r":ansopt:`keywright.ssh.ssh_keypair#module:\1`", code.when)) for code in ErrorCode]
    assert rows == in_code


def _document() -> dict[str, Any]:
    """Return a document that has everything in it, as the codec writes it."""
    first = builders.key_pair("first", tags={"team": "ops", "empty": ""})
    replaced = Replacement(builders.material(5).fingerprint, "20260102T030405.000006Z", "/keys/second.pem")
    second = builders.key_pair("second", 1, replaced=replaced)
    third = builders.imported("third", 2, replaced=Replacement(builders.material(6).fingerprint, "20260102T030405.000007Z", None))
    bound = builders.binding(first)
    pending = builders.binding(second, "web2", pending=True, replaces=(first.fingerprint,))
    document = Document(
        builders.REGION,
        builders.LINEAGE,
        7,
        {record.name: record for record in (first, second, third)},
        {"gone": Removal("/keys", builders.material(7).fingerprint)},
        {each.account: each for each in (bound, pending)},
    )
    return dict(json.loads(encode(document)))


def test_the_schema_is_one_and_takes_what_the_codec_writes() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(_document(), SCHEMA)
    jsonschema.validate(json.loads(encode(Document(builders.REGION, builders.LINEAGE, 1))), SCHEMA)


SPOILED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "newer schema": lambda document: document.update(schema_version=2),
    "no serial": lambda document: document.pop("serial"),
    "serial 0": lambda document: document.update(serial=0),
    "region in capitals": lambda document: document.update(region="EU"),
    "unknown field": lambda document: document.update(more=1),
    "name of a path": lambda document: document["key_pairs"].update({"../x": document["key_pairs"]["first"]}),
    "no fingerprint": lambda document: document["key_pairs"]["first"].pop("fingerprint"),
    "size as text": lambda document: document["key_pairs"]["first"].update(size="256"),
    "unknown type": lambda document: document["key_pairs"]["first"].update(type="dsa"),
    "private key": lambda document: document["key_pairs"]["first"].update(private_key="x"),
    "generated without delivery": lambda document: document["key_pairs"]["first"].pop("delivery"),
    "imported with delivery": lambda document: document["key_pairs"]["first"].update(creation_type="imported"),
    "relative file": lambda document: document["key_pairs"]["first"]["delivery"].update(file="ops.pem"),
    "number as tag": lambda document: document["key_pairs"]["first"]["tags"].update(a=1),
    "21 tags": lambda document: document["key_pairs"]["first"]["tags"].update({str(number): "" for number in range(21)}),
    "time with a zone": lambda document: document["key_pairs"]["first"].update(created_at="2026-01-02T03:04:05+00:00"),
    "replaced without time": lambda document: document["key_pairs"]["second"]["replaced"].pop("at"),
    "port 0": lambda document: document["bindings"]["deploy@web1"].update(port=0),
    "binding of nobody": lambda document: document["bindings"]["deploy@web1"].update(user=""),
    "removal without directory": lambda document: document["removals"]["gone"].pop("directory"),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED.keys())
def test_schema_and_loader_refuse_the_same_documents(spoil: Callable[[dict[str, Any]], Any]) -> None:
    document = _document()
    spoil(document)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)
    with pytest.raises(UnloadableError):
        decode(json.dumps(document).encode(), builders.REGION)


def test_the_guides_example_of_a_document_is_one() -> None:
    guide = (DOCS / "docsite/rst/registry.rst").read_text(encoding="utf-8")
    example = re.search(r"code-block:: json\n\n((?:    .*\n|\n)+)", guide)
    assert example is not None
    document = json.loads(example[1])
    jsonschema.validate(document, SCHEMA)
    assert decode(json.dumps(document).encode(), "eu-1").key_pairs.keys() == {"ops"}
