# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file that cannot be written whole leaves nothing: real limits, and a file system that is really full."""

from __future__ import annotations

import errno
import os
import resource
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._files import directory
from ansible_collections.keywright.ssh.plugins.module_utils._files.directory import Directory
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.faults import fork

PAGE = 4096


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return the root of a file system with room for 8 pages, where the test may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32k", "none", str(disk)], check=False, capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("mounting a file system needs root")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_leaves_no_part_of_a_file(small_disk: Path) -> None:
    with Directory(str(small_disk)) as folder:
        for pages in range(7, 10):
            (small_disk / "filler").write_bytes(b"x" * PAGE * (pages - 2))
            with pytest.raises(OSError) as caught:
                folder.create("ops.pem", b"k" * 4 * PAGE)
            assert caught.value.errno == errno.ENOSPC
            assert [path.name for path in small_disk.iterdir()] == ["filler"]
        (small_disk / "filler").unlink()
        folder.create("ops.pem", b"k" * 4 * PAGE)
    assert (small_disk / "ops.pem").stat().st_size == 4 * PAGE


def _in_child(operation: Callable[[], str]) -> str:
    """Return what the operation returns in a process of its own, whose limits end with it."""
    reading, writing = os.pipe()
    child = fork()
    if child == 0:
        try:
            os.write(writing, operation().encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return answer


@pytest.mark.parametrize("limit", [0, 1, 99])
def test_a_file_that_may_not_become_large_enough_is_not_left_short(limit: int, tmp_path: Path) -> None:
    def create() -> str:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        with Directory(str(tmp_path)) as folder:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            try:
                folder.create("ops.pem", b"k" * 100)
            except OSError as error:
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                return errno.errorcode[error.errno or 0]
            return "created"

    assert _in_child(create) == "EFBIG"
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_written_a_byte_at_a_time_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: whole(descriptor, bytes(data[:1])))
    with Directory(str(tmp_path)) as folder:
        folder.create("ops.pem", bytes(range(256)))
    assert (tmp_path / "ops.pem").read_bytes() == bytes(range(256))


@pytest.mark.parametrize("mode", [0o600, 0o664], ids=oct)
def test_nobody_else_can_open_a_file_before_it_is_complete(mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, seen = os.write, []

    def write(descriptor: int, data: bytes) -> int:
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return whole(descriptor, bytes(data[:10]))

    monkeypatch.setattr(os, "write", write)
    old = os.umask(0)
    try:
        with Directory(str(tmp_path)) as folder:
            folder.create("ops.pem", b"k" * 30, mode)
    finally:
        os.umask(old)
    assert seen == [0o600] * 3


@pytest.mark.parametrize("error", [OSError(errno.EIO, "x"), KeyboardInterrupt(), MemoryError()], ids=lambda error: type(error).__name__)
def test_a_file_that_cannot_be_flushed_is_removed_and_not_flushed_again(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []

    def fail(descriptor: int) -> None:
        flushed.append(descriptor)
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    with Directory(str(tmp_path)) as folder, pytest.raises(type(error)):
        folder.create("ops.pem", b"ours")
    assert (list(tmp_path.iterdir()), len(flushed)) == ([], 1)


def test_no_descriptor_stays_open_after_failures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fifo").mkdir()
    with Directory(str(tmp_path)) as folder:
        before = len(os.listdir("/proc/self/fd"))
        monkeypatch.setattr(os, "fsync", lambda descriptor: os.close(-1))  # which is always an error
        for _again in range(20):
            with pytest.raises(OSError):
                folder.create("ops.pem", b"ours")
            with pytest.raises(OSError):
                folder.read("fifo", 10)
        assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("liar", ["link", "rename", "renameat2"])
def test_a_new_name_that_is_not_there_although_the_system_says_so_is_an_error_and_costs_no_file(
    liar: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.EPERM, "no hard links")

    def lie(*_arguments: object, **_options: object) -> None:
        pass

    if liar == "renameat2":
        monkeypatch.setattr(os, "link", refuse)
        monkeypatch.setattr(directory, "rename_without_replacing", lie)
    else:
        monkeypatch.setattr(os, liar, lie)
    with Directory(str(tmp_path)) as folder:
        folder.create("staged", b"ours")
        act = folder.replace if liar == "rename" else folder.move
        for _second in range(2):
            with pytest.raises(OSError, match=r"'ops\.pem' is there now, and it is not") as caught:
                act("staged", "ops.pem")
            assert caught.value.errno == errno.EIO
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"staged": b"ours"}


@pytest.mark.parametrize("liar", ["link", "rename"])
def test_another_file_under_the_new_name_is_not_taken_for_the_one_that_was_moved(
    liar: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Directory(str(tmp_path)) as folder:
        folder.create("staged", b"ours")
        monkeypatch.setattr(os, liar, lambda *_arguments, **_options: (tmp_path / "ops.pem").write_bytes(b"theirs"))
        act = folder.replace if liar == "rename" else folder.move
        for source in ("staged", "nowhere"):
            with pytest.raises(OSError, match="and it is not"):
                act(source, "ops.pem")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"staged": b"ours", "ops.pem": b"theirs"}
