# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._files.directory import (
    Directory,
    FileTooLargeError,
    NotRegularFileError,
    make_directories,
)
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import mode_of, tree


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Directory]:
    with Directory(str(tmp_path)) as opened:
        yield opened


def _symlink(path: Path) -> None:
    victim = path.parent / "victim"
    victim.write_bytes(b"victim")
    path.symlink_to(victim)


def _hard_link(path: Path) -> None:
    victim = path.parent / "victim"
    victim.write_bytes(b"victim")
    os.link(victim, path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


OBSTACLES: dict[str, Callable[[Path], object]] = {
    "file": lambda path: path.write_bytes(b"theirs"),
    "empty file": lambda path: path.touch(),
    "directory": lambda path: path.mkdir(),
    "symlink": _symlink,
    "dangling symlink": lambda path: path.symlink_to("nowhere"),
    "hard link": _hard_link,
    "fifo": os.mkfifo,
    "socket": _socket,
}
UNREADABLE = {
    "directory": "is a directory",
    "symlink": "is a symbolic link",
    "dangling symlink": "is a symbolic link",
    "fifo": "is a FIFO",
    "socket": "is a socket",
}


@pytest.mark.parametrize("make", OBSTACLES.values(), ids=OBSTACLES.keys())
def test_creating_a_file_replaces_follows_and_opens_nothing(make: Callable[[Path], object], folder: Directory, tmp_path: Path) -> None:
    make(tmp_path / "ops.pem")
    before = tree(tmp_path)
    for _second in range(2):
        with pytest.raises(FileExistsError):
            folder.create("ops.pem", b"ours")
    assert tree(tmp_path) == before


@pytest.mark.parametrize("make", OBSTACLES.values(), ids=OBSTACLES.keys())
def test_moving_a_file_replaces_and_follows_nothing(make: Callable[[Path], object], folder: Directory, tmp_path: Path) -> None:
    folder.create("staged", b"ours")
    make(tmp_path / "ops.pem")
    before = tree(tmp_path)
    for _second in range(2):
        with pytest.raises(FileExistsError):
            folder.move("staged", "ops.pem")
    assert tree(tmp_path) == before


@pytest.mark.parametrize("kind", UNREADABLE)
def test_only_a_regular_file_is_read_and_nothing_is_waited_for(kind: str, folder: Directory, tmp_path: Path) -> None:
    OBSTACLES[kind](tmp_path / "ops.pem")
    with pytest.raises(NotRegularFileError) as caught:
        folder.read("ops.pem", 100)
    assert caught.value.strerror == UNREADABLE[kind]


def test_a_device_is_not_read() -> None:
    with Directory("/dev") as devices, pytest.raises(NotRegularFileError) as caught:
        devices.read("zero", 100)
    assert caught.value.strerror == "is a device"


def test_a_file_is_read_up_to_the_limit_and_not_beyond(folder: Directory, tmp_path: Path) -> None:
    (tmp_path / "ops").write_bytes(b"x" * 100)
    data, status = folder.read("ops", 100)
    assert (data, status.st_size) == (b"x" * 100, 100)
    with pytest.raises(FileTooLargeError) as caught:
        folder.read("ops", 99)
    assert caught.value.strerror == "is larger than 99 bytes"


def test_a_file_whose_size_is_not_told_is_not_read_beyond_the_limit() -> None:
    with Directory("/proc/self") as process, pytest.raises(FileTooLargeError):
        process.read("maps", 50)


def test_a_file_that_is_not_there_is_told_apart(folder: Directory) -> None:
    with pytest.raises(FileNotFoundError):
        folder.read("ops", 100)
    assert folder.entry("ops") is None
    folder.remove("ops")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777], ids=oct)
@pytest.mark.parametrize("mode", [0o600, 0o400, 0o664], ids=oct)
def test_a_file_has_exactly_its_mode_whatever_the_umask(umask: int, mode: int, folder: Directory, tmp_path: Path) -> None:
    old = os.umask(umask)
    try:
        folder.create("ops.pem", b"ours", mode)
    finally:
        os.umask(old)
    assert mode_of(tmp_path / "ops.pem") == mode


@pytest.mark.parametrize("umask", [0o000, 0o077], ids=oct)
def test_missing_directories_are_made_private_whatever_the_umask_and_others_stay(umask: int, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there").chmod(0o755)
    old = os.umask(umask)
    try:
        for _second in range(2):
            make_directories(str(tmp_path / "there" / "a" / "b"))
    finally:
        os.umask(old)
    assert [mode_of(tmp_path / part) for part in ("there", "there/a", "there/a/b")] == [0o755, 0o700, 0o700]


def test_a_directory_is_not_made_through_a_file_or_a_dangling_link(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("file", "link"):
        with pytest.raises(OSError):
            make_directories(str(tmp_path / name / "a"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link"]


def test_a_file_gets_its_new_name_without_losing_its_content(folder: Directory, tmp_path: Path) -> None:
    folder.create("staged", b"ours")
    inode = (tmp_path / "staged").stat().st_ino
    folder.move("staged", "ops.pem")
    assert [path.name for path in tmp_path.iterdir()] == ["ops.pem"]
    assert ((tmp_path / "ops.pem").read_bytes(), (tmp_path / "ops.pem").stat().st_ino) == (b"ours", inode)


def test_a_move_that_was_stopped_between_its_two_steps_is_completed_by_the_next(folder: Directory, tmp_path: Path) -> None:
    folder.create("staged", b"ours")
    os.link(tmp_path / "staged", tmp_path / "ops.pem")
    folder.move("staged", "ops.pem")
    assert [path.name for path in tmp_path.iterdir()] == ["ops.pem"]


def test_a_symbolic_link_is_moved_and_not_its_target(folder: Directory, tmp_path: Path) -> None:
    _symlink(tmp_path / "link")
    folder.move("link", "moved")
    assert (tmp_path / "moved").is_symlink()
    assert (tmp_path / "victim").read_bytes() == b"victim"


def test_the_probe_for_hard_links_leaves_nothing(folder: Directory, tmp_path: Path) -> None:
    folder.create("lock", b"")
    assert folder.can_link("lock", "probe")
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_a_directory_that_is_swapped_for_a_link_after_it_was_opened_is_still_the_one_written_to(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "attacker").mkdir()
    with Directory(str(tmp_path / "keys")) as opened:
        (tmp_path / "keys").rename(tmp_path / "moved")
        (tmp_path / "keys").symlink_to("attacker")
        opened.create("ops.pem", b"ours")
    assert (tmp_path / "moved" / "ops.pem").read_bytes() == b"ours"
    assert list((tmp_path / "attacker").iterdir()) == []


@pytest.mark.parametrize(("make", "number"), [("file", errno.ENOTDIR), ("fifo", errno.ENOTDIR), ("dangling symlink", errno.ENOENT)])
def test_only_a_directory_is_opened_as_one(make: str, number: int, tmp_path: Path) -> None:
    OBSTACLES[make](tmp_path / "keys")
    with pytest.raises(OSError) as caught:
        Directory(str(tmp_path / "keys"))
    assert caught.value.errno == number


def test_a_link_is_an_entry_itself_and_no_name_is_the_same_file_as_one_that_is_not_there(folder: Directory, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    entry = folder.entry("link")
    assert entry is not None
    assert stat.S_ISLNK(entry.st_mode)
    assert folder.path_of("link") == str(tmp_path / "link")
    assert not folder.same_file("link", "nowhere")
    assert not folder.same_file("nowhere", "link")


def test_of_a_file_whose_size_is_not_told_every_byte_counts() -> None:
    with Directory("/proc/sys/kernel") as kernel:
        data, status = kernel.read("ostype", 100)
        assert status.st_size == 0
        assert kernel.read("ostype", len(data))[0] == data
        with pytest.raises(FileTooLargeError):
            kernel.read("ostype", len(data) - 1)


@pytest.mark.parametrize("number", [errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP], ids=errno.errorcode.get)
def test_without_hard_links_a_file_is_moved_all_the_same_and_replaces_nothing(
    number: int, folder: Directory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", _failing(number))
    folder.create("staged", b"ours")
    assert folder.can_link("staged", "probe") is False
    folder.move("staged", "ops.pem")
    folder.create("staged", b"other")
    with pytest.raises(FileExistsError):
        folder.move("staged", "ops.pem")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"ops.pem": b"ours", "staged": b"other"}


def test_an_error_that_says_nothing_of_hard_links_is_one(folder: Directory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", _failing(errno.EIO))
    folder.create("staged", b"ours")
    for act in (lambda: folder.move("staged", "ops.pem"), lambda: folder.can_link("staged", "probe")):
        with pytest.raises(OSError) as caught:
            act()
        assert caught.value.errno == errno.EIO
    assert [path.name for path in tmp_path.iterdir()] == ["staged"]


def _failing(number: int) -> Callable[..., None]:
    def fail(*_arguments: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def test_no_descriptor_of_a_directory_stays_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with Directory(str(tmp_path)) as opened:
        assert len(os.listdir("/proc/self/fd")) == before + 1
    assert len(os.listdir("/proc/self/fd")) == before
    assert opened.fd < 0


def test_a_directory_is_closed_once(tmp_path: Path) -> None:
    opened = Directory(str(tmp_path))
    assert stat.S_ISDIR(opened.status().st_mode)
    opened.close()
    opened.close()
    with pytest.raises(OSError):
        opened.status()
