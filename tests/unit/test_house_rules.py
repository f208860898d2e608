# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the code of this collection keeps to, whoever writes it."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "plugins" / "module_utils"
COLLECTION = "ansible_collections.keywright.ssh.plugins."

# From the ground up: a package imports only what stands before it, and of the floors below only those that its line names.
FLOORS: dict[str, set[str]] = {
    "_model": set(),
    "_rules": {"_model"},
    "_files": {"_model"},
    "_keys": {"_model", "_rules"},
    "_registry": {"_model", "_rules", "_files", "_keys"},
    "_planning": {"_model", "_rules"},
    "_delivery": {"_model", "_rules", "_files", "_keys"},
    "_login": {"_model", "_rules", "_files", "_keys"},
    "_service": {"_model", "_rules", "_keys", "_registry", "_planning", "_delivery", "_login"},
    "_interface": {"_model", "_rules", "_keys", "_registry", "_planning", "_delivery", "_service"},
    "_boundary": {"_model", "_rules", "_keys", "_registry", "_planning", "_delivery", "_login", "_service", "_interface"},
}
WITH_ANSIBLE = {"_boundary"}
MAX_LINES = 300
MAX_FUNCTION_LINES = 40
DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN"}

SOURCES = sorted(path for folder in ("plugins", "tests") for path in (ROOT / folder).rglob("*.py") if path.stat().st_size)
PLUGINS = [path for path in SOURCES if "plugins" in path.relative_to(ROOT).parts[:1]]
MODULES = sorted((ROOT / "plugins" / "modules").glob("[!_]*.py"))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@functools.cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _constants(path: Path) -> dict[str, ast.Constant]:
    assignments = (node for node in ast.walk(_tree(path)) if isinstance(node, ast.Assign))
    named = ((node.targets[0], node.value) for node in assignments)
    return {name.id: value for name, value in named if isinstance(name, ast.Name) and isinstance(value, ast.Constant)}


def _own_modules(path: Path) -> set[str]:
    """Return the modules of the core that a file imports, as ``_package.module``."""
    prefix = f"{COLLECTION}module_utils."
    return {name.removeprefix(prefix) for name in _imports(path) if name.startswith(prefix)}


def test_every_package_of_the_core_has_a_floor() -> None:
    assert {path.name for path in CORE.iterdir() if path.is_dir() and path.name != "__pycache__"} == set(FLOORS)
    assert [path.name for path in CORE.glob("*.py")] == []


def test_every_floor_stands_on_lower_ones() -> None:
    order = list(FLOORS)
    for package, below in FLOORS.items():
        assert below <= set(order[: order.index(package)])


@pytest.mark.parametrize("package", FLOORS)
def test_imports_go_down_only(package: str) -> None:
    for path in (CORE / package).glob("*.py"):
        found = {module.partition(".")[0] for module in _own_modules(path)}
        assert found <= FLOORS[package] | {package}, _name(path)


def test_no_two_modules_of_a_package_import_each_other() -> None:
    graph = {f"{path.parent.name}.{path.stem}": _own_modules(path) for path in CORE.rglob("*.py")}

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            for module in graph.get(waiting.pop(), set()) - seen:
                seen.add(module)
                waiting.append(module)
        return seen

    assert [module for module in graph if module in reached(module)] == []


@pytest.mark.parametrize("package", [package for package in FLOORS if package not in WITH_ANSIBLE])
def test_the_core_does_not_know_ansible(package: str) -> None:
    for path in (CORE / package).glob("*.py"):
        known = {name for name in _imports(path) if name.partition(".")[0] == "ansible"}
        assert known == set(), _name(path)


def test_check_mode_is_asked_for_in_one_place_only() -> None:
    below = [path for package in FLOORS if package not in ("_service", "_boundary") for path in (CORE / package).glob("*.py")]
    assert [_name(path) for path in below if re.search(r"\bcheck_mode\b", path.read_text())] == []


@pytest.mark.parametrize("path", PLUGINS, ids=_name)
def test_imports_of_the_collection_are_of_the_collection_and_by_full_name(path: Path) -> None:
    for name in _imports(path):
        assert "ansible_collections" not in name or name.startswith(COLLECTION.rstrip("."))


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_a_file_fits_on_a_few_screens(path: Path) -> None:
    documentation = [value for name, value in _constants(path).items() if name in DOCUMENTATION]
    lines = len(path.read_text().splitlines()) - sum((value.end_lineno or 0) - value.lineno + 1 for value in documentation)
    assert lines < MAX_LINES


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_a_function_fits_on_one_screen(path: Path) -> None:
    functions = [node for node in ast.walk(_tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert [node.name for node in functions if (node.end_lineno or 0) - node.lineno + 1 > MAX_FUNCTION_LINES] == []


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_a_file_says_whose_it_is(path: Path) -> None:
    assert "# SPDX-" + "License-Identifier: GPL-3.0-or-later" in path.read_text().splitlines()[:4]


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_a_check_is_silenced_only_by_its_name(path: Path) -> None:
    comments = [line.partition("#")[2] for line in path.read_text().splitlines()]
    assert [each for each in comments if re.search(r"noqa(?!:\s*[A-Z]+[0-9])|type:\s*ignore(?!\[)", each)] == []


@pytest.mark.parametrize("path", PLUGINS, ids=_name)
def test_what_a_thing_is_called_says_what_it_is_for(path: Path) -> None:
    assert not {"helpers", "common", "utils", "manager", "misc", "util"} & set(path.stem.strip("_").split("_"))


@pytest.mark.parametrize("path", PLUGINS, ids=_name)
def test_no_error_is_swallowed(path: Path) -> None:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.ExceptHandler):
            broad = node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException"))
            assert not (broad and len(node.body) == 1 and isinstance(node.body[0], ast.Pass))
            assert node.type is not None


def _options(module: Path) -> dict[str, dict[str, Any]]:
    """Return the documented options of a module with those of its fragments."""
    documentation = yaml.safe_load(str(_constants(module)["DOCUMENTATION"].value))
    options = dict(documentation.get("options") or {})
    for fragment in documentation.get("extends_documentation_fragment") or []:
        if fragment.startswith("keywright.ssh."):
            file, part = ([*fragment.split(".")[2:], "documentation"])[:2]
            text = _constants(ROOT / "plugins" / "doc_fragments" / f"{file}.py")[part.upper()].value
            options = {**(yaml.safe_load(str(text)).get("options") or {}), **options}
    return options


@pytest.mark.parametrize(("module", "option"), [(module, option) for module in MODULES for option in _options(module)], ids=str)
def test_every_option_says_what_happens_when_it_is_left_out(module: Path, option: str) -> None:
    documented = _options(module)[option]
    assert documented.get("required") or "If it is left out" in str(documented["description"])


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_every_module_has_an_integration_target_of_its_name(module: Path) -> None:
    assert (ROOT / "tests" / "integration" / "targets" / module.stem / "tasks" / "main.yml").is_file()


@pytest.mark.parametrize("kind", ["action", "modules"])
def test_every_module_has_an_action_of_its_name_and_the_other_way_round(kind: str) -> None:
    assert {path.name for path in (ROOT / "plugins" / kind).glob("[!_]*.py")} == {path.name for path in MODULES}
