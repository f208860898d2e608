# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a power loss may not undo is flushed to disk before the next step relies on it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Removal
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import key_pair, material
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import World

Event = tuple[str, str]


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """Return what happens from now on: each flush, and each change of a name, with the last part of its path."""
    seen: list[Event] = []

    def watch(name: str, told: Callable[..., str]) -> None:
        original = getattr(os, name)

        def call(*arguments: Any, **options: Any) -> Any:
            result = original(*arguments, **options)
            seen.append((name, told(*arguments)))
            return result

        monkeypatch.setattr(os, name, call)

    locks: set[str] = set()
    opened = os.open

    def opening(path: str, flags: int, *arguments: Any, **options: Any) -> int:
        if str(path).endswith(".lock") and flags & os.O_CREAT and path not in locks:
            locks.add(path)
            seen.append(("lock", _kind(path)))
        return opened(path, flags, *arguments, **options)

    monkeypatch.setattr(os, "open", opening)
    watch("fsync", lambda descriptor: _kind(os.readlink(f"/proc/self/fd/{descriptor}")))
    watch("rename", lambda source, target: _kind(str(target)))
    watch("link", lambda source, target: _kind(str(target)))
    watch("unlink", lambda path: _kind(str(path)))
    return seen


def _kind(path: str) -> str:
    name = os.path.basename(path)
    return "staged" if name.startswith(".keywright.") and len(name) > 70 else name


def _in_order(events: list[Event], *expected: Event) -> bool:
    """Tell whether the expected events are among the others, in this order."""
    remaining = iter(events)
    return all(event in remaining for event in expected)


COMMIT: tuple[Event, ...] = (("fsync", ".eu-1.json.new"), ("rename", "eu-1.json"), ("fsync", "registry"))


def test_a_private_key_is_on_disk_before_it_is_registered_and_registered_on_disk_before_it_is_published(
    world: World, events: list[Event]
) -> None:
    world.make("ops")
    assert _in_order(events, ("fsync", "staged"), ("fsync", "keys"), *COMMIT, ("link", "ops.pem"), ("unlink", "staged"), ("fsync", "keys"))
    assert [event for event in events if event[0] == "fsync" and event[1] == "staged"] == [("fsync", "staged")]


def test_a_new_directory_is_on_disk_before_anything_relies_on_it(world: World, events: list[Event]) -> None:
    world.make("ops", private_key_dir=str(world.root / "a" / "b"))
    assert _in_order(events, ("fsync", world.root.name), ("fsync", "a"), ("fsync", "staged"), ("fsync", "b"), *COMMIT)


@pytest.mark.parametrize("made", ["a", "a/b"])
def test_directories_that_a_run_made_and_was_killed_before_it_flushed_them_are_on_disk_before_their_lock_is_there(
    made: str, world: World, events: list[Event]
) -> None:
    for path in (world.registry, world.root / "a", world.root / made):
        path.mkdir(mode=0o700, exist_ok=True)
    world.make("ops", private_key_dir=str(world.root / "a" / "b"))
    root = world.root.name
    assert _in_order(events, ("fsync", root), ("lock", "eu-1.lock"), ("fsync", "a"), ("fsync", root), ("lock", ".keywright.lock"), *COMMIT)
    events.clear()
    world.make("web", private_key_dir=str(world.root / "a" / "b"))
    assert not {("fsync", "a"), ("fsync", root)} & set(events)


def test_a_registration_that_a_stopped_run_did_not_flush_is_on_disk_before_the_next_run_relies_on_it(
    world: World, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    flush = os.fsync

    def stopped(descriptor: int) -> None:
        if ("rename", "eu-1.json") in events:
            raise SystemExit
        flush(descriptor)

    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr(os, "fsync", stopped)
        world.make("ops")
    events.clear()
    world.make("ops")
    assert _in_order(events, ("fsync", "registry"), ("link", "ops.pem"), ("unlink", "staged"), ("fsync", "keys"))
    events.clear()
    world.make("ops", tags={"a": "b"})
    assert events == list(COMMIT)


def test_who_has_nothing_to_write_flushes_what_a_stopped_run_registered(
    world: World, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.make("ops")
    flush = os.fsync

    def stopped(descriptor: int) -> None:
        if ("rename", "eu-1.json") in events:
            raise SystemExit
        flush(descriptor)

    for change in ({"tags": {"a": "b"}}, {"present": False}):
        events.clear()
        with monkeypatch.context() as patched, pytest.raises(SystemExit):
            patched.setattr(os, "fsync", stopped)
            world.make("ops", **change)
        events.clear()
        world.run(world.wish("ops", **change), check_mode=True)
        assert events == []
        assert not world.make("ops", **change).changed
        assert events == [("fsync", "registry")]
    world.make("web")
    events.clear()
    assert not world.make("web").changed
    assert events == []


def test_a_staged_key_is_gone_from_the_disk_before_the_note_is_dropped_that_tells_where_it_was(world: World, events: list[Event]) -> None:
    record = world.here(key_pair("ops"))
    world.register(removals={"ops": Removal(str(world.root / "place"), record.fingerprint)})
    elsewhere = record._replace(delivery=record.delivery and record.delivery._replace(file=str(world.root / "place" / "ops.pem")))
    staged = world.put_key(world.staged(elsewhere))
    events.clear()
    world.make("ops", present=False)
    assert not staged.exists()
    assert not world.document().removals
    assert _in_order(events, ("unlink", "staged"), ("fsync", "place"), *COMMIT)


def test_a_replaced_key_is_moved_aside_only_once_the_new_one_is_registered_on_disk(world: World, events: list[Event]) -> None:
    world.make("ops")
    events.clear()
    world.make("ops", type="ecdsa", regenerate="full_idempotence")
    kept = next(world.keys.glob("ops.pem.*")).name
    assert _in_order(events, ("fsync", "staged"), ("fsync", "keys"), *COMMIT, ("link", kept), ("link", "ops.pem"), ("fsync", "keys"))


def test_a_file_is_under_its_staged_name_on_disk_before_its_key_pair_is_gone_and_unlinked_only_then(
    world: World, events: list[Event]
) -> None:
    world.make("ops")
    events.clear()
    world.make("ops", present=False, remove_private_key=True)
    assert _in_order(
        events, ("link", "staged"), ("unlink", "ops.pem"), ("fsync", "keys"), *COMMIT, ("unlink", "staged"), ("fsync", "keys"), *COMMIT
    )


def test_a_private_key_that_was_left_staged_is_on_disk_under_its_own_name_before_its_registration_is_changed(
    world: World, events: list[Event]
) -> None:
    world.make("ops")
    record = world.registered()
    assert record is not None
    world.pem().rename(world.staged(record))
    events.clear()
    world.make("ops", tags={"a": "b"})
    assert _in_order(events, ("link", "ops.pem"), ("unlink", "staged"), ("fsync", "keys"), *COMMIT)


@pytest.mark.parametrize(
    "options", [{"material": material(0)}, {"tags": {"a": "b"}}, {"present": False}], ids=["import", "retag", "absent"]
)
def test_every_change_of_the_registry_is_flushed(options: dict[str, Any], world: World, events: list[Event]) -> None:
    if "material" not in options:
        world.make("ops")
    events.clear()
    world.make("ops", **options)
    assert _in_order(events, *COMMIT)
