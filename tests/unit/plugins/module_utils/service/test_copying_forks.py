# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copying a registry to a destination that somebody has worked with meanwhile: what was done there alone is not undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Binding, Removal
from ansible_collections.keywright.ssh.plugins.module_utils._registry import codec
from ansible_collections.keywright.ssh.plugins.module_utils._service.copying import CopiedRegion
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils import builders
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.memory_store import MemoryStore
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import World

Copy = Callable[..., tuple[CopiedRegion, ...]]


def _fork(other: MemoryStore, serial: int, **changes: Any) -> None:
    """Change the destination's document, as somebody does who works with it instead of with the source."""
    document = codec.decode(other.documents["eu-1"], "eu-1")
    other.documents["eu-1"] = codec.encode(document._replace(serial=serial, **changes))


def _edit(world: World, **changes: Any) -> None:
    """Change the source's document."""
    document = world.document()
    (world.registry / "eu-1.json").write_bytes(codec.encode(document._replace(serial=document.serial + 1, **changes)))


def _bindings(*bound: Binding) -> dict[str, Binding]:
    return {binding.account: binding for binding in bound}


EARLY, LATE = "2026-01-01T00:00:00Z", "2026-02-02T00:00:00Z"


@pytest.mark.parametrize("theirs", [LATE, EARLY], ids=["later", "in the same second"])
@pytest.mark.parametrize("pending", [True, False])
def test_an_account_that_was_bound_to_another_key_pair_in_the_destination_alone_is_not_bound_back(
    pending: bool, theirs: str, world: World, copied: Copy, other: MemoryStore
) -> None:
    world.make("ops", "web")
    ops, web = (world.document().key_pairs[name] for name in ("ops", "web"))
    first = builders.binding(ops, bound_at=EARLY)
    _edit(world, bindings=_bindings(first))
    copied()
    replaces = (ops.fingerprint,) if pending else ()
    _fork(other, 3, bindings=_bindings(builders.binding(web, bound_at=theirs, pending=pending, replaces=replaces)))
    _edit(world)
    _edit(world)
    before = dict(other.documents)
    with pytest.raises(KeyPairError, match="has the binding of 'deploy@web1' to 'web', which is not in the registry") as caught:
        copied()
    assert caught.value.code is ErrorCode.REGISTRY_DIVERGED
    assert other.documents == before
    assert [each.serial_before for each in copied(delete=True)] == [3]


def test_an_unfinished_binding_back_to_the_same_key_pair_is_kept_with_the_keys_that_it_replaces(
    world: World, copied: Copy, other: MemoryStore
) -> None:
    world.make("ops", "web")
    ops, web = (world.document().key_pairs[name] for name in ("ops", "web"))
    _edit(world, bindings=_bindings(builders.binding(ops, bound_at=EARLY)))
    copied()
    _fork(other, 2, bindings=_bindings(builders.binding(ops, bound_at=LATE, pending=True, replaces=(web.fingerprint,))))
    _edit(world)
    with pytest.raises(KeyPairError, match="has the binding of 'deploy@web1' to 'ops'"):
        copied()


def test_what_the_source_binds_anew_or_finishes_is_copied(world: World, copied: Copy, other: MemoryStore) -> None:
    world.make("ops", "web")
    ops, web = (world.document().key_pairs[name] for name in ("ops", "web"))
    again = builders.binding(web, bound_at=LATE)
    for bound in (
        builders.binding(ops, bound_at=EARLY),
        again._replace(pending=True, replaces=(ops.fingerprint,)),
        again,
        again._replace(address="192.0.2.9"),
    ):
        _edit(world, bindings=_bindings(bound))
        assert [each.changed for each in copied()] == [True]
        assert other.documents["eu-1"] == (world.registry / "eu-1.json").read_bytes()


def test_a_note_of_a_removal_that_only_the_destination_has_goes_only_if_that_is_said(
    world: World, copied: Copy, other: MemoryStore
) -> None:
    world.make("ops", "web")
    web = world.document().key_pairs["web"]
    copied()
    note = Removal(str(world.keys), web.fingerprint)
    _fork(other, 2, key_pairs={"ops": world.document().key_pairs["ops"]}, removals={"web": note})
    _edit(world)
    _edit(world, key_pairs={"ops": world.document().key_pairs["ops"]})
    with pytest.raises(KeyPairError, match="has the note that the removal of the private key file of 'web' is not finished"):
        copied()
    assert [each.serial_before for each in copied(delete=True)] == [2]


def test_a_note_that_the_source_has_too_or_whose_key_pair_it_has_is_in_no_copys_way(world: World, copied: Copy, other: MemoryStore) -> None:
    world.make("ops", "web")
    web = world.document().key_pairs["web"]
    note = Removal(str(world.keys), web.fingerprint)
    copied()
    _fork(other, 2, key_pairs={"ops": world.document().key_pairs["ops"]}, removals={"web": note})
    _edit(world)
    _edit(world)
    assert [each.changed for each in copied()] == [True]
    _edit(world, key_pairs={"ops": world.document().key_pairs["ops"]}, removals={"web": note})
    assert [each.changed for each in copied(delete=True)] == [True]
    _edit(world)
    assert [each.changed for each in copied()] == [True]
