# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import subprocess
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Replacement
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils import builders
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import material
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import World, fingerprint_of, mode_of, own_files, tree

ROTATED: dict[str, Any] = {"type": "ecdsa", "regenerate": "full_idempotence"}


def test_a_replaced_key_is_kept_beside_the_new_one_under_the_time_that_is_registered(any_world: World) -> None:
    any_world.make("ops", tags={"a": "b"}, comment="mine")
    old, old_pem = any_world.registered(), any_world.pem().read_bytes()
    result = any_world.result(any_world.wish("ops", **ROTATED))
    new = any_world.registered()
    assert old is not None
    assert new is not None
    assert new.replaced is not None
    kept = any_world.keys / f"ops.pem.{new.replaced.at}"
    assert (kept.read_bytes(), mode_of(kept)) == (old_pem, 0o600)
    assert new.replaced == Replacement(old.fingerprint, "20261124T045209.123456Z", str(any_world.pem()))
    assert (fingerprint_of(any_world.pem()), mode_of(any_world.pem())) == (new.fingerprint, 0o600)
    assert (new.type, new.comment, new.tags, new.delivery) == ("ecdsa", "mine", {"a": "b"}, old.delivery)
    assert new.id != old.id
    assert result["key_pair"]["private_key_status"] == "delivered"
    assert result["diff"]["before"]["ops"]["fingerprint"] == old.fingerprint
    assert result["diff"]["after"]["ops"]["fingerprint"] == new.fingerprint
    before = tree(any_world.root)
    assert not any_world.make("ops", **ROTATED).changed
    assert tree(any_world.root) == before
    assert own_files(any_world.keys) == []


@pytest.mark.parametrize("options", [{"regenerate": "fail"}, {}], ids=["stated", "by default"])
def test_another_type_is_refused_and_nothing_is_touched(options: dict[str, Any], any_world: World) -> None:
    any_world.make("ops")
    before = tree(any_world.root)
    with pytest.raises(KeyPairError, match="'type' asks for rsa") as caught:
        any_world.make("ops", type="rsa", **options)
    assert caught.value.code is ErrorCode.ALREADY_EXISTS
    assert tree(any_world.root) == before


def test_every_generation_is_kept_although_the_clock_stands_still_or_is_set_back(world: World) -> None:
    contents = []
    for key_type in ("ed25519", "ecdsa", "ed25519", "ecdsa"):
        world.make("ops", type=key_type, regenerate="full_idempotence")
        contents.append(world.pem().read_bytes())
        world.clock -= timedelta(seconds=1)
    kept = sorted(world.keys.glob("ops.pem.*"))
    assert len(kept) == 3
    assert sorted(path.read_bytes() for path in [*kept, world.pem()]) == sorted(contents)


def test_a_stated_location_takes_the_new_key_and_the_old_one_is_moved_aside_where_it_was(any_world: World) -> None:
    any_world.make("ops")
    old_pem = any_world.pem().read_bytes()
    stated = {**ROTATED, "private_key_dir": str(any_world.root / "new")}
    any_world.make("ops", **stated)
    record = any_world.registered()
    assert record is not None
    assert fingerprint_of(any_world.root / "new" / "ops.pem") == record.fingerprint
    assert not any_world.pem().exists()
    assert [path.read_bytes() for path in any_world.keys.glob("ops.pem.*")] == [old_pem]
    assert not any_world.make("ops", **stated).changed


@pytest.mark.parametrize("found", ["another key", "damaged", "symlink"])
def test_a_file_that_is_not_the_replaced_key_is_not_moved_aside(found: str, any_world: World) -> None:
    any_world.make("ops")
    if found == "another key":
        any_world.put_key(any_world.pem(), 5)
    elif found == "damaged":
        any_world.pem().write_bytes(any_world.pem().read_bytes()[:-70])
    else:
        any_world.pem().rename(any_world.keys / "moved")
        any_world.pem().symlink_to("moved")
    before = tree(any_world.root)
    for _second in range(2):
        with pytest.raises(KeyPairError) as caught:
            any_world.make("ops", **ROTATED)
        assert caught.value.code is ErrorCode.FILE_EXISTS
        assert tree(any_world.root) == before


@pytest.mark.parametrize("options", [{}, {"material": material(0)}], ids=["generated elsewhere", "imported"])
def test_a_file_that_is_in_the_way_of_the_new_key_is_refused_whatever_is_replaced(options: dict[str, Any], any_world: World) -> None:
    any_world.make("ops", **options)
    any_world.put_key(any_world.root / "new" / "ops.pem", 5)
    before = tree(any_world.root)
    with pytest.raises(KeyPairError, match="already exists") as caught:
        any_world.make("ops", **ROTATED, private_key_dir=str(any_world.root / "new"))
    assert caught.value.code is ErrorCode.FILE_EXISTS
    assert tree(any_world.root) == before


def test_an_encrypted_key_that_cannot_be_told_is_replaced_only_with_its_passphrase(world: World) -> None:
    world.make("ops", type="ecdsa", private_key_format="pkcs8", passphrase="zqxjk")
    old_pem = world.pem().read_bytes()
    with pytest.raises(KeyPairError) as caught:
        world.make("ops", type="rsa", size=2048, regenerate="full_idempotence")
    assert caught.value.code is ErrorCode.FILE_EXISTS
    world.make("ops", type="rsa", size=2048, regenerate="full_idempotence", passphrase="zqxjk")
    assert [path.read_bytes() for path in world.keys.glob("ops.pem.*")] == [old_pem]


@pytest.mark.parametrize("renamed", [builders.CONTROLLER.replace("here", "renamed"), builders.ELSEWHERE], ids=["renamed", "shared home"])
def test_the_replaced_key_is_recognized_although_the_controller_has_another_name(renamed: str, any_world: World) -> None:
    any_world.make("ops")
    old_pem = any_world.pem().read_bytes()
    any_world.controller = renamed
    any_world.make("ops", **ROTATED)
    assert [path.read_bytes() for path in any_world.keys.glob("ops.pem.*")] == [old_pem]
    record = any_world.registered()
    assert record is not None
    assert fingerprint_of(any_world.pem()) == record.fingerprint
    assert not any_world.make("ops", **ROTATED).changed


def test_an_import_over_a_generated_key_pair_moves_the_file_aside(any_world: World) -> None:
    any_world.make("ops")
    old_pem = any_world.pem().read_bytes()
    wish = any_world.wish("ops", material=material(3), regenerate="full_idempotence")
    assert any_world.run(wish).changed
    record = any_world.registered()
    assert record is not None
    assert (record.creation_type, record.delivery) == ("imported", None)
    assert not any_world.pem().exists()
    assert [path.read_bytes() for path in any_world.keys.glob("ops.pem.*")] == [old_pem]
    before = tree(any_world.root)
    assert not any_world.run(wish).changed
    assert tree(any_world.root) == before


def test_a_replaced_key_that_was_put_back_by_hand_stays_there_whatever_else_is_made(any_world: World) -> None:
    any_world.make("ops")
    old = any_world.registered()
    any_world.make("ops", **ROTATED, private_key_dir=str(any_world.root / "new"))
    any_world.pem().write_bytes(next(any_world.keys.glob("ops.pem.*")).read_bytes())
    assert any_world.make("ops", "web", tags={"a": "b"}).changed
    assert old is not None
    assert fingerprint_of(any_world.pem()) == old.fingerprint


def test_a_generated_key_over_an_import_is_delivered_to_the_default_place(any_world: World) -> None:
    any_world.make("ops", material=material(0))
    any_world.make("ops", type="ecdsa", regenerate="full_idempotence")
    record = any_world.registered()
    assert record is not None
    assert record.creation_type == "generated"
    assert fingerprint_of(any_world.pem()) == record.fingerprint


def test_a_name_too_long_to_be_kept_beside_the_new_one_is_refused_before_anything_is_done(world: World) -> None:
    file = world.keys / ("n" * 232)
    world.make("ops", private_key_file=str(file))
    before = tree(world.root)
    with pytest.raises(KeyPairError, match="cannot be kept: with the time its name would be longer than 255 bytes") as caught:
        world.make("ops", private_key_file=str(file), **ROTATED)
    assert caught.value.code is ErrorCode.PATH_MALFORMED
    assert tree(world.root) == before


def test_a_longest_file_name_is_kept_with_the_time_as_the_longest_name_of_a_file_system(world: World) -> None:
    file = world.keys / ("n" * 231)
    for key_type in ("ed25519", "ecdsa"):
        world.make("ops", private_key_file=str(file), type=key_type, regenerate="full_idempotence")
    assert sorted(len(path.name) for path in world.keys.glob("n*")) == [231, 255]


def test_a_longest_name_can_be_replaced_more_than_once(world: World) -> None:
    name = "n" * 128
    for key_type in ("ed25519", "ecdsa", "ed25519"):
        world.make(name, type=key_type, regenerate="full_idempotence")
    assert len(list(world.keys.glob(f"{name}.pem*"))) == 3


def test_a_missing_file_is_regenerated_and_the_new_one_is_kept(any_world: World) -> None:
    any_world.make("ops", type="ecdsa", size=521)
    old = any_world.registered()
    any_world.pem().unlink()
    wish = any_world.wish("ops", on_missing_private_key="regenerate")
    assert any_world.run(wish).changed
    new = any_world.registered()
    assert old is not None
    assert new is not None
    assert (new.type, new.size) == ("ecdsa", 521)
    assert new.fingerprint != old.fingerprint
    assert fingerprint_of(any_world.pem()) == new.fingerprint
    assert not any_world.run(wish).changed


def test_the_system_finds_the_kept_key_usable(world: World) -> None:
    world.make("ops")
    old = world.registered()
    world.make("ops", **ROTATED)
    kept = next(world.keys.glob("ops.pem.*"))
    shown = subprocess.run(["ssh-keygen", "-y", "-f", str(kept)], capture_output=True, text=True, check=True).stdout
    assert old is not None
    assert shown.split()[:2] == old.public_key.split()[:2]
