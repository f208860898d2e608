# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Binding is struck in its part on the controller and in its part on the host.

Whatever happens, the account's file is old or new, and a key that is listed in it is registered as bound.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .controller import Result, Run, Task
from .errors import refused_with
from .injection import OPEN, OTHERS, Point, attached, traced_points, was_struck
from .invariant import Memory, hidden, load, violations_at_any_time
from .kills import PROCESSES, in_parts
from .operations import Operation, Stage
from .table import Row
from .worlds import World

CONTROLLER, HOST = "on the controller", "on the host"
SPARE = "spare"
BY_HAND = "# by hand\n"
SAMPLED = 90
TRACED = ["-e", f"trace={OPEN},{OTHERS}"]


@dataclass(frozen=True, eq=False)
class Binding:
    """A task that changes a binding: the key pair that is bound before, and the one that is bound afterwards."""

    title: str
    before: str | None
    after: str | None
    options: Mapping[str, Any] = field(default_factory=dict)


BINDINGS = (
    Binding("bind", None, "ops", {"name": "ops"}),
    Binding("bind another", "bystander", "ops", {"name": "ops"}),
    Binding("unbind", "ops", None, {"name": "ops", "state": "absent"}),
)


@dataclass(frozen=True, eq=False)
class Strike:
    """One try: a binding is struck at a call of its part on the controller or on the host, with a signal or an error."""

    binding: Binding
    part: str
    point: Point
    effect: str
    world: World
    memory: Memory

    @property
    def label(self) -> str:
        """Return the try in words."""
        return f"{self.binding.title}, {self.part}, at {self.point.label}, {self.effect}"

    @property
    def log(self) -> Path:
        """Return what strace notes; the part on the host is more than one process, each with a log of its own."""
        return self.world.root.with_suffix(".log")

    def task(self, name: str) -> Task:
        """Return the task with strace attached to the part that is struck."""
        return _traced(self.binding, self.part, self.world, name, self.point.arguments(self.world, self.effect))

    def was_struck(self) -> bool:
        """Tell whether the call was tampered with."""
        return any(map(was_struck, self.log.parent.glob(f"{self.log.name}*")))


def _traced(binding: Binding, part: str, world: World, name: str, arguments: list[str]) -> Task:
    log = world.root.with_suffix(".log")
    if part == CONTROLLER:
        return world.binding(name, {**binding.options, "lock_timeout": attached(arguments, log)})
    interpreter = world.root.with_suffix(".python")
    command = shlex.join(["strace", "-qq", "-y", "-s", "64", *arguments, sys.executable])
    interpreter.write_text(f'#!/bin/sh\nexec {command.replace("strace", f"strace -o {shlex.quote(str(log))}.$$", 1)} "$@"\n')
    interpreter.chmod(0o755)
    return world.binding(name, binding.options, vars={"ansible_python_interpreter": str(interpreter)})


def played(stage: Stage, tasks: Sequence[Task]) -> Run:
    """Run tasks in one play, after one that has Ansible pack the module, so that all have the same calls."""
    spare = World(stage.controller.folder / "bindings" / SPARE)
    return stage.controller.playbook([spare.binding("pack", {"name": "ops"}, check_mode=True), *tasks])


class Bindings:
    """The worlds that bindings start in, and the calls that they make."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._made = 0
        self._folder = stage.controller.folder / "bindings"
        self._folder.mkdir()
        self._world(SPARE)
        self._worlds = {binding: self._world(binding.title) for binding in BINDINGS}
        earlier = [
            world.binding("earlier", {"name": binding.before}) for binding, world in self._worlds.items() if binding.before is not None
        ]
        self._run(earlier)
        self.points = {(binding, part): points for part in (CONTROLLER, HOST) for binding, points in self._points(part).items()}

    def _world(self, title: str) -> World:
        world = self._stage.copy_to(Operation("", "ops"), self._folder / title.replace(" ", "-"))
        world.account.mkdir(mode=0o700)
        (world.account / "keys").write_text(BY_HAND)
        return world

    def _run(self, tasks: Sequence[Task]) -> Run:
        run = played(self._stage, tasks)
        if len(run.results) != len(tasks) + 1 or any(result.failed for result in run.results):
            raise RuntimeError(f"A binding fails by itself:\n{run.output}")
        return run

    def _points(self, part: str) -> dict[Binding, list[Point]]:
        worlds = {binding: self._copy(binding) for binding in BINDINGS}
        self._run([_traced(binding, part, world, "traced", TRACED) for binding, world in worlds.items()])
        points = {}
        for binding, world in worlds.items():
            log = world.root.with_suffix(".log")
            logs = sorted(log.parent.glob(f"{log.name}*"), key=lambda file: file.stat().st_mtime_ns)
            points[binding] = traced_points(logs[-1], world)  # the last process is the one that edits; others look
        return points

    def _copy(self, binding: Binding) -> World:
        self._made += 1
        return self._worlds[binding].copy(self._folder / f"{self._made}")

    def strikes(self, parts: Iterable[str], effects: Mapping[str, Sequence[str]], step: int = 1) -> list[Strike]:
        """Return a strike for each call and each effect on it, every ``step``-th of them; effects are by call, '' for all others."""
        chosen = [
            (binding, part, point, effect)
            for (binding, part), points in self.points.items()
            if part in parts
            for point in points
            for effect in effects.get(point.call, effects[""])
        ]
        made = []
        for binding, part, point, effect in chosen[::step]:
            world = self._copy(binding)
            memory = Memory.of(world)
            kept = {path: data for path, data in memory.files.items() if path.parts[0] != world.account.name}
            made.append(Strike(binding, part, point, effect, world, replace(memory, files=kept)))
        return made


def sweep(stage: Stage, sample: bool) -> list[Row]:
    """Kill and refuse at each call, on the controller and on the host; a sample takes every 90th and fewer errors."""
    bindings = Bindings(stage)
    step = SAMPLED if sample else 1
    kill = {"": ("signal=KILL",)}
    errors = {"": refused_with("")[:: 6 if sample else 1], "flock": refused_with("flock")}
    controller = bindings.strikes((CONTROLLER,), kill, step)
    with ThreadPoolExecutor(PROCESSES) as pool:
        parts = list(pool.map(lambda strike: _struck(stage, [strike]), controller))
    found = {strike: problems for part in parts for strike, problems in part.items()}
    host = bindings.strikes((HOST,), kill, step)
    refused = bindings.strikes((CONTROLLER, HOST), errors, 5 * step)
    for strikes in (host, refused):
        found.update(in_parts(strikes, lambda part: _struck(stage, part)))
    for strike, problems in in_parts(list(found), lambda part: _repaired(stage, part)).items():
        found[strike] = found[strike] + problems
    rows = []
    for title, strikes in (
        (f"killed: bind and unbind, {CONTROLLER}", controller),
        (f"killed: bind and unbind, {HOST}", host),
        ("errors: bind and unbind", refused),
    ):
        row = Row(title)
        for strike in strikes:
            row.tried(strike.label, found[strike])
        rows.append(row)
    return rows


def _struck(stage: Stage, strikes: Sequence[Strike]) -> dict[Strike, list[str]]:
    run = played(stage, [strike.task(f"struck {number}") for number, strike in enumerate(strikes)])
    return {strike: _violations(strike, run.of(f"struck {number}"), run.output) for number, strike in enumerate(strikes)}


def _violations(strike: Strike, result: Result | None, output: str) -> list[str]:
    found = [] if strike.was_struck() or strike.effect.startswith("signal") else ["the call was not refused"]
    killed = strike.part == CONTROLLER and strike.effect.startswith("signal")
    if killed and (result is not None or "dead state" not in output):
        found.append(f"it was not killed: {output[-300:]}")
    if not killed and result is None:
        found.append(f"the run ended early: {output[-300:]}")
    found += violations_at_any_time(strike.world, strike.memory) + _broken_promises(strike.world)
    if result is not None and result.failed and result.error_code in ("", "InternalError"):
        found.append(f"the error has no code of its own: {result.error_code} {result.message[:300]}")
    return found


def _broken_promises(world: World) -> list[str]:
    """Return what is wrong with the account's file: lines that are neither old nor ours, grants that nobody registered."""
    document = load(world.document)
    keys = {record["public_key"].split()[1]: record["fingerprint"] for record in document["key_pairs"].values()}
    listed = _lines(world)
    found = [] if listed[:1] == [BY_HAND.strip()] else ["the line by hand is gone"]
    recorded = {fingerprint for bound in document.get("bindings", {}).values() for fingerprint in _counted(bound)}
    for line in listed[1:]:
        body = line.split()[1] if len(line.split()) > 1 else ""
        if body not in keys:
            found.append(f"a line is not one of ours: {line!r}")
        elif keys[body] not in recorded:
            found.append("a key is listed in the account's file, and nothing registered says so")
    return found


def _counted(bound: Mapping[str, Any]) -> list[str]:
    return [bound["fingerprint"], *bound.get("replaces", [])]


def _lines(world: World) -> list[str]:
    file = world.account / "keys"
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def _repaired(stage: Stage, strikes: Sequence[Strike]) -> dict[Strike, list[str]]:
    """Run the struck tasks twice more, and return what is wrong with each world then."""
    tasks = [
        strike.world.binding(f"{turn} {number}", strike.binding.options)
        for number, strike in enumerate(strikes)
        for turn in ("again", "once more")
    ]
    results = {result.task: result for result in played(stage, tasks).results}
    return {
        strike: _left(strike, results.get(f"again {number}"), results.get(f"once more {number}")) for number, strike in enumerate(strikes)
    }


def _left(strike: Strike, again: Result | None, once_more: Result | None) -> list[str]:
    if again is None or again.failed or once_more is None or once_more.failed:
        return [f"the next run failed: {again.message if again else 'it ended early'}"]
    world, binding = strike.world, strike.binding
    found = ["a further run changes something"] if once_more.changed else []
    document = load(world.document)
    expected = {} if binding.after is None else {binding.after: False}
    bound = {record["key_pair"]: record.get("pending", False) for record in document.get("bindings", {}).values()}
    if bound != expected:
        found.append(f"bound are {bound}, not {expected}")
    lines = [BY_HAND.strip(), *(document["key_pairs"][name]["public_key"] for name in expected)]
    if [line.split()[:2] for line in _lines(world)] != [line.split()[:2] for line in lines]:
        found.append(f"the account's file lists {_lines(world)}")
    left = [path.name for path in (*world.account.iterdir(), *hidden(world)) if path.name != "keys"]
    return found + [f"{name} is left" for name in left] + violations_at_any_time(world, strike.memory)
