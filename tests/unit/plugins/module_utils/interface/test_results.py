# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What plugins return is what their documentation says."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.keywright.ssh.plugins.module_utils import _interface
from ansible_collections.keywright.ssh.plugins.module_utils._interface.results import key_pair_result, outcome_result
from ansible_collections.keywright.ssh.plugins.module_utils._model import seen
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Replacement
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import binding, imported, key_pair, material
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import World

MODULES = Path(_interface.__path__[0]).parents[1] / "modules"
TYPES = {"str": str, "int": int, "dict": dict, "list": list, "bool": bool}


def _documented(module: str) -> dict[str, Any]:
    tree = ast.parse((MODULES / f"{module}.py").read_text())
    values = {
        node.targets[0].id: node.value for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    return dict(yaml.safe_load(ast.literal_eval(values["RETURN"])))


DOCUMENTED = _documented("ssh_keypair")
FIELDS: dict[str, Any] = DOCUMENTED["key_pairs"]["contains"]


@pytest.mark.parametrize(
    "record",
    [
        key_pair(),
        imported(),
        key_pair(comment=""),
        key_pair(replaced=Replacement(material(1).fingerprint, "20261124T045207.123456Z", None)),
    ],
    ids=["generated", "imported", "no comment", "replaced"],
)
def test_a_key_pair_has_the_documented_keys_and_types(record: Any) -> None:
    result = key_pair_result(record, "present", [binding(record)])
    assert set(result) == set(FIELDS)
    for name, value in result.items():
        assert value is None or isinstance(value, TYPES[FIELDS[name]["type"]]), name


def test_every_status_is_documented() -> None:
    statuses = {value for name, value in vars(seen).items() if name.isupper() and isinstance(value, str)}
    text = str(FIELDS["private_key_status"]["description"])
    assert len(statuses) == 8
    assert {status for status in statuses if f"V({status})" not in text} == set()


@pytest.mark.parametrize("names", [("ops",), ("ops", "web")], ids=["one", "several"])
@pytest.mark.parametrize("check_mode", [True, False], ids=["check mode", "run"])
@pytest.mark.parametrize("options", [{}, {"present": False}, {"tags": {"a": "b"}}], ids=["present", "absent", "tags"])
def test_a_result_has_the_documented_keys_and_none_that_ansible_would_take_for_its_own(
    options: dict[str, Any], check_mode: bool, names: tuple[str, ...], world: World
) -> None:
    world.make("ops")
    result = world.result(world.wish(*names, **options), check_mode)
    assert result.keys() - {"changed", "diff", "warnings"} == {"key_pairs"} | ({"key_pair"} if len(names) == 1 else set())
    assert result.keys() - {"changed", "diff", "warnings"} <= DOCUMENTED.keys()
    assert not result.keys() & {"path", "dest", "failed", "skipped", "state", "mode", "invocation", "exception"}
    assert isinstance(result["changed"], bool)


def test_a_result_is_made_of_plain_values(world: World) -> None:
    result = world.result(world.wish("ops", tags={"a": "b"}))
    assert yaml.safe_load(yaml.safe_dump(result)) == result


def test_a_diff_is_there_only_if_asked_for_and_shows_only_what_changes(world: World) -> None:
    world.make("ops", "web")
    wish = world.wish("ops", "web", "new", tags={}, purge_tags=False)
    assert "diff" not in outcome_result(wish, world.run(wish, check_mode=True), with_diff=False)
    diff = world.result(wish)["diff"]
    assert (list(diff["before"]), list(diff["after"])) == ([], ["new"])
    assert diff["before_header"] == diff["after_header"] == "key pairs of region eu-1"
    retagged = world.result(world.wish("ops", "web", tags={"a": "b"}))["diff"]
    assert list(retagged["before"]) == list(retagged["after"]) == ["ops", "web"]
    changed = {key for key, value in retagged["after"]["ops"].items() if retagged["before"]["ops"][key] != value}
    assert changed == {"tags"}
    same = world.result(world.wish("ops"))["diff"]
    assert (same["before"], same["after"]) == ({}, {})


def test_a_warning_is_given_once(world: World) -> None:
    world.keys.mkdir()
    world.keys.chmod(0o770)
    world.make("ops", "web")
    world.registry.chmod(0o770)
    warnings = world.result(world.wish("aa", "bb", "cc"))["warnings"]
    assert len(warnings) == len(set(warnings)) == 2
