# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copying a registry: what is copied, and what is never replaced."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError, StoreConflictError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Document, Removal
from ansible_collections.keywright.ssh.plugins.module_utils._registry import codec
from ansible_collections.keywright.ssh.plugins.module_utils._registry.file_store import FileStore
from ansible_collections.keywright.ssh.plugins.module_utils._service.copying import CopiedRegion, copy_registry
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils import builders
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.memory_store import MemoryStore
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import World, tree

Copy = Callable[..., tuple[CopiedRegion, ...]]


def test_all_regions_are_copied_byte_by_byte_and_then_nothing_is_left_to_copy(world: World, copied: Copy, other: MemoryStore) -> None:
    world.make("ops", "web", tags={"a": "b"})
    world.make("db", region="us-1")
    assert [(each.document.region, each.serial_before) for each in copied()] == [("eu-1", None), ("us-1", None)]
    assert other.documents == {region: (world.registry / f"{region}.json").read_bytes() for region in ("eu-1", "us-1")}
    assert [each.changed for each in copied(check_mode=True)] == [False, False]
    assert other.confirmed == []
    assert [each.changed for each in copied()] == [False, False]
    assert (other.writes, other.confirmed) == (2, ["eu-1", "us-1"])
    world.make("ops", tags={"a": "c"})
    assert [(each.document.region, each.serial_before, each.document.serial) for each in copied() if each.changed] == [("eu-1", 1, 2)]
    assert other.documents["eu-1"] == (world.registry / "eu-1.json").read_bytes()


def test_a_stated_region_is_copied_alone(world: World, copied: Copy, other: MemoryStore) -> None:
    world.make("ops")
    world.make("db", region="us-1")
    copied("us-1")
    assert list(other.documents) == ["us-1"]


def test_check_mode_foretells_and_writes_nothing(world: World, copied: Copy, other: MemoryStore) -> None:
    world.make("ops")
    before = tree(world.root)
    assert [each.changed for each in copied(check_mode=True)] == [True]
    assert other.documents == {}
    assert tree(world.root) == before


DIVERGED: dict[str, tuple[Callable[[Document], Document], str]] = {
    "newer": (lambda document: document._replace(serial=document.serial + 1), "is newer: its serial is 2, and here it is 1"),
    "changed apart": (lambda document: document._replace(key_pairs={}), "was changed apart from this one: both have serial 1"),
    "another one": (
        lambda document: document._replace(lineage="00000000-0000-4000-8000-000000000000"),
        "is not a copy of this one: its lineage is 00000000-0000-4000-8000-000000000000, not",
    ),
}


@pytest.mark.parametrize("case", DIVERGED)
def test_what_is_not_an_older_copy_is_not_replaced_and_nothing_else_is_copied(
    case: str, world: World, copied: Copy, other: MemoryStore
) -> None:
    change, words = DIVERGED[case]
    world.make("ops")
    world.make("db", region="a-1")
    other.documents["eu-1"] = codec.encode(change(world.document()))
    before = dict(other.documents)
    with pytest.raises(KeyPairError, match=words) as caught:
        copied()
    assert caught.value.code is ErrorCode.REGISTRY_DIVERGED
    assert other.documents == before


def test_what_the_destination_has_of_its_own_goes_only_if_that_is_said(world: World, copied: Copy, other: MemoryStore) -> None:
    world.make("ops")
    copied()
    fork = codec.decode(other.documents["eu-1"], "eu-1")
    other.documents["eu-1"] = codec.encode(fork._replace(serial=2, key_pairs={**fork.key_pairs, "theirs": builders.key_pair("theirs")}))
    world.make("web")
    world.make("db")
    before = dict(other.documents)
    with pytest.raises(KeyPairError, match="has the key pair 'theirs', which is not in the registry") as caught:
        copied()
    assert caught.value.code is ErrorCode.REGISTRY_DIVERGED
    assert other.documents == before
    assert [each.serial_before for each in copied(delete=True)] == [2]
    assert other.documents["eu-1"] == (world.registry / "eu-1.json").read_bytes()


def test_an_error_after_other_regions_were_copied_names_them(world: World, copied: Copy, other: MemoryStore) -> None:
    world.make("db", region="aa-1")
    world.make("ops")
    world.make("web", region="us-1")

    def newer() -> None:
        other.documents["eu-1"] = codec.encode(world.document()._replace(serial=9))

    other.after_write.append(newer)
    with pytest.raises(KeyPairError) as caught:
        copied()
    assert caught.value.message.endswith("region 'eu-1' is newer: its serial is 9, and here it is 1. Copied before that: 'aa-1'.")
    assert sorted(other.documents) == ["aa-1", "eu-1"]


def test_a_first_region_that_fails_has_changed_nothing(world: World, copied: Copy, other: MemoryStore) -> None:
    world.make("ops")
    other.before_write.append(lambda: other.documents.update({"eu-1": codec.encode(world.document()._replace(serial=9))}))
    with pytest.raises(KeyPairError, match=r"is newer.* Nothing was changed\.$"):
        copied()


def test_a_write_that_was_done_and_taken_for_a_conflict_counts_as_a_change(world: World, copied: Copy, other: MemoryStore) -> None:
    world.make("ops")

    def lost() -> None:
        raise StoreConflictError("eu-1")

    other.after_write.append(lost)
    (result,) = copied()
    assert result.changed
    assert result.serial_before is None
    assert other.writes == 1


def test_what_somebody_else_has_copied_meanwhile_is_no_change(world: World, copied: Copy, other: MemoryStore) -> None:
    world.make("db", region="aa-1")
    world.make("ops")
    same = (world.registry / "eu-1.json").read_bytes()
    other.after_write.append(lambda: other.documents.update({"eu-1": same}))
    assert [each.changed for each in copied()] == [True, False]


def test_what_is_left_of_a_write_that_was_shut_out_is_no_other_registry(world: World, copied: Copy, other: MemoryStore) -> None:
    world.make("ops")
    other.documents["eu-1"] = codec.encode(Document("eu-1", builders.OTHER_LINEAGE, 1))
    assert [each.serial_before for each in copied()] == [None]
    assert other.documents["eu-1"] == (world.registry / "eu-1.json").read_bytes()


def test_a_destination_that_was_emptied_is_newer_all_the_same(world: World, copied: Copy, other: MemoryStore) -> None:
    world.make("ops")
    copied()
    fork = codec.decode(other.documents["eu-1"], "eu-1")
    other.documents["eu-1"] = codec.encode(fork._replace(serial=5, key_pairs={}))
    with pytest.raises(KeyPairError, match="is newer"):
        copied()


def test_a_registry_or_a_region_that_is_not_there_is_an_error(world: World, copied: Copy) -> None:
    with pytest.raises(KeyPairError) as caught:
        copied()
    assert caught.value.code is ErrorCode.REGISTRY_MISSING
    world.make("ops")
    with pytest.raises(KeyPairError, match="Region 'us-1' is not in the registry") as caught:
        copied("us-1")
    assert caught.value.code is ErrorCode.REGISTRY_MISSING


def test_a_registry_is_not_copied_to_itself(world: World) -> None:
    world.make("ops")
    one, same = FileStore(str(world.registry)), FileStore(f"{world.registry}/.")
    with pytest.raises(KeyPairError, match="name the same registry") as caught:
        copy_registry(Environment(one), same, (), 2, False)
    assert caught.value.code is ErrorCode.PARAMETER_CONFLICT


def test_who_loses_to_a_newer_document_says_so(world: World, copied: Copy, other: MemoryStore) -> None:
    world.make("ops")

    def newer() -> None:
        other.documents["eu-1"] = codec.encode(world.document()._replace(serial=9))

    other.before_write.append(newer)
    with pytest.raises(KeyPairError, match="is newer") as caught:
        copied()
    assert not isinstance(caught.value, StoreConflictError)
    assert codec.decode(other.documents["eu-1"], "eu-1").serial == 9


def test_a_private_key_that_is_not_delivered_yet_is_a_warning(world: World, other: MemoryStore) -> None:
    world.make("ops")
    record = world.registered()
    assert record is not None
    world.pem().rename(world.staged(record))
    store = FileStore(str(world.registry))
    _copied, warnings = copy_registry(Environment(store, world.controller), other, (), 2, False)
    store.close()
    assert [warning for warning in warnings if "'ops' in region 'eu-1' are not delivered yet" in warning]
    assert builders.REGION in other.documents


def test_a_removal_that_was_interrupted_is_a_warning(world: World, other: MemoryStore) -> None:
    world.make("ops", "web")
    record = world.registered()
    assert record is not None
    world.pem().rename(world.staged(record))
    world.register(builders.imported("web"), removals={"ops": Removal(str(world.keys), record.fingerprint)})
    for interrupted in (True, False):
        store = FileStore(str(world.registry))
        _copied, warnings = copy_registry(Environment(store, world.controller), other, (), 2, False, delete=True)
        store.close()
        assert any("files of 'ops' in region 'eu-1' may have been interrupted" in warning for warning in warnings) is interrupted
        world.make("ops", present=False)
    assert not world.staged(record).exists()
