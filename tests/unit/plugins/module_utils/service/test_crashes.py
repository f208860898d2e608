# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run can be stopped anywhere, by whatever it is; the next run leaves the world as if nothing had happened."""

from __future__ import annotations

import contextlib
import errno
import itertools
import random
from collections.abc import Callable
from typing import NoReturn

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import KeyPairError
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.faults import Alarm, Checkpoint, Fault, killed_at, raising
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.scenarios import (
    ESSENTIAL,
    SCENARIOS,
    Memory,
    Scenario,
    violations_once_repaired,
    violations_once_stopped,
)
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import World

Stop = Callable[[int, World, Scenario], "str | None"]


def _killed(number: int, world: World, scenario: Scenario) -> str | None:
    return f"call {number}" if killed_at(number, lambda: world.run(scenario.stopped(world))) else None


def _failing(strike: Callable[[], NoReturn], expected: type[BaseException], afterwards: bool = False) -> Stop:
    def stop(number: int, world: World, scenario: Scenario) -> str | None:
        fault = Fault(number, strike, afterwards)
        with contextlib.suppress(expected), fault.installed():
            world.run(scenario.stopped(world))
        return None if fault.hit is None else f"{fault.hit}, call {number}"

    return stop


def _system(*numbers: int) -> Callable[[], NoReturn]:
    errors = itertools.cycle(numbers)
    return raising(lambda: OSError(next(errors), "the system says so"))


STOPS: dict[str, tuple[Stop, bool]] = {
    "killed": (_killed, False),
    "error": (_failing(_system(errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT), KeyPairError), True),
    "alarm": (_failing(raising(Alarm), Alarm), True),
    "error though it was done": (_failing(_system(errno.EIO), KeyPairError, afterwards=True), False),
    "alarm right after": (_failing(raising(Alarm), Alarm, afterwards=True), False),
}
CASES = [(stop, name) for stop in STOPS for name in (ESSENTIAL if "after" in stop or "though" in stop else SCENARIOS)]


@pytest.mark.parametrize(("stop", "name"), CASES, ids=lambda name: name.replace(" ", "-"))
def test_a_run_that_is_stopped_at_any_call_is_made_good_by_the_next(stop: str, name: str, world: World) -> None:
    scenario = SCENARIOS[name]
    scenario.before(world)
    memory, checkpoint = Memory.of(world), Checkpoint(world.root)
    found: dict[str, list[str]] = {}
    for number in itertools.count(1):
        point = STOPS[stop][0](number, world, scenario)
        if point is None:
            break
        problems = violations_once_stopped(world, memory, clean=STOPS[stop][1]) + _repaired(world, scenario, memory)
        if problems:
            found[point] = problems
        checkpoint.restore()
    assert number > 3
    assert found == {}


def _repaired(world: World, scenario: Scenario, memory: Memory) -> list[str]:
    """Run the following task and return what is wrong then."""
    following = scenario.following(world)
    try:
        world.run(following)
    except KeyPairError as error:
        return [] if error.code is scenario.may_refuse else [f"the next run failed: {error.message}"]
    return violations_once_repaired(world, memory, following, other_task=scenario.then is not None)


@pytest.mark.parametrize("name", ["batch", "rotate", "import over generated", "absent with file"])
def test_a_repair_that_is_stopped_as_well_is_made_good_by_the_run_after_it(name: str, world: World) -> None:
    scenario, chance = SCENARIOS[name], random.Random(name)
    scenario.before(world)
    memory, checkpoint = Memory.of(world), Checkpoint(world.root)
    wish = scenario.stopped(world)
    found: dict[tuple[int, ...], list[str]] = {}
    for first, second in ((chance.randint(4, 45), chance.randint(1, 30)) for pair in range(15)):
        for number in (first, second):
            killed_at(number, lambda: world.run(wish))
        world.run(wish)
        problems = violations_once_repaired(world, memory, wish)
        if problems:
            found[first, second] = problems
        checkpoint.restore()
    assert found == {}


def test_the_injector_finds_a_program_that_does_not_clean_up(world: World) -> None:
    """The control: writing the private key before it is registered, without staging, is caught."""
    memory = Memory.of(world)
    world.make("ops")
    world.pem().unlink()
    assert violations_once_stopped(world, memory, clean=True) == ["nobody holds the private key of ops"]
    world.put_key(world.keys / f".keywright.{'0' * 24}.{'A' * 43}", 3)
    assert "a private key is left that nobody registered" in violations_once_stopped(world, memory, clean=True)
    assert violations_once_repaired(world, memory, world.wish("ops")) == [
        f".keywright.{'0' * 24}.{'A' * 43} is left",
        "the private key of ops was not delivered",
    ]
