# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All ways to change a source file in one place: those of cosmic-ray, and those that it has no operator for."""

from __future__ import annotations

import ast
import copy
import difflib
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

SHOWN = 60

_Place = tuple[int, int]


@dataclass(frozen=True)
class Mutant:
    """A changed source file; ``change`` is ``old lines => new lines``, and ``line`` the number of the first of them."""

    line: int
    change: str
    source: str


def mutants_of(source: str, operators: list[str]) -> list[Mutant]:
    """Return the mutants of a source file in the order of its lines, each once.

    ``operators`` are expressions of the names of cosmic-ray's operators. Annotations are never changed: nothing runs them.
    """
    found: dict[str, Mutant] = {}
    for changed in [*_of_cosmic_ray(source, re.compile("|".join(operators))), *_own(source)]:
        if changed not in found and _is_another_program(source, changed):
            found[changed] = _mutant(source, changed)
    return sorted(found.values(), key=lambda mutant: mutant.line)


def _of_cosmic_ray(source: str, wanted: re.Pattern[str]) -> Iterator[str]:
    # Not imported above, so that types can be checked where it is not installed.
    plugins, trees = importlib.import_module("cosmic_ray.plugins"), importlib.import_module("cosmic_ray.ast")
    mutate = importlib.import_module("cosmic_ray.mutating").mutate_code
    skipped = list(_annotations(source))
    for name in filter(wanted.fullmatch, plugins.operator_names()):
        operator = plugins.get_operator(name)()
        nodes = trees.ast_nodes(trees.get_ast(source))
        places = [start for node in nodes for start, _end in operator.mutation_positions(node)]
        for occurrence, place in enumerate(places):
            if not any(start <= place < end for start, end in skipped):
                yield mutate(source, operator, occurrence)


def _annotations(source: str) -> Iterator[tuple[_Place, _Place]]:
    for node in ast.walk(ast.parse(source)):
        for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if annotation is not None:
                yield (annotation.lineno, annotation.col_offset), (annotation.end_lineno, annotation.end_col_offset)


def _own(source: str) -> Iterator[str]:
    """Replace statements and expressions where they stand, so that the rest of the text stays as it is."""
    data = source.encode()
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node in ast.walk(ast.parse(source)):
        for replaced, text in _replacements(node):
            start = starts[replaced.lineno - 1] + replaced.col_offset
            end = starts[(replaced.end_lineno or 0) - 1] + (replaced.end_col_offset or 0)
            yield (data[:start] + text.encode() + data[end:]).decode()


def _replacements(node: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """Return what stands in place of a node or a part of it: a call that is not made, a condition that always or never holds …"""
    if isinstance(node, ast.AugAssign | ast.Raise | ast.Delete) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        yield node, "pass"
    elif isinstance(node, ast.Return) and not (node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None)):
        yield node, "return None"
    elif isinstance(node, ast.BoolOp):
        yield from ((value, str(isinstance(node.op, ast.And))) for value in node.values)
    elif isinstance(node, ast.comprehension):
        yield from ((condition, "True") for condition in node.ifs)
    elif isinstance(node, ast.If | ast.IfExp):
        yield from ((node.test, condition) for condition in ("True", "False"))
    elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
        swapped = copy.copy(node)
        swapped.ops = [ast.NotIn() if isinstance(node.ops[0], ast.In) else ast.In(), *node.ops[1:]]
        yield node, f"({ast.unparse(swapped)})"


def _is_another_program(source: str, changed: str) -> bool:
    try:
        return ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source))
    except SyntaxError:
        return False


def _mutant(source: str, changed: str) -> Mutant:
    old, new = source.splitlines(), changed.splitlines()
    blocks = [block for block in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if block[0] != "equal"]
    first, last = blocks[0], blocks[-1]
    before = " ".join(map(str.strip, old[first[1] : last[2]]))
    after = " ".join(map(str.strip, new[first[3] : last[4]]))
    pairs = enumerate(zip(before, after, strict=False))
    same = next((index for index, (one, other) in pairs if one != other), min(len(before), len(after)))
    return Mutant(first[1] + 1, f"{_cut(before, same)} => {_cut(after, same)}", changed)


def _cut(text: str, same: int) -> str:
    """Return what is around a difference."""
    start = max(0, same - SHOWN) if len(text) > 2 * SHOWN else 0
    return ("..." if start else "") + text[start : start + 2 * SHOWN] + ("..." if len(text) > start + 2 * SHOWN else "")
