# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""With nothing registered, whatever has the name of a private key file is refused and stays as it is."""

from __future__ import annotations

import ctypes
import errno
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._files.directory import Directory
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils import builders
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import World, fingerprint_of, mode_of, own_files, tree


def _victim(path: Path) -> Path:
    victim = path.parent / "victim"
    victim.write_bytes(b"victim")
    victim.chmod(0o644)
    return victim


OBSTACLES: dict[str, Callable[[Path], object]] = {
    "foreign key": lambda path: path.write_bytes(builders.private_key_bytes(5)),
    "empty file": lambda path: path.touch(),
    "symlink": lambda path: path.symlink_to(_victim(path)),
    "dangling symlink": lambda path: path.symlink_to("nowhere"),
    "symlink to itself": lambda path: path.symlink_to(path.name),
    "hard link": lambda path: os.link(_victim(path), path),
    "fifo": os.mkfifo,
    "directory": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("check_mode", [True, False], ids=["check mode", "run"])
@pytest.mark.parametrize("make", OBSTACLES.values(), ids=OBSTACLES.keys())
def test_it_is_refused_at_once_with_the_ways_out_and_nothing_is_touched(
    make: Callable[[Path], object], check_mode: bool, any_world: World
) -> None:
    any_world.keys.mkdir(mode=0o700)
    make(any_world.pem())
    before = tree(any_world.root)
    started = time.monotonic()
    for _second in range(2):
        with pytest.raises(KeyPairError, match=r"ops.pem' already exists.*nothing was registered; state another") as caught:
            any_world.run(any_world.wish("ops"), check_mode)
        assert caught.value.code is ErrorCode.FILE_EXISTS
    assert time.monotonic() - started < 1
    assert tree(any_world.root) == before


@pytest.mark.parametrize(
    "kind", ["world-writable", pytest.param("foreign", marks=pytest.mark.skipif(os.geteuid() != 0, reason="needs root"))]
)
def test_a_directory_that_others_could_change_takes_no_key(kind: str, any_world: World) -> None:
    any_world.keys.mkdir()
    if kind == "foreign":
        os.chown(any_world.keys, 65534, -1)
    else:
        any_world.keys.chmod(0o777)
    before = tree(any_world.root)
    for check_mode in (True, False):
        with pytest.raises(KeyPairError) as caught:
            any_world.run(any_world.wish("ops"), check_mode)
        assert caught.value.code is ErrorCode.FILE_UNSAFE
    assert tree(any_world.root) == before


def test_a_group_writable_directory_is_a_warning(any_world: World) -> None:
    any_world.keys.mkdir()
    any_world.keys.chmod(0o770)
    outcome = any_world.make("ops")
    assert [f"'{any_world.keys}' of private key files is writable by group" in warning for warning in outcome.warnings] == [True]
    assert mode_of(any_world.pem()) == 0o600


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_directory_that_is_a_file_takes_no_key(place: str, any_world: World) -> None:
    (any_world.root / "file").touch()
    for check_mode in (True, False):
        with pytest.raises(KeyPairError, match="is not a directory") as caught:
            any_world.run(any_world.wish("ops", private_key_dir=str(any_world.root / place)), check_mode)
        assert caught.value.code is ErrorCode.FILE_UNWRITABLE
    assert sorted(path.name for path in any_world.root.iterdir()) == ["file"]


def test_a_file_system_on_which_a_name_cannot_be_taken_without_replacing_a_file_takes_no_key(
    memory_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_options: object) -> NoReturn:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(ctypes, "CDLL", lambda _name, **_options: object())
    with pytest.raises(KeyPairError, match="cannot take private key files safely") as caught:
        memory_world.make("ops")
    assert caught.value.code is ErrorCode.FILE_UNWRITABLE
    assert memory_world.registered() is None
    assert own_files(memory_world.keys) == []


def test_two_key_pairs_of_one_task_that_would_have_the_same_file_are_refused_together(any_world: World) -> None:
    file = any_world.put_key(any_world.pem("web"), 4)
    any_world.make("ops", material=builders.material(4), adopted_file=str(file))
    file.unlink()
    before = tree(any_world.root)
    wish = any_world.wish("ops", "web", on_missing_private_key="regenerate")
    for check_mode in (True, False):
        with pytest.raises(KeyPairError, match=r"'ops' and 'web' would both be delivered to .*nothing was registered") as caught:
            any_world.run(wish, check_mode)
        assert caught.value.code is ErrorCode.FILE_EXISTS
    assert tree(any_world.root) == before
    assert any_world.registered("web") is None


def test_two_files_of_one_name_in_two_directories_are_two_files(any_world: World) -> None:
    for name in ("ops", "web"):
        any_world.make(name, private_key_file=str(any_world.root / name / "key"))
    assert any_world.make("ops", "web", type="ecdsa", regenerate="full_idempotence").changed
    for name in ("ops", "web"):
        record = any_world.registered(name)
        assert record is not None
        assert fingerprint_of(any_world.root / name / "key") == record.fingerprint


def test_two_names_that_differ_in_case_only_have_two_files(any_world: World) -> None:
    assert any_world.make("ops", "Ops").changed
    for name in ("ops", "Ops"):
        record = any_world.registered(name)
        assert record is not None
        assert fingerprint_of(any_world.pem(name)) == record.fingerprint


def test_two_names_that_differ_in_case_only_are_refused_where_the_file_system_takes_them_for_one(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = Directory.entry

    def entry_in_any_case(directory: Directory, name: str) -> os.stat_result | None:
        alike = [each for each in directory.names() if each.casefold() == name.casefold()]
        return entry(directory, alike[0]) if alike else None

    monkeypatch.setattr(Directory, "entry", entry_in_any_case)
    with pytest.raises(KeyPairError, match=r"'ops' and 'Ops' would both be delivered to .*nothing was registered"):
        any_world.make("ops", "Ops")
    assert not any_world.document().key_pairs
    assert own_files(any_world.keys) == []


def test_two_ways_to_one_directory_lead_to_the_same_file(any_world: World) -> None:
    file = any_world.put_key(any_world.pem("web"), 4)
    any_world.make("ops", material=builders.material(4), adopted_file=str(file))
    file.unlink()
    way = any_world.root / "way"
    way.symlink_to(any_world.keys)
    wish = any_world.wish("ops", "web", on_missing_private_key="regenerate", default_directory=str(way))
    with pytest.raises(KeyPairError, match=r"'ops' and 'web' would both be delivered to .*nothing was registered"):
        any_world.run(wish)
    assert any_world.registered("web") is None
    assert not file.exists()


def test_the_state_file_is_lost_but_the_private_keys_are_not_overwritten(world: World) -> None:
    world.make("ops")
    (world.registry / "eu-1.json").unlink()
    content = world.pem().read_bytes()
    with pytest.raises(KeyPairError) as caught:
        world.make("ops")
    assert caught.value.code is ErrorCode.FILE_EXISTS
    assert world.pem().read_bytes() == content


@pytest.mark.parametrize("make", OBSTACLES.values(), ids=OBSTACLES.keys())
def test_what_takes_the_place_after_the_commit_is_not_replaced_and_the_key_is_delivered_once_it_is_gone(
    make: Callable[[Path], object], memory_world: World
) -> None:
    memory_world.store.after_write.append(lambda: make(memory_world.pem()) and None)
    with pytest.raises(KeyPairError, match=r"is staged beside it.*run the task again") as caught:
        memory_world.make("ops")
    assert caught.value.code is ErrorCode.FILE_EXISTS
    record = memory_world.registered()
    assert record is not None
    assert fingerprint_of(memory_world.staged(record)) == record.fingerprint
    before = tree(memory_world.root)
    with pytest.raises(KeyPairError) as caught:
        memory_world.make("ops")
    assert caught.value.code is ErrorCode.FILE_EXISTS
    memory_world.keys.joinpath("ops.pem").rename(memory_world.root / "moved")
    result = memory_world.result(memory_world.wish("ops"))
    assert (result["changed"], result["key_pair"]["private_key_status"]) == (True, "delivered")
    assert fingerprint_of(memory_world.pem()) == record.fingerprint
    assert not memory_world.make("ops").changed
    assert {name: seen[-1] for name, seen in before.items() if "victim" in name} == {
        name: seen[-1] for name, seen in tree(memory_world.root).items() if "victim" in name
    }


def test_check_mode_foresees_that_a_pending_key_cannot_be_delivered(memory_world: World) -> None:
    memory_world.store.after_write.append(memory_world.pem().touch)
    with pytest.raises(KeyPairError):
        memory_world.make("ops")
    with pytest.raises(KeyPairError) as caught:
        memory_world.run(memory_world.wish("ops"), check_mode=True)
    assert caught.value.code is ErrorCode.FILE_EXISTS
