# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hostile input of what only reads: the module ``ssh_keypair_info``, the lookup and the inventory, each refused in clear words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from .controller import Task
from .hostile_options import MISSING, NAME, PARAMETER, PATH, REGION, TAG_VALUE, TEMPLATE
from .operations import Stage
from .table import Row
from .worlds import World

INFO, LOOKUP, INVENTORY = "keywright.ssh.ssh_keypair_info", "keywright.ssh.ssh_public_key", "keywright.ssh.registry"
MALFORMED_URL, NOT_FOUND, UNKNOWN = "InvalidRegistry.Malformed", "Registry.NotFound", "InvalidKeyPairName.NotFound"
# What only somebody who knows the code understands.
UNCLEAR = (
    *("Traceback", "TypeError", "AttributeError", "ValueError", "InternalError"),
    *("unhandled exception", "unexpected", "expected str", "object has no"),
)
UNFIT_NAMES = ("../evil", "", "\u0430b", "a" * 4096, "{{ 7*7 }}", 7, None, {"a": 1}, ["ops", ".."])
UNFIT_REGIONS = ("../x", ["eu-1", ""], "\u0435u", "r" * 5000, TEMPLATE, {"a": 1})
LOOK_UP = f"{{{{ query('{LOOKUP}', *terms, **options) }}}}"


@dataclass(frozen=True)
class Reading:
    """What is asked, and one of the words that the refusal must hold: an error code, or the name of an option of a wrong type."""

    options: dict[str, Any]
    expected: tuple[str, ...]
    terms: tuple[Any, ...] = ("ops",)

    @property
    def title(self) -> str:
        """Return what is asked, without braces, since titles are templates."""
        return ascii((self.terms, self.options))[:70].replace("{", "(").replace("}", ")")


def _wrong(option: str, *values: Any) -> Iterator[Reading]:
    yield from (Reading({option: value}, (PARAMETER, REGION, PATH, MALFORMED_URL, f"'{option}'")) for value in values)


def _info() -> Iterator[Reading]:
    yield from (Reading({"region": value}, (REGION, PARAMETER)) for value in UNFIT_REGIONS)
    yield from (Reading({"name": value}, (NAME, PARAMETER)) for value in ("../evil", "\u0430b", "a" * 4096, TEMPLATE, {"a": 1}, [None]))
    yield from (Reading({"registry": value}, (PATH,)) for value in ("a\0b", "~nobody-of-that-name/x", "/" + "x/" * 2048))
    yield from _wrong("registry", ["x"], {"a": 1})
    yield from (Reading({"tags": value}, (PARAMETER, TAG_VALUE)) for value in (["a"], {"k": "v" * 1048576}))
    yield from _wrong("type", "dsa", {"a": 1})
    yield from _wrong("unbound", "maybe", [])
    yield from _wrong("fingerprint", "../evil", TEMPLATE, "SHA256:" + "x" * 100000, [[1]])


def _lookup() -> Iterator[Reading]:
    yield from (Reading({}, (NAME, UNKNOWN), (name,)) for name in UNFIT_NAMES)
    yield from (Reading({"region": value}, (REGION,)) for value in ("../x", "\u0435u", "r" * 5000, "{{ 7*7 }}"))
    yield from _wrong("region", 7, True, ["eu-1"], {"a": 1})
    yield Reading({"region": None}, (MISSING,))
    yield from _wrong("registry", 7, True, ["x"], {"a": 1})
    yield from (Reading({"registry": value}, (PATH,)) for value in ("a\0b", "~nobody-of-that-name/x"))


def _inventory() -> Iterator[Reading]:
    yield from (Reading({"region": value}, (REGION,)) for value in ("../x", ["eu-1", ""], "r" * 5000, "{{ 7*7 }}"))
    yield from _wrong("region", [["eu-1"]], {"a": 1})
    yield from _wrong("registry", 7, True, ["x"], {"a": 1})
    yield from (Reading({"registry": value}, (PATH, NOT_FOUND)) for value in ("a\0b", "{{ 7*7 }}", "../../nowhere"))
    yield from _wrong("user", ["x"], {"a": 1})


def sweep(stage: Stage, sample: bool) -> list[Row]:
    """Ask each of them; a sample takes a few of each."""
    world = next(stage.worlds_for(stage.operations[4], "read"))
    parts: tuple[tuple[str, Iterator[Reading], Callable[[Stage, World, Sequence[Reading]], list[str]]], ...] = (
        (INFO, _info(), partial(_played, task=_info_task)),
        (LOOKUP, _lookup(), partial(_played, task=_lookup_task)),
        (INVENTORY, _inventory(), _listed),
    )
    rows = []
    for title, table, answers in parts:
        row = Row(f"hostile: {title}")
        readings = list(table)[:: 9 if sample else 1]
        for reading, answer in zip(readings, answers(stage, world, readings), strict=True):
            row.tried(reading.title, _problems(reading, answer))
        rows.append(row)
    return rows


def _info_task(world: World, reading: Reading) -> Task:
    return {INFO: {"registry": str(world.registry), **reading.options}}


def _lookup_task(world: World, reading: Reading) -> Task:
    options = {"registry": str(world.registry), "region": "eu-1", **reading.options}
    raw = {"terms": _unsafe(reading.terms), "options": _unsafe(options)}
    return {"ansible.builtin.debug": {"msg": LOOK_UP}, "vars": raw}


def _unsafe(value: Any) -> Any:
    """Return what a template must say so that the value itself is given, braces and all."""
    if isinstance(value, dict):
        return {key: _unsafe(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_unsafe(each) for each in value]
    return f"{{{{ {value!r} }}}}" if isinstance(value, str) and "{{" in value else value


def _played(stage: Stage, world: World, readings: Sequence[Reading], task: Callable[[World, Reading], Task]) -> list[str]:
    """Return what the tasks of one play say; a task that does not fail says nothing."""
    tasks = [{"name": f"{number}", "ignore_errors": True, **task(world, reading)} for number, reading in enumerate(readings)]
    run = stage.controller.playbook(tasks)
    results = [run.of(f"{number}") for number in range(len(readings))]
    return [json.dumps(result.result) if result is not None and result.failed else "" for result in results]


def _listed(stage: Stage, world: World, readings: Sequence[Reading]) -> list[str]:
    """Return what ``ansible-inventory`` says of each configuration; one that it takes says nothing."""
    answers = []
    for number, reading in enumerate(readings):
        file = world.root / f"{number}.keywright.yml"
        file.write_text(json.dumps({"plugin": INVENTORY, "registry": str(world.registry), **reading.options}))
        command = [str(stage.controller.programs / "ansible-inventory"), "-i", str(file), "--list"]
        run = stage.controller.run(command, {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "True"})
        answers.append(run.output if run.status else "")
    return answers


def _problems(reading: Reading, answer: str) -> list[str]:
    if not answer:
        return ["it was not refused"]
    said = " ".join(answer.split())
    found = [f"it says {word}: {said[:300]}" for word in UNCLEAR if word in said]
    return found if any(word in said for word in reading.expected) else [*found, f"none of {reading.expected} in: {said[:300]}"]
