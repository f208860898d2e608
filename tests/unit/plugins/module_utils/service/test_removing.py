# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Removal
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils import builders
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import material
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import World, own_files, tree

GONE: dict[str, Any] = {"present": False, "remove_private_key": True}


def test_a_removed_key_pair_leaves_its_file_and_a_warning_that_names_it(any_world: World) -> None:
    any_world.make("ops", "web")
    files = tree(any_world.keys)
    result = any_world.result(any_world.wish("ops", present=False))
    assert (result["changed"], result["key_pairs"], result["key_pair"]) == (True, [], None)
    assert len(result["warnings"]) == 1
    assert f"'{any_world.pem()}' of the removed key pair 'ops' was left" in result["warnings"][0]
    assert list(result["diff"]["before"]) == ["ops"]
    assert result["diff"]["after"] == {}
    assert (list(any_world.document().key_pairs), any_world.document().serial) == (["web"], 2)
    assert tree(any_world.keys) == files
    before = tree(any_world.root)
    again = any_world.result(any_world.wish("ops", present=False))
    assert (again["changed"], "warnings" in again) == (False, False)
    assert tree(any_world.root) == before


def test_a_removed_key_pair_takes_its_file_along_when_asked_to(any_world: World) -> None:
    any_world.make("ops", "web")
    other = any_world.pem("web").read_bytes()
    result = any_world.result(any_world.wish("ops", **GONE))
    assert result["changed"]
    assert "warnings" not in result
    assert not any_world.pem().exists()
    assert own_files(any_world.keys) == []
    assert any_world.pem("web").read_bytes() == other
    assert not any_world.document().removals
    before = tree(any_world.root)
    assert not any_world.run(any_world.wish("ops", **GONE)).changed
    assert tree(any_world.root) == before
    assert any_world.make("ops").changed


def test_a_batch_is_removed_together_and_unknown_names_change_nothing(any_world: World) -> None:
    any_world.make("aa", "bb", "cc")
    any_world.make("bb", "aa", "unknown", **GONE)
    assert list(any_world.document().key_pairs) == ["cc"]
    assert sorted(path.name for path in any_world.keys.glob("*.pem")) == ["cc.pem"]
    assert not any_world.make("bb", "aa", "unknown", **GONE).changed


def test_an_unknown_name_in_a_registry_that_is_not_there_makes_nothing(world: World) -> None:
    assert not world.make("ops", **GONE).changed
    assert list(world.root.iterdir()) == []


def test_a_hundred_and_one_names_are_too_many(world: World) -> None:
    names = [f"host-{number:03}" for number in range(101)]
    world.register(*(builders.imported(name) for name in names))
    before = tree(world.root)
    with pytest.raises(KeyPairError) as caught:
        world.make(*names, present=False)
    assert caught.value.code is ErrorCode.QUOTA_NAMES
    assert tree(world.root) == before
    assert world.make(*names[:100], present=False).changed
    assert len(world.document().key_pairs) == 1


def _other_key(world: World) -> None:
    world.put_key(world.pem(), 5)


def _link(world: World) -> None:
    world.pem().rename(world.keys / "victim")
    world.pem().symlink_to("victim")


def _fifo(world: World) -> None:
    world.pem().unlink()
    os.mkfifo(world.pem())


def _directory(world: World) -> None:
    world.pem().unlink()
    world.pem().mkdir()


FOREIGN: dict[str, tuple[Callable[[World], object], str]] = {
    "another key": (_other_key, f"because it is another key: {material(5).fingerprint}"),
    "damaged": (lambda world: world.pem().write_bytes(world.pem().read_bytes()[:-70]), "because it is damaged"),
    "text": (lambda world: world.pem().write_bytes(b"notes"), "because it is not a private key"),
    "symlink to the key": (_link, "because it is a symbolic link"),
    "fifo": (_fifo, "because it is a FIFO"),
    "directory": (_directory, "because it is a directory"),
}


@pytest.mark.parametrize(("make", "cause"), FOREIGN.values(), ids=FOREIGN.keys())
def test_a_file_that_is_not_the_key_pairs_is_never_unlinked(make: Callable[[World], object], cause: str, any_world: World) -> None:
    any_world.make("ops")
    make(any_world)
    files = tree(any_world.keys)
    outcome = any_world.make("ops", **GONE)
    assert outcome.changed
    assert [cause in warning for warning in outcome.warnings] == [True]
    assert any_world.registered() is None
    assert tree(any_world.keys) == files
    assert not any_world.make("ops", **GONE).changed


def test_a_file_that_is_gone_already_is_no_matter(any_world: World) -> None:
    any_world.make("ops")
    any_world.pem().unlink()
    outcome = any_world.make("ops", **GONE)
    assert (outcome.changed, outcome.warnings) == (True, ())


def test_a_hard_link_of_the_removed_file_keeps_its_content(any_world: World) -> None:
    any_world.make("ops")
    os.link(any_world.pem(), any_world.root / "copy")
    content = any_world.pem().read_bytes()
    any_world.make("ops", **GONE)
    assert not any_world.pem().exists()
    assert (any_world.root / "copy").read_bytes() == content


def test_a_key_of_another_controller_is_left_there(any_world: World) -> None:
    any_world.make("ops")
    any_world.controller = builders.ELSEWHERE
    any_world.pem().unlink()
    outcome = any_world.make("ops", **GONE)
    assert [f"was left on controller '{builders.CONTROLLER}'" in warning for warning in outcome.warnings] == [True]


def test_an_encrypted_key_that_cannot_be_told_goes_only_with_its_passphrase(world: World) -> None:
    options: dict[str, Any] = {"type": "ecdsa", "private_key_format": "pkcs8", "passphrase": "zqxjk"}
    world.make("ops", "web", **options)
    outcome = world.make("ops", **GONE)
    assert ["because it is encrypted" in warning for warning in outcome.warnings] == [True]
    assert world.pem().exists()
    world.make("web", **GONE, passphrase="zqxjk")
    assert not world.pem("web").exists()


def test_a_kept_generation_stays_when_the_key_pair_goes(any_world: World) -> None:
    any_world.make("ops")
    any_world.make("ops", type="ecdsa", regenerate="full_idempotence")
    any_world.make("ops", **GONE)
    assert [path.suffix for path in any_world.keys.glob("ops*")] == [".123456Z"]


def test_a_key_pair_whose_replaced_keys_directory_is_gone_can_still_be_removed(any_world: World) -> None:
    any_world.make("ops", private_key_dir=str(any_world.root / "old"))
    any_world.make("ops", type="ecdsa", regenerate="full_idempotence", private_key_dir=str(any_world.root / "new"))
    for path in (any_world.root / "old").iterdir():
        path.unlink()
    (any_world.root / "old").rmdir()
    assert not any_world.make("ops").changed
    assert any_world.make("ops", **GONE).changed
    assert not any_world.make("ops", **GONE).changed


@pytest.mark.parametrize("then", [{"present": True}, {"present": False}, GONE], ids=["present", "absent", "absent with file"])
def test_a_file_that_a_crash_left_half_removed_is_removed_by_the_next_run_of_that_name(then: dict[str, Any], world: World) -> None:
    world.make("ops")
    record = world.registered()
    assert record is not None
    staged = world.staged(record)
    world.pem().rename(staged)
    world.register(builders.imported("web"), removals={"ops": Removal(str(world.keys), record.fingerprint)})
    elsewhere = {"private_key_dir": str(world.root / "elsewhere")} if then.get("present") else {}
    world.make("ops", **then, **elsewhere)
    assert not staged.exists()
    assert not world.document().removals
    assert "web" in world.document().key_pairs
