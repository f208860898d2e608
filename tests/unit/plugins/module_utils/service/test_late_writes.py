# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A write that was interrupted is on its way yet: it arrives when the region is settled, or at any later moment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError, StoreConflictError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Document
from ansible_collections.keywright.ssh.plugins.module_utils._registry.patience import Patience
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Snapshot
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.faults import Alarm, raising
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.memory_store import MemoryStore
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import World, fingerprint_of, own_files

GONE: dict[str, Any] = {"present": False, "remove_private_key": True}


class LateStore(MemoryStore):
    """A registry whose writes end in the ``interruptions``; ``settled`` holds how many seconds each settling was given."""

    def __init__(self) -> None:
        super().__init__()
        self.interruptions: list[BaseException] = []
        self.settled: list[float] = []
        self._on_their_way: list[Callable[[], object]] = []

    def write(self, region: str, document: Document, expected: str | None) -> str:
        if not self.interruptions:
            return super().write(region, document, expected)
        self._on_their_way.append(lambda: MemoryStore.write(self, region, document, expected))
        raise self.interruptions.pop()

    def settle(self, region: str) -> Snapshot:
        self.settled.append(Patience(60).left())
        self.arrive()
        return self.read(region)

    def arrive(self) -> None:
        while self._on_their_way:
            self._on_their_way.pop()()


@pytest.fixture
def late() -> LateStore:
    return LateStore()


@pytest.fixture
def late_world(quick_path: Path, late: LateStore) -> World:
    return World(quick_path, late)


def _of_unknown_outcome() -> KeyPairError:
    error = KeyPairError(ErrorCode.REGISTRY_UNWRITABLE, "x")
    error.outcome_unknown = True
    return error


@pytest.mark.parametrize("interruption", [ConnectionResetError(), Alarm()], ids=["error of the system", "alarm"])
def test_a_private_key_whose_registration_arrives_when_the_region_is_settled_is_kept(
    interruption: BaseException, late_world: World, late: LateStore
) -> None:
    late.interruptions.append(interruption)
    with pytest.raises(type(interruption)):
        late_world.make("ops")
    record = late_world.registered()
    assert record is not None
    assert fingerprint_of(late_world.staged(record)) == record.fingerprint
    assert late_world.make("ops").changed
    assert fingerprint_of(late_world.pem()) == record.fingerprint


@pytest.mark.parametrize(("interruption", "seconds"), [(ConnectionResetError(), 60), (Alarm(), 2)], ids=["error of the system", "alarm"])
def test_who_interrupts_a_task_waits_no_more_than_two_seconds_for_it_to_settle(
    interruption: BaseException, seconds: int, late_world: World, late: LateStore
) -> None:
    late.interruptions.append(interruption)
    with pytest.raises(type(interruption)):
        late_world.make("ops")
    assert late.settled == [pytest.approx(seconds, abs=0.5)]


def test_a_store_that_says_that_its_write_may_come_yet_is_not_asked_again_and_the_private_key_is_kept(
    late_world: World, late: LateStore
) -> None:
    late.interruptions.append(_of_unknown_outcome())
    with pytest.raises(KeyPairError):
        late_world.make("ops")
    assert (late.settled, late_world.registered()) == ([], None)
    assert len(own_files(late_world.keys)) == 1
    late.arrive()
    record = late_world.registered()
    assert record is not None
    assert late_world.make("ops").changed
    assert fingerprint_of(late_world.pem()) == record.fingerprint
    assert own_files(late_world.keys) == []


def test_a_private_key_that_nobody_has_registered_is_removed_only_once_the_region_is_settled(late_world: World, late: LateStore) -> None:
    late.interruptions.append(_of_unknown_outcome())
    with pytest.raises(KeyPairError):
        late_world.make("ops")
    result = late_world.result(late_world.wish("ops"))
    record = late_world.registered()
    assert record is not None
    assert len(late.settled) == 1
    assert (result["changed"], result["key_pair"]["private_key_status"]) == (True, "delivered")
    assert result["key_pair"]["id"] == record.id
    assert fingerprint_of(late_world.pem()) == record.fingerprint
    assert own_files(late_world.keys) == []
    assert not late_world.make("ops").changed


def test_what_an_arriving_registration_has_to_do_in_another_directory_is_done_under_its_lock(late_world: World, late: LateStore) -> None:
    late_world.make("ops")
    content = late_world.pem().read_bytes()
    new = {"private_key_dir": str(late_world.root / "new")}
    late.interruptions.append(_of_unknown_outcome())
    with pytest.raises(KeyPairError):
        late_world.make("ops", type="ecdsa", regenerate="full_idempotence", **new)
    assert late_world.make("ops", regenerate="never", **new).changed
    record = late_world.registered()
    assert record is not None
    assert fingerprint_of(late_world.root / "new" / "ops.pem") == record.fingerprint
    assert not late_world.pem().exists()
    assert [path.read_bytes() for path in late_world.keys.glob("ops.pem.*")] == [content]
    assert not late_world.make("ops", regenerate="never", **new).changed


def test_who_loses_knows_that_nothing_of_its_own_is_on_its_way_and_settles_nothing(late_world: World, late: LateStore) -> None:
    late.before_write.append(raising(lambda: StoreConflictError("eu-1")))
    assert late_world.make("ops").changed
    assert late.settled == []


@pytest.mark.parametrize(
    "interruption", [ConnectionResetError(), Alarm(), _of_unknown_outcome()], ids=["error of the system", "alarm", "unknown outcome"]
)
def test_a_private_key_file_is_not_put_back_while_its_removal_is_on_its_way(
    interruption: BaseException, late_world: World, late: LateStore
) -> None:
    late_world.make("ops")
    late.interruptions.append(interruption)
    with pytest.raises(type(interruption)):
        late_world.make("ops", **GONE)
    assert not late_world.pem().exists()
    late.arrive()
    assert late_world.registered() is None
    late_world.make("ops", **GONE)
    assert [path.name for path in late_world.keys.iterdir()] == [".keywright.lock"]
    assert not late_world.document().removals
