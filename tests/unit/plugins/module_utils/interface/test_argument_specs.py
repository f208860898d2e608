# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The argument spec and the documentation say the same."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.keywright.ssh.plugins.module_utils import _interface
from ansible_collections.keywright.ssh.plugins.module_utils._boundary import copying, listing, ssh_keypair
from ansible_collections.keywright.ssh.plugins.module_utils._interface.argument_spec import ArgumentSpec

PLUGINS = Path(_interface.__path__[0]).parents[1]
SPECS: dict[str, ArgumentSpec] = {
    name.lower(): value
    for module in (ssh_keypair, listing, copying)
    for name, value in vars(module).items()
    if isinstance(value, ArgumentSpec) and name.isupper()
}
SPELLED = ("type", "choices", "default", "elements", "required")
SECRET_NAMES = ("key", "pass", "secret", "token")
NOT_SECRET_NAMES = ("_file", "_type", "_name", "_status")


def _constants(path: Path) -> dict[str, str]:
    assignments = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Assign)]
    return {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in assignments
        if isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Constant)
    }


def documented_options(module: str) -> dict[str, dict[str, Any]]:
    """Return the documented options of a module with those of its fragments."""
    documentation = yaml.safe_load(_constants(PLUGINS / "modules" / f"{module}.py")["DOCUMENTATION"])
    options: dict[str, dict[str, Any]] = {}
    for fragment in documentation.get("extends_documentation_fragment", []):
        file, part = ([*fragment.split(".")[2:], "documentation"])[:2]
        options.update(yaml.safe_load(_constants(PLUGINS / "doc_fragments" / f"{file}.py")[part.upper()]).get("options") or {})
    for name, option in (documentation.get("options") or {}).items():
        options[name] = {**options.get(name, {}), **option}
    return options


CASES = [(module, option) for module in SPECS for option in SPECS[module].options]


def test_there_is_a_spec_to_look_at() -> None:
    assert {"ssh_keypair", "ssh_keypair_info"} <= SPECS.keys()


@pytest.mark.parametrize("module", SPECS)
def test_exactly_the_options_of_the_spec_are_documented(module: str) -> None:
    assert set(documented_options(module)) == set(SPECS[module].options)


@pytest.mark.parametrize(("module", "option"), CASES)
def test_an_option_is_documented_as_it_is(module: str, option: str) -> None:
    spec, documented = SPECS[module].options[option], documented_options(module)[option]
    assert {key: documented.get(key) for key in SPELLED} == {key: spec.get(key) for key in SPELLED} | {
        "required": documented.get("required") if not spec.get("required") and not documented.get("required") else spec.get("required")
    }


@pytest.mark.parametrize(("module", "option"), CASES)
def test_a_name_that_sounds_secret_says_whether_it_is(module: str, option: str) -> None:
    spec = SPECS[module].options[option]
    sounds_secret = any(part in option for part in SECRET_NAMES) and not option.endswith(NOT_SECRET_NAMES) and "public_key" not in option
    assert not sounds_secret or spec["type"] == "path" or "no_log" in spec
    assert spec.get("no_log", False) is (option == "passphrase")


@pytest.mark.parametrize("module", SPECS)
def test_options_that_exclude_each_other_exist(module: str) -> None:
    for pair in SPECS[module].mutually_exclusive:
        assert set(pair) <= set(SPECS[module].options)


@pytest.mark.parametrize("option", ["type", "size", "comment", "private_key_format", "public_key", "tags", "passphrase"])
def test_an_option_whose_absence_means_no_difference_has_no_default(option: str) -> None:
    assert "default" not in SPECS["ssh_keypair"].options[option]


@pytest.mark.parametrize("module", SPECS)
def test_the_registry_and_the_region_can_come_from_the_environment(module: str) -> None:
    options = SPECS[module].options
    if module != "registry_copy":  # a copy of one region would be taken for a copy of all
        assert options["region"]["fallback"][1] == ["KEYWRIGHT_REGION"]
    assert options["registry"]["fallback"][1] == ["KEYWRIGHT_REGISTRY"]
