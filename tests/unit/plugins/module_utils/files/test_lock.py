# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._files.directory import Directory
from ansible_collections.keywright.ssh.plugins.module_utils._files.lock import exclusive_lock, names_holder
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.faults import Alarm, Fault, raising
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import mode_of


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Directory]:
    (tmp_path / "keys").mkdir(mode=0o700)
    with Directory(str(tmp_path / "keys")) as opened:
        yield opened


def _lock(folder: Directory, name: str = "eu-1.lock", seconds: float = 0) -> contextlib.AbstractContextManager[object]:
    return exclusive_lock(folder, name, seconds, ErrorCode.REGISTRY_UNWRITABLE)


def test_the_lock_file_stays_and_names_nobody_once_it_is_free(folder: Directory, tmp_path: Path) -> None:
    path = tmp_path / "keys" / "eu-1.lock"
    with _lock(folder):
        inode = path.stat().st_ino
        assert path.read_text().startswith(f"pid {os.getpid()} since ")
    with _lock(folder):
        assert path.stat().st_ino == inode
    assert (path.read_bytes(), mode_of(path)) == (b"", 0o600)


def test_a_lock_file_names_a_holder_as_long_as_it_is_held_and_if_that_was_stopped(folder: Directory) -> None:
    assert not names_holder(folder, "eu-1.lock")
    with _lock(folder):
        assert names_holder(folder, "eu-1.lock")
    assert not names_holder(folder, "eu-1.lock")
    with pytest.raises(SystemExit), _lock(folder):
        raise SystemExit
    assert names_holder(folder, "eu-1.lock")


@pytest.mark.parametrize(
    "error", [KeyPairError(ErrorCode.INTERNAL, "x"), KeyboardInterrupt(), SystemExit()], ids=lambda error: type(error).__name__
)
def test_any_end_of_the_block_gives_the_lock_back(error: BaseException, folder: Directory) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(type(error)), _lock(folder):
        raise error
    with _lock(folder):
        pass
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("afterwards", [False, True], ids=["before", "right after"])
def test_an_alarm_while_the_lock_is_given_back_still_gives_it_back(afterwards: bool, folder: Directory) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for number in range(1, 5):
        fault = Fault(number, raising(Alarm), afterwards)
        with contextlib.suppress(Alarm), fault.installed(), _lock(folder):
            pass
        with _lock(folder):
            pass
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("umask", [0o000, 0o077], ids=oct)
@pytest.mark.parametrize(("directory_mode", "mode"), [(0o700, 0o600), (0o2770, 0o660)], ids=["own", "team"])
def test_a_team_can_take_the_lock_in_its_directory_and_nobody_else_can(
    umask: int, directory_mode: int, mode: int, folder: Directory, tmp_path: Path
) -> None:
    (tmp_path / "keys").chmod(directory_mode)
    old = os.umask(umask)
    try:
        with _lock(folder):
            assert mode_of(tmp_path / "keys" / "eu-1.lock") == mode
    finally:
        os.umask(old)


@pytest.mark.parametrize("kind", ["symlink", "dangling symlink", "fifo", "directory"])
def test_what_is_not_a_regular_file_is_no_lock(kind: str, folder: Directory, tmp_path: Path) -> None:
    path = tmp_path / "keys" / "eu-1.lock"
    (tmp_path / "victim").write_bytes(b"victim")
    makers: dict[str, Callable[[], object]] = {
        "symlink": lambda: path.symlink_to(tmp_path / "victim"),
        "dangling symlink": lambda: path.symlink_to(tmp_path / "nowhere"),
        "fifo": lambda: os.mkfifo(path),
        "directory": path.mkdir,
    }
    makers[kind]()
    with pytest.raises(KeyPairError, match=r"The lock file .* cannot be opened") as caught, _lock(folder):
        pytest.fail("locked")
    assert caught.value.code is ErrorCode.REGISTRY_UNWRITABLE
    assert (tmp_path / "victim").read_bytes() == b"victim"
    assert not (tmp_path / "nowhere").exists()


def test_a_file_that_is_not_a_lock_is_not_emptied_through_a_hard_link(folder: Directory, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"victim")
    victim.chmod(0o644)
    os.link(victim, tmp_path / "keys" / "eu-1.lock")
    with contextlib.suppress(KeyPairError), _lock(folder):
        pass
    assert victim.read_bytes() == b"victim"


@pytest.mark.parametrize("seconds", [0, 5])
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP], ids=errno.errorcode.get)
def test_a_file_system_that_cannot_lock_is_an_error_and_nothing_goes_on_without(
    number: int, seconds: int, folder: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(KeyPairError, match="cannot lock, so nothing was done") as caught, _lock(folder, seconds=seconds):
        pytest.fail("locked")
    assert caught.value.code is ErrorCode.LOCK_UNAVAILABLE


def test_what_a_lock_file_says_is_told_only_if_a_lock_wrote_it(folder: Directory, tmp_path: Path) -> None:
    path = tmp_path / "keys" / "eu-1.lock"
    path.write_bytes(b"-----BEGIN OPENSSH PRIVATE KEY-----\nQ0FOQVJZ")
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(KeyPairError) as caught, _lock(folder):
            pytest.fail("locked")
    assert "Q0FOQVJZ" not in caught.value.message
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("mode", [0o644, 0o400], ids=oct)
def test_the_mode_of_a_file_that_is_not_a_lock_stays(mode: int, folder: Directory, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.touch()
    victim.chmod(mode)
    os.link(victim, tmp_path / "keys" / "eu-1.lock")
    with contextlib.suppress(KeyPairError), _lock(folder):
        pass
    assert mode_of(victim) == mode


def test_a_lock_that_was_taken_on_a_file_that_is_no_longer_there_is_taken_anew(
    folder: Directory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys" / "eu-1.lock"
    path.touch(0o600)
    flock, calls = fcntl.flock, 0

    def exchanged(descriptor: int, operation: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            path.with_name("new").touch(0o600)
            path.with_name("new").rename(path)
        flock(descriptor, operation)

    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(fcntl, "flock", exchanged)
    with _lock(folder):
        assert path.read_text().startswith(f"pid {os.getpid()} since ")
        assert len(os.listdir("/proc/self/fd")) == before + 1
    assert calls == 2


def test_no_descriptor_of_a_lock_that_was_not_taken_stays_open(folder: Directory, tmp_path: Path) -> None:
    (tmp_path / "keys" / "no.lock").write_bytes(b"not a lock")
    with _lock(folder):
        before = len(os.listdir("/proc/self/fd"))
        for name in ("eu-1.lock", "no.lock"):
            with pytest.raises(KeyPairError, match=str(tmp_path / "keys" / name)), _lock(folder, name):
                pytest.fail("locked")
        assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a file to another user needs root")
def test_the_mode_of_another_users_lock_stays(folder: Directory, tmp_path: Path) -> None:
    path = tmp_path / "keys" / "eu-1.lock"
    path.touch()
    path.chmod(0o644)
    os.chown(path, 65534, -1)
    with _lock(folder):
        pass
    assert mode_of(path) == 0o644


def test_nothing_is_written_into_a_lock_file_that_has_another_name(folder: Directory, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.touch(0o600)
    os.link(victim, tmp_path / "keys" / "eu-1.lock")
    with _lock(folder):
        assert victim.read_bytes() == b""


def test_a_holder_that_does_not_say_who_it_is_is_another_process(folder: Directory, tmp_path: Path) -> None:
    path = tmp_path / "keys" / "eu-1.lock"
    path.touch(0o600)
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(KeyPairError, match="it is held by another process") as caught, _lock(folder):
            pytest.fail("locked")
    assert caught.value.code is ErrorCode.LOCK_TIMEOUT


@pytest.mark.parametrize("replaced", [True, False])
def test_a_holder_is_told_that_its_lock_file_was_removed_or_replaced(replaced: bool, folder: Directory, tmp_path: Path) -> None:
    path = tmp_path / "keys" / "eu-1.lock"
    with exclusive_lock(folder, "eu-1.lock", 0, ErrorCode.REGISTRY_UNWRITABLE) as held:
        assert held()
        path.unlink()
        if replaced:
            path.touch(0o600)
        assert not held()
    with exclusive_lock(folder, "eu-1.lock", 0, ErrorCode.REGISTRY_UNWRITABLE) as held:
        assert held()
