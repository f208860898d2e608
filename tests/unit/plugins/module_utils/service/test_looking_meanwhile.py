# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A look without a lock, at each instant of which another run takes some of its steps: it sees what was so at one instant.

The other run is real, in a thread that stops before each call that changes a name.
"""

from __future__ import annotations

import itertools
import os
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Document
from ansible_collections.keywright.ssh.plugins.module_utils._model.seen import ELSEWHERE, MISMATCHED, MISSING, UNVERIFIED
from ansible_collections.keywright.ssh.plugins.module_utils._planning.selection import Selection
from ansible_collections.keywright.ssh.plugins.module_utils._registry.file_store import FileStore
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment
from ansible_collections.keywright.ssh.plugins.module_utils._service.listing import list_key_pairs
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import World

CHANGES = ("link", "unlink", "rename")
LOOKS_AT = ("open", "stat", "scandir")
ODD = {MISSING, MISMATCHED, UNVERIFIED, ELSEWHERE}

REMOVE: dict[str, Any] = {"present": False, "remove_private_key": True}
ROTATE: dict[str, Any] = {"type": "ecdsa", "regenerate": "full_idempotence"}
MOVED: dict[str, Any] = {**ROTATE, "private_key_dir": "{root}/other"}
CREATE: dict[str, Any] = {"regenerate": "never"}


class RefusingStore(FileStore):
    """A registry in which nothing can be written."""

    def write(self, region: str, _document: Document, _expected: str | None) -> str:
        raise KeyPairError(ErrorCode.REGISTRY_UNWRITABLE, f"Region '{region}' cannot be written.")


# What is there before, what the other run does to it, and whether that is refused, so that it puts back what it has done.
OTHERS: dict[str, tuple[bool, dict[str, Any], bool]] = {
    "create": (False, CREATE, False),
    "rotate": (True, ROTATE, False),
    "remove": (True, REMOVE, False),
    "rotate, to another place": (True, MOVED, False),
    "create, refused": (False, CREATE, True),
    "remove, refused": (True, REMOVE, True),
}


class Other:
    """A run that stops before each call that changes a name, and goes on for as many calls as it is told."""

    def __init__(self, run: Callable[[], object]) -> None:
        self._run = run
        self._stops: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._go = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._work, daemon=True)
        self.ended = False
        self.failure: BaseException | None = None

    def _work(self) -> None:
        try:
            self._run()
        except BaseException as error:
            self.failure = error
        self._stops.put(False)

    def at_call(self) -> None:
        if threading.current_thread() is self._thread:
            self._stops.put(True)
            self._go.acquire()

    def start(self) -> None:
        self._thread.start()
        self.ended = not self._stops.get(timeout=60)

    def take(self, calls: int | None) -> int:
        """Go on for so many calls, or to the end; return how many there were."""
        taken = 0
        while not self.ended and taken != calls:
            self._go.release()
            self.ended = not self._stops.get(timeout=60)
            taken += 1
        return taken


class Stage:
    """A world in which one run at a time is stopped at its calls, and looks are interrupted at one of theirs."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._root = root
        self._numbers = itertools.count()
        self._other: Other | None = None
        self._main = threading.current_thread()
        self._calls, self._instant = 0, -1
        self._taken: int | None = 0
        for name in CHANGES:
            self._hook(monkeypatch, name, self._at_change)
        for name in LOOKS_AT:
            self._hook(monkeypatch, name, self._at_look)

    @staticmethod
    def _hook(monkeypatch: pytest.MonkeyPatch, name: str, call: Callable[[], None]) -> None:
        real = getattr(os, name)

        def hooked(*arguments: Any, **options: Any) -> Any:
            call()
            return real(*arguments, **options)

        monkeypatch.setattr(os, name, hooked)

    def _at_change(self) -> None:
        if self._other is not None:
            self._other.at_call()

    def _at_look(self) -> None:
        if self._other is not None and threading.current_thread() is self._main:
            self._calls += 1
            if self._calls == self._instant:
                self._other.take(self._taken)

    def begun(self, kind: str, calls: int) -> tuple[World, Other]:
        """Return a world in which another run of that kind has taken so many calls."""
        is_there, options, is_refused = OTHERS[kind]
        world = World(self._root / str(next(self._numbers)))
        acting = World(world.root, RefusingStore(str(world.registry))) if is_refused else world
        self._other = None
        world.make("web", **CREATE)
        if is_there:
            world.make("ops", **CREATE)
        self._other = Other(lambda: acting.make("ops", **_in(world, options)))
        self._other.start()
        self._other.take(calls)
        os.utime(world.keys, (0, 0))  # so that the file system's clock has moved on when the next name changes
        return world, self._other

    def look(self, act: Callable[[], Any], instant: int, taken: int | None) -> tuple[Any, int]:
        """Return what is seen by somebody during whose call of that number the other run goes on, and how many calls there were."""
        self._calls, self._instant, self._taken = 0, instant, taken
        seen = act()
        return seen, self._calls


def _in(world: World, options: dict[str, Any]) -> dict[str, Any]:
    return {name: value.format(root=world.root) if isinstance(value, str) else value for name, value in options.items()}


@pytest.fixture
def stage(quick_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(quick_path, monkeypatch)


def _meetings(stage: Stage, kind: str, act: Callable[[World], Any]) -> Iterator[Any]:
    """Yield what is seen at each instant of a look after each call of the other run, which then takes one or two more, or all."""
    world, other = stage.begun(kind, 0)
    all_calls = other.take(None)
    assert all_calls > 3
    for before in range(all_calls):
        for taken in sorted({1, 2, all_calls - before}):
            for instant in itertools.count(1):
                world, other = stage.begun(kind, before)
                seen, calls = stage.look(lambda world=world: act(world), instant, taken)  # type: ignore[misc]
                other.take(None)
                assert isinstance(other.failure, KeyPairError) is OTHERS[kind][2]
                assert other.failure is None or OTHERS[kind][2]
                if calls < instant:
                    break
                yield seen


@pytest.mark.parametrize("wanted", [CREATE, ROTATE, REMOVE, MOVED], ids=["create", "rotate", "remove", "elsewhere"])
@pytest.mark.parametrize("kind", OTHERS)
def test_a_task_is_not_refused_for_what_another_one_is_doing(kind: str, wanted: dict[str, Any], stage: Stage) -> None:
    warnings = [
        [warning for warning in seen.warnings if "has no effect" not in warning]  # of a place that is stated for what is delivered
        for seen in _meetings(stage, kind, lambda world: world.run(world.wish("ops", **_in(world, wanted)), check_mode=True))
    ]
    assert len(warnings) > 20
    assert not any(warnings)


@pytest.mark.parametrize("kind", OTHERS)
def test_a_listing_shows_no_status_that_was_never_so(kind: str, stage: Stage) -> None:
    def listed(world: World) -> list[str]:
        store = FileStore(str(world.registry))
        try:
            return [
                status for _record, status, _bound in list_key_pairs(Selection(), ["eu-1"], Environment(store, world.controller)).key_pairs
            ]
        finally:
            store.close()

    seen = list(_meetings(stage, kind, listed))
    assert len(seen) > 20
    assert not {status for statuses in seen for status in statuses} & ODD
