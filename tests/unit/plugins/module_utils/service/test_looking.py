# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A refusal counts only if nothing was changed while it was found, and what a store could not take is refused like that."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Document, Removal
from ansible_collections.keywright.ssh.plugins.module_utils._planning.selection import Selection
from ansible_collections.keywright.ssh.plugins.module_utils._registry.codec import decode, encode
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment
from ansible_collections.keywright.ssh.plugins.module_utils._service.listing import list_key_pairs
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils import builders
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.memory_store import MemoryStore
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import World, fingerprint_of


class LimitedStore(MemoryStore):
    """A registry that takes documents of so many bytes, compressed; ``foretold`` holds the sizes that it was asked about."""

    def __init__(self, limit: int = 10_000) -> None:
        super().__init__()
        self.limit = limit
        self.foretold: list[int] = []

    def check_room(self, region: str, document: Document, more: int) -> None:
        self.foretold.append(len(gzip.compress(encode(document))) + more)
        if self.foretold[-1] > self.limit:
            raise KeyPairError(ErrorCode.REGISTRY_TOO_LARGE, f"The document of region '{region}' is too large.")


@pytest.fixture
def limited(quick_path: Path) -> World:
    return World(quick_path, LimitedStore())


def test_what_a_store_could_not_take_is_refused_before_a_key_is_made(limited: World) -> None:
    limited.store.limit = 100
    for check_mode in (True, False):
        with pytest.raises(KeyPairError) as caught:
            limited.run(limited.wish("ops"), check_mode)
        assert caught.value.code is ErrorCode.REGISTRY_TOO_LARGE
    assert list(limited.root.iterdir()) == []
    assert len(limited.store.foretold) == 2  # nothing changed meanwhile, so one look is enough


KINDS: dict[str, dict[str, Any]] = {
    "ed25519": {},
    "ecdsa": {"type": "ecdsa", "size": 521},
    "rsa": {"type": "rsa", "size": 2048},
}


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS.keys())
def test_the_room_that_new_key_pairs_take_is_known_before_they_are_made(options: dict[str, Any], limited: World) -> None:
    for names in (("first",), ("one", "two", "three"), ("first", "last")):
        limited.make(*names, **options)
        spare = limited.store.foretold[-1] - len(gzip.compress(limited.store.documents["eu-1"]))
        assert 0 <= spare < 256 * len(names)


def test_a_key_pair_that_is_imported_is_known_before_it_is_registered(limited: World) -> None:
    limited.make("ops", material=builders.material(0, "rsa", 2048))
    assert abs(limited.store.foretold[-1] - len(gzip.compress(limited.store.documents["eu-1"]))) < 128


def test_a_store_that_is_full_serves_who_writes_nothing_to_it(limited: World) -> None:
    limited.make("ops")
    limited.store.limit = 1
    assert not limited.make("ops").changed
    with pytest.raises(KeyPairError):
        limited.make("ops", tags={"a": "b"})


def test_a_key_pair_is_made_again_by_the_run_that_drops_the_note_of_its_removal(memory_world: World) -> None:
    document = builders.document(removals={"ops": Removal(str(memory_world.keys), builders.material().fingerprint)})
    memory_world.store.documents["eu-1"] = encode(document)
    assert not memory_world.make("web", present=False).changed
    assert list(memory_world.document().removals) == ["ops"]
    assert not memory_world.make("ops", present=False).changed
    assert not memory_world.document().removals


@pytest.mark.parametrize("default_directory", ["/nowhere", ""], ids=["elsewhere", "none"])
def test_what_a_crash_left_beside_a_private_key_is_removed_wherever_that_is(default_directory: str, any_world: World) -> None:
    any_world.make("ops", private_key_dir=str(any_world.root / "place"))
    record = any_world.registered()
    assert record is not None
    left = any_world.put_key(any_world.staged(record._replace(fingerprint=builders.material(5).fingerprint)), 5)
    assert not any_world.make("ops", default_directory=default_directory).changed
    assert not left.exists()
    assert any_world.delivered_to().exists()


def test_a_directory_that_is_gone_at_the_second_look_is_made_again_and_locked(memory_world: World) -> None:
    place = memory_world.root / "place"
    memory_world.make("ops", private_key_dir=str(place))
    memory_world.store.after_read += [_nothing, lambda: shutil.rmtree(place)]
    assert memory_world.make("ops", "web", on_missing_private_key="regenerate").changed
    for name, file in (("ops", place / "ops.pem"), ("web", memory_world.pem("web"))):
        record = memory_world.registered(name)
        assert record is not None
        assert fingerprint_of(file) == record.fingerprint


def _changes(world: World, *file_events: Callable[[], object]) -> list[Callable[[], None]]:
    """Return what happens at the reads of looks that end in a refusal: each time the registry is changed, and with it a file."""

    def event(number: int, act: Callable[[], object]) -> Callable[[], None]:
        def happen() -> None:
            world.store.documents["eu-1"] = encode(builders.document(builders.imported("web"), serial=number))
            act()

        return happen

    changes: list[Callable[[], None]] = []
    for number, act in enumerate(file_events, 1):
        changes += [event(number, act), lambda: None]  # the second read is the one that finds the change
    return changes


def _nothing() -> None:
    pass


def test_what_is_in_the_way_at_two_looks_at_a_changing_registry_may_be_gone_at_the_third(memory_world: World) -> None:
    memory_world.put_key(memory_world.pem(), 3)
    memory_world.store.after_read += _changes(memory_world, _nothing, _nothing, memory_world.pem().unlink)
    assert memory_world.run(memory_world.wish("ops"), check_mode=True).changed


def test_what_is_in_the_way_at_three_looks_is_refused_although_the_registry_changes_at_each(memory_world: World) -> None:
    memory_world.put_key(memory_world.pem(), 3)
    memory_world.store.after_read += _changes(memory_world, _nothing, _nothing, _nothing)
    with pytest.raises(KeyPairError) as caught:
        memory_world.run(memory_world.wish("ops"), check_mode=True)
    assert caught.value.code is ErrorCode.FILE_EXISTS


@pytest.mark.parametrize(("changes", "status"), [(1, "present"), (2, "present"), (3, "missing")])
def test_a_file_that_does_not_fit_is_looked_at_three_times_if_the_registry_changes_each_time(
    changes: int, status: str, memory_world: World
) -> None:
    store, file = memory_world.store, memory_world.pem()
    memory_world.make("ops")
    away = file.rename(memory_world.root / "away")

    def change() -> None:
        document = decode(store.documents["eu-1"], "eu-1")
        store.documents["eu-1"] = encode(document._replace(serial=document.serial + 1))

    for number in range(1, changes + 1):  # the second read of a look is the one that finds the change
        store.after_read += [change, _nothing if number < changes else lambda: away.rename(file)]
    listing = list_key_pairs(Selection(), ["eu-1"], Environment(store, memory_world.controller))
    assert [seen for _key_pair, seen, _bindings in listing.key_pairs] == [status]


def test_files_that_fit_are_looked_at_once_although_the_registry_changes(memory_world: World) -> None:
    memory_world.make("ops")
    memory_world.store.after_read += [memory_world.store.documents.clear, _nothing]
    listing = list_key_pairs(Selection(), ["eu-1"], Environment(memory_world.store, memory_world.controller))
    assert [seen for _key_pair, seen, _bindings in listing.key_pairs] == ["present"]
    assert memory_world.store.after_read == [_nothing]


class BusyStore(MemoryStore):
    """A registry that another run changes during each of the next looks, which meet what is refused for that reason alone."""

    others = 19

    def check_room(self, region: str, document: Document, more: int) -> None:
        if self.others:
            self.others -= 1
            self.documents[region] = encode(builders.document(builders.imported("web"), serial=30 - self.others))
            raise KeyPairError(ErrorCode.FILE_EXISTS, "The file already exists.")


def test_a_refusal_that_each_time_another_run_explains_is_none(quick_path: Path) -> None:
    world = World(quick_path, BusyStore())
    assert world.make("ops").changed
    assert world.store.others == 0


def test_a_refusal_that_twenty_other_runs_explain_is_one(quick_path: Path) -> None:
    world = World(quick_path, BusyStore())
    world.store.others = 20
    with pytest.raises(KeyPairError) as caught:
        world.make("ops")
    assert (caught.value.code, world.store.others) == (ErrorCode.FILE_EXISTS, 0)
