# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A store that cannot lock: others win between the read and the write, and the outcome of a write can be unknown."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError, StoreConflictError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Delivery, KeyPair
from ansible_collections.keywright.ssh.plugins.module_utils._registry.codec import encode
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils import builders
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.faults import Alarm, raising
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.memory_store import MemoryStore
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import LOCK, World, fingerprint_of, own_files, tree

GONE: dict[str, Any] = {"present": False, "remove_private_key": True}


@pytest.fixture
def other(memory_world: World) -> World:
    """Return another controller that shares the registry and nothing else."""
    (memory_world.root / "other").mkdir()
    return World(memory_world.root / "other", memory_world.store, builders.ELSEWHERE)


def _winner(world: World, *names: str, **options: Any) -> Callable[[], None]:
    """Return an event: the other one's whole task happens, with no further events of the store."""

    def act() -> None:
        waiting = [list(events) for events in (world.store.after_read, world.store.before_write, world.store.after_write)]
        for events in (world.store.after_read, world.store.before_write, world.store.after_write):
            events.clear()
        world.make(*names, **options)
        for events, kept in zip((world.store.after_read, world.store.before_write, world.store.after_write), waiting, strict=True):
            events.extend(kept)

    return act


def _far_winner(world: World, *names: str, **options: Any) -> Callable[[], None]:
    """Return an event like :func:`_winner`, whose private key files are on a disk that nobody else sees."""

    def act() -> None:
        _winner(world, *names, **options)()
        world.keys.rename(world.root / "unseen")

    return act


def test_who_loses_reports_the_winners_key_pair_unchanged_and_leaves_no_private_key(memory_world: World, other: World) -> None:
    memory_world.store.before_write.append(_far_winner(other, "ops", tags={"who": "winner"}))
    result = memory_world.result(memory_world.wish("ops"))
    record = memory_world.registered()
    assert record is not None
    assert record.delivery == Delivery(builders.ELSEWHERE, str(other.pem()))
    assert result["changed"] is False
    assert result["key_pair"]["fingerprint"] == record.fingerprint == fingerprint_of(other.root / "unseen" / "ops.pem")
    assert (result["key_pair"]["private_key_status"], result["key_pair"]["tags"]) == ("elsewhere", {"who": "winner"})
    assert not memory_world.pem().exists()
    assert own_files(memory_world.keys) == []
    assert memory_world.store.writes == 1
    assert not memory_world.make("ops").changed


def test_who_loses_a_part_of_a_batch_makes_the_rest(memory_world: World, other: World) -> None:
    memory_world.store.before_write.append(_far_winner(other, "bb"))
    result = memory_world.result(memory_world.wish("aa", "bb", "cc"))
    assert [each["private_key_status"] for each in result["key_pairs"]] == ["delivered", "elsewhere", "delivered"]
    assert sorted(path.name for path in memory_world.keys.glob("*.pem")) == ["aa.pem", "cc.pem"]
    assert own_files(memory_world.keys) == []


def test_who_loses_to_an_unrelated_change_does_its_work_on_top_of_it(memory_world: World, other: World) -> None:
    memory_world.store.before_write += [_winner(other, "web"), _winner(other, "web", tags={"a": "b"})]
    assert memory_world.make("ops").changed
    assert {name: dict(record.tags) for name, record in memory_world.document().key_pairs.items()} == {"ops": {}, "web": {"a": "b"}}
    assert memory_world.document().serial == 3


def test_tags_that_two_merge_are_all_there(memory_world: World, other: World) -> None:
    memory_world.make("ops")
    memory_world.store.before_write.append(_winner(other, "ops", tags={"theirs": "1"}, purge_tags=False))
    memory_world.make("ops", tags={"ours": "2"}, purge_tags=False)
    record = memory_world.registered()
    assert record is not None
    assert record.tags == {"theirs": "1", "ours": "2"}


def test_the_last_free_place_goes_to_one_of_two(memory_world: World, other: World) -> None:
    store: MemoryStore = memory_world.store
    store.write("eu-1", builders.document(*(builders.imported(f"host-{number:03}") for number in range(499))), None)
    store.before_write.append(_winner(other, "theirs"))
    with pytest.raises(KeyPairError) as caught:
        memory_world.make("ours")
    assert caught.value.code is ErrorCode.QUOTA_KEY_PAIRS
    assert own_files(memory_world.keys) == []
    assert list(memory_world.keys.glob("*.pem")) == []


def test_who_loses_every_time_gives_up_with_an_error_and_leaves_nothing(memory_world: World) -> None:
    memory_world.store.before_write += [raising(lambda: StoreConflictError("eu-1"))] * 100
    with pytest.raises(KeyPairError, match="run the task again") as caught:
        memory_world.make("ops", "web", lock_timeout=0)
    assert caught.value.code is ErrorCode.REGISTRY_CONFLICT
    assert own_files(memory_world.keys) == []
    memory_world.store.before_write.clear()
    assert memory_world.make("ops", "web").changed


def test_a_run_that_was_finished_by_another_between_the_two_looks_is_no_error(memory_world: World) -> None:
    memory_world.store.after_read.append(_winner(memory_world, "ops"))
    outcome = memory_world.make("ops")
    assert outcome.changed is False
    record = memory_world.registered()
    assert record is not None
    assert fingerprint_of(memory_world.pem()) == record.fingerprint


@pytest.mark.parametrize("options", [{"type": "ecdsa", "regenerate": "full_idempotence"}, GONE], ids=["rotated", "removed"])
def test_what_another_replaced_or_removed_between_the_two_looks_is_looked_at_again(options: dict[str, Any], memory_world: World) -> None:
    memory_world.make("ops")
    memory_world.store.after_read.append(_winner(memory_world, "ops", **options))
    outcome = memory_world.make("ops", on_missing_private_key="fail")
    assert outcome.changed is ("present" in options)
    assert outcome.warnings == ()


def test_a_removal_on_top_of_anothers_change_keeps_that_change(memory_world: World, other: World) -> None:
    memory_world.make("ops", "web")
    memory_world.store.before_write.append(_winner(other, "web", tags={"a": "b"}))
    memory_world.make("ops", **GONE)
    assert {name: dict(record.tags) for name, record in memory_world.document().key_pairs.items()} == {"web": {"a": "b"}}
    assert not memory_world.document().removals
    assert not memory_world.pem().exists()


def test_who_loses_its_lock_looks_again_instead_of_failing_for_what_another_did(
    memory_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory_world.make("ops")
    link = os.link

    def late(*arguments: Any, **options: Any) -> None:
        monkeypatch.setattr(os, "link", link)
        (memory_world.keys / LOCK).unlink()
        memory_world.make("ops", **GONE)
        link(*arguments, **options)

    monkeypatch.setattr(os, "link", late)
    assert not memory_world.make("ops", **GONE).changed
    assert memory_world.registered() is None
    assert [path.name for path in memory_world.keys.iterdir()] == [LOCK]


@pytest.mark.parametrize("winner", [None, builders.imported("ops", 7)], ids=["removed", "replaced"])
def test_a_private_key_file_that_was_taken_away_goes_if_another_has_removed_its_key_pair_and_stays_if_it_was_replaced(
    winner: KeyPair | None, memory_world: World
) -> None:
    memory_world.make("ops", private_key_dir=str(memory_world.root / "stated"))
    document = memory_world.document()
    others = document._replace(key_pairs={} if winner is None else {"ops": winner}, serial=document.serial + 1)
    memory_world.store.before_write.append(lambda: memory_world.store.documents.update({"eu-1": encode(others)}))
    assert memory_world.make("ops", **GONE).changed is (winner is not None)
    assert memory_world.registered() is None
    assert [path.name for path in (memory_world.root / "stated").glob("[!.]*")] == ([] if winner is None else ["ops.pem"])
    assert own_files(memory_world.root / "stated") == []


UNKNOWN: dict[str, tuple[Callable[[], NoReturn], type[BaseException]]] = {
    "error of the store": (raising(lambda: KeyPairError(ErrorCode.REGISTRY_UNWRITABLE, "x")), KeyPairError),
    "error of the system": (raising(ConnectionResetError), ConnectionResetError),
    "alarm": (raising(Alarm), Alarm),
}
UNREADABLE = raising(lambda: KeyPairError(ErrorCode.REGISTRY_UNREADABLE, "x"))


@pytest.mark.parametrize(("strike", "expected"), UNKNOWN.values(), ids=UNKNOWN.keys())
@pytest.mark.parametrize("readable", [True, False], ids=["read back", "unreadable"])
def test_a_write_that_was_committed_although_it_failed_keeps_the_private_key_for_the_next_run(
    readable: bool, strike: Callable[[], NoReturn], expected: type[BaseException], memory_world: World
) -> None:
    store: MemoryStore = memory_world.store
    store.after_write.append(strike)
    store.after_read += [] if readable else [_pass, _pass, UNREADABLE]
    with pytest.raises(expected):
        memory_world.make("ops")
    record = memory_world.registered()
    assert record is not None
    assert fingerprint_of(memory_world.staged(record)) == record.fingerprint
    result = memory_world.result(memory_world.wish("ops"))
    assert (result["changed"], result["key_pair"]["private_key_status"]) == (True, "delivered")
    assert result["key_pair"]["id"] == record.id
    assert fingerprint_of(memory_world.pem()) == record.fingerprint
    assert own_files(memory_world.keys) == []
    assert not memory_world.make("ops").changed


@pytest.mark.parametrize(("strike", "expected"), UNKNOWN.values(), ids=UNKNOWN.keys())
@pytest.mark.parametrize("readable", [True, False], ids=["read back", "unreadable"])
def test_a_write_that_failed_removes_the_private_key_only_if_it_is_known_not_to_be_registered(
    readable: bool, strike: Callable[[], NoReturn], expected: type[BaseException], memory_world: World
) -> None:
    store: MemoryStore = memory_world.store
    store.before_write.append(strike)
    store.after_read += [] if readable else [_pass, _pass, UNREADABLE]
    with pytest.raises(expected):
        memory_world.make("ops")
    assert memory_world.registered() is None
    assert len(own_files(memory_world.keys)) == (0 if readable else 1)
    assert memory_world.make("ops").changed
    assert own_files(memory_world.keys) == []
    assert not memory_world.make("ops").changed


@pytest.mark.parametrize(("strike", "expected"), UNKNOWN.values(), ids=UNKNOWN.keys())
@pytest.mark.parametrize("readable", [True, False], ids=["read back", "unreadable"])
@pytest.mark.parametrize("committed", [True, False], ids=["committed", "not committed"])
def test_a_removal_whose_outcome_is_unknown_loses_no_private_key_of_a_registered_key_pair(
    committed: bool, readable: bool, strike: Callable[[], NoReturn], expected: type[BaseException], memory_world: World
) -> None:
    memory_world.make("ops")
    content = memory_world.pem().read_bytes()
    store: MemoryStore = memory_world.store
    (store.after_write if committed else store.before_write).append(strike)
    store.after_read += [] if readable else [_pass, _pass, UNREADABLE]
    with pytest.raises(expected):
        memory_world.make("ops", **GONE)
    if committed:  # it may be on no disk yet, and the private key on this one only
        assert len(own_files(memory_world.keys)) == 1
    else:
        memory_world.make("ops", on_missing_private_key="fail")
        assert memory_world.pem().read_bytes() == content
    memory_world.make("ops", **GONE)
    assert memory_world.registered() is None
    assert [path.name for path in memory_world.keys.iterdir()] == [".keywright.lock"]
    assert not memory_world.document().removals
    before = tree(memory_world.root)
    assert not memory_world.make("ops", **GONE).changed
    assert tree(memory_world.root) == before


def _pass() -> None:
    pass
