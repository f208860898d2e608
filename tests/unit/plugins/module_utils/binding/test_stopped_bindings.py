# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Binds and unbinds that are stopped at any of their steps, or that meet another controller there.

What must hold at every moment: no key that this collection granted is on the host without the registry saying so.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, HostUnreachableError, KeyPairError
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.binding.bound_worlds import (
    OPS,
    THREE,
    TWO,
    BoundWorld,
    attempted,
    lines,
    nothing,
    with_nothing,
    with_ops,
    with_two_pending,
)
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import REGION, binding, document
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.faults import Alarm

Make = Callable[[], BoundWorld]
Task = Callable[[BoundWorld], object]


def _refused_login(world: BoundWorld) -> None:
    world.host.lets_in = False
    try:
        world.bind("three")
    finally:
        world.host.lets_in = True


WORLDS: dict[str, Make] = {"nothing": with_nothing, "ops": with_ops, "two, unfinished": with_two_pending}
TASKS: dict[str, Task] = {
    "bind ops": lambda world: world.bind("ops"),
    "bind two": lambda world: world.bind("two"),
    "bind three alone": lambda world: world.bind("three", exclusive=True),
    "bind three without a login": lambda world: world.bind("three", verify=False),
    "bind three, which sshd refuses": _refused_login,
    "unbind ops": lambda world: world.unbind("ops"),
    "unbind two": lambda world: world.unbind("two"),
}
in_every_world = pytest.mark.parametrize("make", WORLDS.values(), ids=WORLDS)
every_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)


class Steps:
    """Call ``event`` at the step ``at`` of a world: before and after each write of the registry, and each thing that the host does."""

    def __init__(self, world: BoundWorld, at: int, event: Callable[[], object]) -> None:
        self._world, self._at, self._event = world, at, event
        self.count = 0
        self.hit = False
        world.host.step = self._step
        world.store.before_write = [self._step] * 20
        world.store.after_write = [self._step] * 20

    def _step(self, _name: str = "write") -> None:
        self.count += 1
        if self.count == self._at:
            self.hit = True
            self.end()
            self._event()

    def end(self) -> None:
        """Let all that follows happen undisturbed."""
        self._world.host.step = nothing
        self._world.store.before_write.clear()
        self._world.store.after_write.clear()


def _raise(error: BaseException) -> Callable[[], None]:
    def event() -> None:
        raise error

    return event


STOPS: dict[str, Callable[[], BaseException]] = {
    "killed": Alarm,
    "disconnected": lambda: HostUnreachableError("The host cannot be reached: gone"),
    "failed": lambda: KeyPairError(ErrorCode.EDIT_FAILED, "The part of the task that runs on the host failed."),
}


def _at_each_step(make: Make, task: Task, event: Callable[[BoundWorld], Callable[[], object]]) -> Iterator[tuple[BoundWorld, str]]:
    """Run a task once for each of its steps, and let an event happen there; return the world, and at which step it was."""
    for at in itertools.count(1):
        world = make()
        steps = Steps(world, at, event(world))
        with contextlib.suppress(Alarm, KeyPairError):
            task(world)
        steps.end()
        assert world.unrecorded() == set(), f"at step {at}"
        if not steps.hit:
            assert at > 1
            return
        yield world, f"at step {at}"


@in_every_world
@every_task
@pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS)
def test_a_run_that_is_stopped_at_any_step_hides_no_key_and_the_next_run_finishes(
    make: Make, task: Task, stop: Callable[[], BaseException]
) -> None:
    for world, when in _at_each_step(make, task, lambda _world: _raise(stop())):
        assert world.bind("two").verified
        registered = world.registered
        assert registered is not None
        assert (registered.key_pair, registered.pending) == ("two", False), when
        assert world.host.fingerprints & {OPS.fingerprint, TWO.fingerprint, THREE.fingerprint} == {TWO.fingerprint}, when
        assert not world.bind("two").changed
        world.unbind("two")
        assert world.registered is None
        assert world.unrecorded() == set()


@in_every_world
@every_task
@pytest.mark.parametrize("other", TASKS.values(), ids=TASKS)
def test_two_controllers_at_once_hide_no_key_and_leave_nothing_pending(make: Make, task: Task, other: Task) -> None:
    for world, when in _at_each_step(make, task, lambda world: partial(attempted, partial(other, world))):
        assert world.bind("two").verified
        assert world.registered is not None
        assert not world.registered.pending, when
        assert world.host.fingerprints & {OPS.fingerprint, THREE.fingerprint} == set(), when


@in_every_world
@pytest.mark.parametrize("other", TASKS.values(), ids=TASKS)
def test_a_controller_waits_for_the_one_that_edits_the_account(make: Make, other: Task) -> None:
    world, errors = make(), list[KeyPairError | None]()
    steps = Steps(world, _step_of_confirmation(make), lambda: errors.append(attempted(partial(other, world))))
    world.bind("three")
    assert steps.hit
    assert all(error is None or error.code is ErrorCode.LOCK_TIMEOUT for error in errors)
    assert world.host.content == lines(THREE).encode()
    registered = world.registered
    assert registered is not None
    assert (registered.key_pair, registered.pending) == ("three", False)


@in_every_world
def test_a_binding_of_somebody_else_is_not_confirmed_where_the_store_cannot_lock(make: Make) -> None:
    world, others = make(), binding(TWO)
    Steps(world, _step_of_confirmation(make), lambda: world.put(document(OPS, TWO, THREE, bindings=[others])))
    error = attempted(lambda: world.bind("three"))
    assert error is not None
    assert error.code is ErrorCode.REGISTRY_CONFLICT
    assert world.registered == others


def _step_of_confirmation(make: Make) -> int:
    """Return the number of the step before which the login was made and nothing was confirmed."""
    world = make()
    steps = Steps(world, 0, lambda: None)
    world.bind("three")
    return steps.count - 1


def test_who_has_nothing_to_change_sees_that_what_a_stopped_run_changed_is_durable() -> None:
    for world, task in ((with_ops(), BoundWorld.bind), (with_nothing(), BoundWorld.unbind)):
        assert not task(world, check_mode=True).changed
        assert world.store.confirmed == []
        assert not task(world).changed
        assert (world.store.confirmed, world.store.writes, world.host.edits) == ([REGION], 0, [])


def test_what_somebody_brought_back_goes_only_once_it_is_durable_that_it_is_not_bound() -> None:
    world = with_nothing()
    world.host.content = lines(OPS).encode()
    assert world.unbind().changed
    assert world.store.confirmed == [REGION]
