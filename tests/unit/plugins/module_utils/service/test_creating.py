# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Delivery
from ansible_collections.keywright.ssh.plugins.module_utils._model.wish import Wish
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils import builders
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.faults import Alarm
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import World, fingerprint_of, mode_of, own_files, tree


def test_a_key_pair_is_registered_and_its_private_key_delivered_once(any_world: World) -> None:
    first = any_world.result(any_world.wish("ops"))
    record = any_world.registered()
    assert record is not None
    assert (first["changed"], first["key_pair"]["private_key_status"]) == (True, "delivered")
    assert (record.creation_type, record.created_at, record.comment) == ("generated", "2026-11-24T04:52:08Z", "ops")
    assert record.delivery == Delivery(any_world.controller, str(any_world.pem()))
    assert (fingerprint_of(any_world.pem()), mode_of(any_world.pem())) == (record.fingerprint, 0o600)
    assert own_files(any_world.keys) == []
    before = tree(any_world.root)
    second = any_world.result(any_world.wish("ops"))
    assert (second["changed"], second["key_pair"]["private_key_status"]) == (False, "present")
    assert second["key_pair"] == {**first["key_pair"], "private_key_status": "present"}
    assert tree(any_world.root) == before


def test_ssh_keygen_agrees_on_what_was_delivered(world: World) -> None:
    world.make("ops")
    record = world.registered()
    assert record is not None
    shown = subprocess.run(["ssh-keygen", "-l", "-f", str(world.pem())], capture_output=True, text=True, check=True).stdout
    assert shown.split()[:3] == ["256", record.fingerprint, "ops"]


KINDS: dict[str, dict[str, Any]] = {
    "ecdsa": {"type": "ecdsa", "size": 384},
    "ecdsa as pkcs8": {"type": "ecdsa", "private_key_format": "pkcs8"},
    "ecdsa as encrypted pkcs8": {"type": "ecdsa", "private_key_format": "pkcs8", "passphrase": "zqxjk"},
    "ecdsa as encrypted pkcs1": {"type": "ecdsa", "private_key_format": "pkcs1", "passphrase": "zqxjk"},
    "rsa": {"type": "rsa", "size": 2048},
    "encrypted ed25519": {"passphrase": "zqxjk"},
    "with tags and comment": {"tags": {"team": "platform"}, "comment": "Ops team"},
}


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS.keys())
def test_every_kind_of_key_is_delivered_and_found_again(options: dict[str, Any], world: World) -> None:
    world.make("ops", **options)
    record = world.registered()
    assert record is not None
    assert fingerprint_of(world.pem(), options.get("passphrase")) == record.fingerprint
    assert (record.type, dict(record.tags)) == (options.get("type", "ed25519"), options.get("tags", {}))
    assert b"zqxjk" not in world.pem().read_bytes()
    assert not world.make("ops", **options).changed


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"private_key_dir": "{root}/a/b"}, "a/b/ops.pem"),
        ({"private_key_file": "{root}/a/id_ops"}, "a/id_ops"),
        ({"private_key_file": "{root}/a/id_ops", "private_key_dir": "{root}/b"}, "a/id_ops"),
    ],
    ids=["directory", "file", "file before directory"],
)
def test_a_private_key_is_delivered_where_the_task_says(options: dict[str, str], place: str, world: World) -> None:
    stated = {option: path.format(root=world.root) for option, path in options.items()}
    world.make("ops", **stated)
    record = world.registered()
    assert record is not None
    assert fingerprint_of(world.root / place) == record.fingerprint
    assert sorted(path.name for path in world.root.iterdir()) == ["a", "registry"]
    outcome = world.make("ops", **stated)
    assert (outcome.changed, outcome.warnings) == (False, ())


def test_a_batch_is_one_write_and_its_results_come_in_the_order_of_the_task(any_world: World) -> None:
    names = ["web", "db", "cache"]
    result = any_world.result(any_world.wish(*names))
    assert [each["name"] for each in result["key_pairs"]] == names
    assert "key_pair" not in result
    assert any_world.document().serial == 1
    assert len({fingerprint_of(any_world.pem(name)) for name in names}) == 3
    before = tree(any_world.root)
    assert not any_world.result(any_world.wish(*names))["changed"]
    assert tree(any_world.root) == before


def test_a_batch_makes_only_what_is_not_there(any_world: World) -> None:
    any_world.make("db")
    pem = any_world.pem("db").read_bytes()
    result = any_world.result(any_world.wish("web", "db"))
    assert [each["private_key_status"] for each in result["key_pairs"]] == ["delivered", "present"]
    assert list(result["diff"]["after"]) == ["web"]
    assert any_world.pem("db").read_bytes() == pem


def test_a_batch_with_one_file_in_the_way_makes_nothing(any_world: World) -> None:
    any_world.put_key(any_world.pem("db"), 3)
    before = tree(any_world.root)
    with pytest.raises(KeyPairError, match=r"db.pem' already exists") as caught:
        any_world.make("web", "db", "cache")
    assert caught.value.code is ErrorCode.FILE_EXISTS
    assert tree(any_world.root) == before


class _Interrupting(list[str]):
    """What is told each private key before it is staged, and interrupts the run at the second."""

    def __init__(self, interruption: BaseException) -> None:
        super().__init__()
        self._interruption = interruption

    def append(self, secret: str) -> None:
        super().append(secret)
        if len(self) == 2:
            raise self._interruption


@pytest.mark.parametrize("interruption", [OSError("no space"), Alarm()], ids=lambda error: type(error).__name__)
def test_a_batch_that_is_interrupted_before_it_is_registered_leaves_no_private_key(interruption: BaseException, any_world: World) -> None:
    any_world.secrets = _Interrupting(interruption)
    with pytest.raises(type(interruption)) as caught:
        any_world.make("aa", "bb", "cc")
    assert caught.value is interruption
    assert not any_world.document().key_pairs
    assert own_files(any_world.keys) == []
    assert any_world.make("aa", "bb", "cc").changed


@pytest.mark.parametrize("check_mode", [True, False], ids=["check mode", "run"])
def test_a_library_that_is_not_installed_is_told_before_anything_is_done(
    check_mode: bool, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(KeyPairError) as caught:
        world.run(world.wish("ops"), check_mode)
    assert caught.value.code is ErrorCode.DEPENDENCY_MISSING
    assert list(world.root.iterdir()) == []


def test_no_name_makes_nothing(world: World) -> None:
    outcome = world.run(Wish("eu-1", (), default_directory=str(world.keys)))
    assert (outcome.changed, outcome.steps) == (False, ())
    assert list(world.root.iterdir()) == []


def test_regions_of_one_registry_are_apart(world: World) -> None:
    world.make("ops")
    world.make("ops", region="eu-2", default_directory=str(world.root / "eu-2"))
    one, other = world.document("eu-1"), world.document("eu-2")
    assert one.lineage != other.lineage
    assert one.key_pairs["ops"].fingerprint != other.key_pairs["ops"].fingerprint


def test_a_serial_counts_writes_and_the_lineage_stays(any_world: World) -> None:
    seen = []
    for name in ("aa", "bb", "bb", "cc"):
        any_world.make(name)
        seen.append((any_world.document().serial, any_world.document().lineage))
    assert [serial for serial, lineage in seen] == [1, 2, 2, 3]
    assert len({lineage for serial, lineage in seen}) == 1
    assert re.fullmatch(r"[0-9a-f-]{36}", seen[0][1])


def test_two_registries_can_share_a_directory_of_private_keys(quick_path: Path) -> None:
    one, other = World(quick_path), World(quick_path)
    other.registry = quick_path / "other-registry"
    one.make("ops")
    with pytest.raises(KeyPairError, match="already exists") as caught:
        other.make("ops")
    assert caught.value.code is ErrorCode.FILE_EXISTS
    other.make("web")
    assert (one.make("ops").changed, other.make("web").changed) == (False, False)
    other.make("web", present=False, remove_private_key=True)
    assert sorted(path.name for path in one.keys.glob("*.pem")) == ["ops.pem"]


def test_the_private_key_is_told_to_the_mask_before_it_is_on_disk_and_is_in_no_result(world: World) -> None:
    result = world.result(world.wish("ops"))
    assert world.secrets == [world.pem().read_text()]
    body = "".join(world.secrets[0].splitlines()[1:-1])
    assert body[:70] not in repr(result)
    assert "PRIVATE KEY" not in repr(result)
    assert "PRIVATE KEY" not in (world.registry / "eu-1.json").read_text()


@pytest.mark.parametrize("umask", [0o000, 0o077], ids=oct)
def test_everything_is_private_whatever_the_umask(umask: int, world: World) -> None:
    old = os.umask(umask)
    try:
        world.make("ops")
    finally:
        os.umask(old)
    for folder, folders, files in os.walk(world.root):
        for name in folders:
            assert mode_of(Path(folder, name)) == 0o700
        for name in files:
            assert mode_of(Path(folder, name)) == 0o600


def test_the_five_hundred_and_first_key_pair_is_refused_and_nothing_is_made(world: World) -> None:
    world.register(*(builders.imported(f"host-{number:03}") for number in range(499)))
    with pytest.raises(KeyPairError) as caught:
        world.make("new-1", "new-2")
    assert caught.value.code is ErrorCode.QUOTA_KEY_PAIRS
    assert not world.keys.exists()
    world.make("new-1")
    with pytest.raises(KeyPairError):
        world.make("new-2")
    assert not world.make("new-1").changed
