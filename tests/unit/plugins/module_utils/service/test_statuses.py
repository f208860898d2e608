# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils import builders
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import material
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import World, mode_of, tree


def _move_away(world: World) -> None:
    world.controller = builders.ELSEWHERE
    world.pem().unlink()


def _stage(world: World) -> None:
    record = world.registered()
    assert record is not None
    world.pem().rename(world.staged(record))


CHANGES: dict[str, tuple[Callable[[World], object], str, str | None]] = {
    "untouched": (lambda world: None, "present", None),
    "mode drifted": (lambda world: world.pem().chmod(0o644), "present", "has mode 0644, expected 0600"),
    "removed": (lambda world: world.pem().unlink(), "missing", "is missing"),
    "another key": (lambda world: world.put_key(world.pem(), 5), "mismatched", f"is another key: {material(5).fingerprint}"),
    "emptied": (lambda world: os.truncate(world.pem(), 0), "mismatched", "is not a private key"),
    "another controller": (_move_away, "elsewhere", None),
}


@pytest.mark.parametrize(("change", "status", "cause"), CHANGES.values(), ids=CHANGES.keys())
def test_a_status_says_what_is_seen_and_a_warning_says_what_is_wrong(
    change: Callable[[World], object], status: str, cause: str | None, any_world: World
) -> None:
    any_world.make("ops")
    change(any_world)
    before = tree(any_world.root)
    for check_mode in (True, False, False):
        result = any_world.result(any_world.wish("ops"), check_mode)
        assert (result["changed"], result["key_pair"]["private_key_status"]) == (False, status)
        warning = f"The private key file '{any_world.pem()}' of key pair 'ops' {cause}."
        assert result.get("warnings", []) == ([] if cause is None else [warning])
    assert tree(any_world.root) == before


def test_an_encrypted_file_in_a_format_that_hides_its_key_is_unverified_without_the_passphrase(any_world: World) -> None:
    options = {"type": "ecdsa", "private_key_format": "pkcs8"}
    any_world.make("ops", **options, passphrase="zqxjk")
    before = tree(any_world.root)
    without = any_world.result(any_world.wish("ops", **options, on_missing_private_key="regenerate"))
    assert (without["changed"], without["key_pair"]["private_key_status"]) == (False, "unverified")
    assert "is encrypted and the passphrase is not given" in without["warnings"][0]
    given = any_world.result(any_world.wish("ops", **options, passphrase="zqxjk"))
    assert given["key_pair"]["private_key_status"] == "present"
    assert "warnings" not in given
    assert tree(any_world.root) == before


def test_a_pending_delivery_is_foretold_by_check_mode_and_made_by_the_run(any_world: World) -> None:
    any_world.make("ops")
    content, files = any_world.pem().read_bytes(), any_world.document()
    _stage(any_world)
    foretold = any_world.result(any_world.wish("ops"), check_mode=True)
    assert not any_world.pem().exists()
    done = any_world.result(any_world.wish("ops"))
    assert foretold == done
    assert (done["changed"], done["key_pair"]["private_key_status"]) == (True, "delivered")
    assert done["diff"]["before"]["ops"]["private_key_status"] == "pending"
    assert (any_world.pem().read_bytes(), mode_of(any_world.pem())) == (content, 0o600)
    assert any_world.document() == files
    assert not any_world.make("ops").changed


def test_absent_delivers_what_is_pending_before_it_leaves_it(any_world: World) -> None:
    any_world.make("ops")
    content = any_world.pem().read_bytes()
    _stage(any_world)
    any_world.make("ops", present=False)
    assert any_world.pem().read_bytes() == content
    assert any_world.registered() is None


@pytest.mark.parametrize("choice", ["warn", "ignore", "fail", "regenerate"])
@pytest.mark.parametrize("state", ["missing", "mismatched"])
def test_a_task_says_what_an_anomaly_is_to_it(state: str, choice: str, any_world: World) -> None:
    any_world.make("ops")
    CHANGES["removed" if state == "missing" else "another key"][0](any_world)
    before = tree(any_world.root)
    options: dict[str, Any] = {"on_missing_private_key": choice}
    if choice == "fail":
        with pytest.raises(KeyPairError) as caught:
            any_world.make("ops", **options)
        assert caught.value.code.value == {"missing": "PrivateKeyFile.Missing", "mismatched": "PrivateKeyFile.Mismatched"}[state]
    else:
        outcome = any_world.make("ops", **options)
        assert outcome.changed is (choice == "regenerate" and state == "missing")
        assert bool(outcome.warnings) is (choice == "warn" or (choice == "regenerate" and state == "mismatched"))
    if not (choice == "regenerate" and state == "missing"):
        assert tree(any_world.root) == before


def test_a_pending_delivery_is_made_although_the_replaced_keys_directory_is_gone(any_world: World) -> None:
    any_world.make("ops", private_key_dir=str(any_world.root / "old"))
    any_world.make("ops", type="ecdsa", regenerate="full_idempotence", private_key_dir=str(any_world.root / "new"))
    record = any_world.registered()
    assert record is not None
    (any_world.root / "new" / "ops.pem").rename(any_world.staged(record))
    for path in (any_world.root / "old").iterdir():
        path.unlink()
    (any_world.root / "old").rmdir()
    assert any_world.make("ops").changed
    assert (any_world.root / "new" / "ops.pem").is_file()


@pytest.fixture
def read_only_registry(world: World) -> Iterator[World]:
    """Return a world whose registry holds a key pair and is on a file system that nobody may write to, where root may make one."""
    world.make("ops")
    place = str(world.registry)
    if subprocess.run(["mount", "--bind", place, place], check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting a file system needs root")
    subprocess.run(["mount", "-o", "remount,bind,ro", place], check=True)
    yield world
    subprocess.run(["umount", "-l", place], check=True)


def test_a_registry_that_may_only_be_read_serves_a_run_that_has_nothing_to_do(read_only_registry: World) -> None:
    before = tree(read_only_registry.root)
    idle: list[dict[str, Any]] = [{}, {"type": "ed25519"}, {"tags": {}}]
    for options in idle:
        assert not read_only_registry.make("ops", **options).changed
    assert not read_only_registry.make("unknown", present=False).changed
    writing: list[dict[str, Any]] = [{"tags": {"a": "b"}}, {"present": False, "remove_private_key": True}]
    for options in writing:
        with pytest.raises(KeyPairError) as caught:
            read_only_registry.make("ops", **options)
        assert caught.value.code in (ErrorCode.REGISTRY_UNWRITABLE, ErrorCode.LOCK_UNAVAILABLE)
        assert "Read-only file system" in caught.value.message
    with pytest.raises(KeyPairError):
        read_only_registry.make("web")
    assert tree(read_only_registry.root) == before
