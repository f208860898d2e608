# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tasks that change bindings, the worlds that they start in, and strace to strike at the calls of one of their processes."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .controller import Run, Task
from .injection import NETWORK, VARIES, Point, attached, thinned, traced_points, tracing
from .invariant import Memory
from .operations import Operation, Stage
from .worlds import World

CONTROLLER, HOST = "on the controller", "on the host"
BY_HAND = "# by hand\n"
KILLED = "+++ killed by SIGKILL +++"
# Counts the processes that a task has on the host, and traces the one with the number that it is given, or all if that is 0.
INTERPRETER = """#!/bin/sh
number=$(($(cat {counter} 2>/dev/null || echo 0) + 1))
echo "$number" >{counter}
case {process} in
0 | "$number") exec strace -qq -y -s 64 -o {log}."$number" {arguments} {python} "$@" ;;
*) exec {python} "$@" ;;
esac
"""


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
    """One try: a binding is struck at a call of its part on the controller or on the host, with a signal, an error or a lie.

    On the host a task has more than one process; ``process`` is the number of the one that edits, while others look.
    """

    binding: Binding
    part: str
    process: int
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
        """Return what strace notes of the process that is struck."""
        return _log(self.world, self.part, self.process)

    @property
    def kills(self) -> bool:
        """Tell whether the process is killed at the call."""
        return self.effect.startswith("signal")

    def task(self, name: str) -> Task:
        """Return the task with strace attached to the process that is struck."""
        return _traced(self.binding, self.part, self.world, name, self.point.arguments(self.world, self.effect), self.process)

    def missed(self) -> list[str]:
        """Say so if strace did not strike, or at a call that is neither on the world's files nor on the network."""
        if self.point.call == VARIES:
            return []
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        calls = [line for line in lines if line.startswith(f"{self.point.call}(")]
        struck = (calls[-1:] if KILLED in lines else []) if self.kills else [call for call in calls if "INJECTED" in call]
        if not struck:
            return [f"no call was struck: {lines[-3:]}"]
        aimed_at = self.point.call in NETWORK.split(",") or all(str(self.world.root) in call for call in struck)
        return [] if aimed_at else [f"another call was struck: {struck}"]


def _log(world: World, part: str, process: int) -> Path:
    return world.root.with_name(f"{world.root.name}.log" + (f".{process}" if part == HOST else ""))


def _traced(binding: Binding, part: str, world: World, name: str, arguments: list[str], process: int = 0) -> Task:
    if part == CONTROLLER:
        return world.binding(name, {**binding.options, "lock_timeout": attached(arguments, _log(world, part, process))})
    places = {"counter": world.root.with_suffix(".count"), "log": _log(world, CONTROLLER, 0), "python": sys.executable}
    quoted = {place: shlex.quote(str(path)) for place, path in places.items()}
    interpreter = world.root.with_suffix(".python")
    interpreter.write_text(INTERPRETER.format(arguments=shlex.join(arguments), process=process, **quoted))
    interpreter.chmod(0o755)
    return world.binding(name, binding.options, vars={"ansible_python_interpreter": str(interpreter)})


class Bindings:
    """The worlds that bindings start in, and the calls that they make."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._made = 0
        self._folder = stage.controller.folder / f"{stage.store}bindings"
        self._folder.mkdir()
        self._spare = self._world("spare")
        self._worlds = {binding: self._world(binding.title) for binding in BINDINGS}
        worlds = self._worlds.items()
        self._run([world.binding("earlier", {"name": binding.before}) for binding, world in worlds if binding.before is not None])

    def played(self, tasks: Sequence[Task]) -> Run:
        """Run tasks in one play, after one that has Ansible pack the module, so that all have the same calls."""
        return self._stage.controller.playbook([self._spare.binding("pack", {"name": "ops"}, check_mode=True), *tasks])

    def strikes(self, part: str, effects: Callable[[str], Sequence[str]], step: int = 1, turns: int = 1) -> list[Strike]:
        """Return a strike for each call and each effect on it, every ``step``-th of them; effects depend on the call's name.

        With more than one turn, the effects take turns: a call has every second of them, and the next call has the others.
        """
        chosen = [
            (binding, process, point, effect)
            for binding, (process, points) in self._points(part).items()
            for number, point in enumerate(thinned(points))
            for effect in effects(point.call)[number % turns :: turns]
        ]
        made = []
        for binding, process, point, effect in chosen[::step]:
            world = self._copy(binding)
            memory = Memory.of(world)
            kept = {path: data for path, data in memory.files.items() if path.parts[0] != world.account.name}
            made.append(Strike(binding, part, process, point, effect, world, replace(memory, files=kept)))
        return made

    def _world(self, title: str) -> World:
        world = self._stage.copy_to(Operation("", "ops"), self._folder / title.replace(" ", "-"))
        world.account.mkdir(mode=0o700)
        (world.account / "keys").write_text(BY_HAND)
        return world

    def _run(self, tasks: Sequence[Task]) -> Run:
        run = self.played(tasks)
        if len(run.results) != len(tasks) + 1 or any(result.failed for result in run.results):
            raise RuntimeError(f"A binding fails by itself:\n{run.output}")
        return run

    def _points(self, part: str) -> dict[Binding, tuple[int, list[Point]]]:
        """Return the calls of the process that is to be struck, with its number; on the host it is the last one, for others look."""
        worlds = {binding: self._copy(binding) for binding in BINDINGS}
        self._run([_traced(binding, part, world, "traced", tracing(self._stage)) for binding, world in worlds.items()])
        points = {}
        for binding, world in worlds.items():
            process = int(world.root.with_suffix(".count").read_text()) if part == HOST else 0
            points[binding] = process, traced_points(_log(world, part, process), world)
        return points

    def _copy(self, binding: Binding) -> World:
        self._made += 1
        return self._worlds[binding].copy(self._folder / f"{self._made}")
