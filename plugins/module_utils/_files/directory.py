# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A directory held open, so that everything in it is reached by name alone and no path is resolved twice.

A component that turns into a symbolic link between a check and a write has no effect: the check and the write use the
same descriptor. All methods raise :class:`OSError`; callers say what it means.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from types import TracebackType

from ansible_collections.keywright.ssh.plugins.module_utils._files.real_path import real_path
from ansible_collections.keywright.ssh.plugins.module_utils._files.rename import rename_without_replacing

PRIVATE_FILE = 0o600
PRIVATE_DIRECTORY = 0o700

_NO_HARD_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class NotRegularFileError(OSError):
    """What was to be read is not a regular file; ``strerror`` says what it is."""


class FileTooLargeError(OSError):
    """What was to be read is larger than what it is read as can be."""


class Directory:
    """An open directory. ``path`` is its absolute path as the user named it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def __enter__(self) -> Directory:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the descriptor; a second call does nothing."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def path_of(self, name: str) -> str:
        """Return the absolute path of an entry, for messages and records."""
        return os.path.join(self.path, name)

    def status(self) -> os.stat_result:
        """Return the status of the directory itself."""
        return os.fstat(self.fd)

    def names(self) -> list[str]:
        """Return the names of all entries."""
        return os.listdir(self.fd)

    def numbers(self) -> dict[str, int]:
        """Return the inode number of each entry by its name."""
        with os.scandir(self.fd) as entries:
            return {entry.name: entry.inode() for entry in entries}

    def entry(self, name: str) -> os.stat_result | None:
        """Return the status of an entry without following a symbolic link, None if there is none."""
        try:
            return os.stat(name, dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def read(self, name: str, limit: int) -> tuple[bytes, os.stat_result]:
        """Return the bytes and the status of a regular file of at most ``limit`` bytes; nothing else is waited for or followed."""
        descriptor = self._open(name)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise NotRegularFileError(errno.EINVAL, f"is {kind_of(status.st_mode)}")
            if status.st_size > limit:
                raise FileTooLargeError(errno.EFBIG, f"is larger than {limit} bytes")
            return _read_all(descriptor, limit), status
        finally:
            os.close(descriptor)

    def create(self, name: str, data: bytes, mode: int = PRIVATE_FILE, group: int | None = None) -> None:
        """Write a new file and flush it to disk; what exists is an error, and a failure leaves no file."""
        descriptor = os.open(name, _CREATE, mode & PRIVATE_FILE, dir_fd=self.fd)
        try:
            try:
                _write_all(descriptor, data)
                if group is not None and os.fstat(descriptor).st_gid != group:
                    os.fchown(descriptor, -1, group)
                if stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:
                    os.fchmod(descriptor, mode)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=self.fd)
            raise

    def replace(self, source: str, target: str) -> None:
        """Give a file the name of another one, which it replaces."""
        file = self.entry(source)
        os.rename(source, target, src_dir_fd=self.fd, dst_dir_fd=self.fd)
        entry = self.entry(target)
        if file is None or entry is None or not os.path.samestat(file, entry):
            raise _untrue(target)

    def move(self, source: str, target: str) -> None:
        """Give a file another name that nothing has yet; after a crash it may have both names, which a second call mends."""
        try:
            os.link(source, target, src_dir_fd=self.fd, dst_dir_fd=self.fd, follow_symlinks=False)
        except FileExistsError:
            if not self.same_file(source, target):
                raise
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            rename_without_replacing(self.fd, source, target)
            if self.entry(source) is not None:
                raise _untrue(target) from None
            return
        if not self.same_file(source, target):  # before the other name is given up, which may be the only one
            raise _untrue(target)
        os.unlink(source, dir_fd=self.fd)

    def can_link(self, existing: str, probe: str) -> bool:
        """Tell whether the file system has hard links, by making one and removing it."""
        try:
            os.link(existing, probe, src_dir_fd=self.fd, dst_dir_fd=self.fd, follow_symlinks=False)
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            return False
        self.remove(probe)
        return True

    def same_file(self, one: str, other: str) -> bool:
        """Tell whether two names lead to one file."""
        first, second = self.entry(one), self.entry(other)
        return first is not None and second is not None and os.path.samestat(first, second)

    def remove(self, name: str) -> None:
        """Remove an entry if it is there."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self.fd)

    def sync(self) -> None:
        """Flush the names of the directory to disk."""
        os.fsync(self.fd)

    def _open(self, name: str) -> int:
        try:
            return os.open(name, _READ, dir_fd=self.fd)
        except OSError as error:
            kinds = {errno.ELOOP: "is a symbolic link", errno.ENXIO: "is a socket"}
            if error.errno in kinds:
                raise NotRegularFileError(error.errno, kinds[error.errno]) from None
            raise


def make_directories(path: str) -> None:
    """Make a directory and its missing parents, each 0700 and flushed to disk."""
    if os.path.isdir(path):
        return
    parent = os.path.dirname(path)
    make_directories(parent)
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, PRIVATE_DIRECTORY)
    with Directory(parent) as opened:
        opened.sync()


def flush_made_directories(path: str) -> None:
    """Flush the name of a directory, and of each above it, that a run may have made and was killed before it flushed it."""
    path = real_path(path)
    while _may_be_made(path, parent := os.path.dirname(path)):
        with Directory(parent) as opened:
            opened.sync()
        path = parent


def _may_be_made(path: str, parent: str) -> bool:
    """Tell whether a directory is as :func:`make_directories` makes one, in a place where this user can: no mount point."""
    status, above = os.lstat(path), os.lstat(parent)
    is_private = status.st_uid == os.geteuid() and status.st_mode & 0o777 == PRIVATE_DIRECTORY
    is_in_it = status.st_dev == above.st_dev and status.st_ino != above.st_ino
    return is_private and is_in_it and os.access(parent, os.R_OK | os.W_OK | os.X_OK)


def kind_of(mode: int) -> str:
    """Say in words what a file that is not a regular one is."""
    kinds = {
        stat.S_IFDIR: "a directory",
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFIFO: "a FIFO",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "a regular file")


def _untrue(name: str) -> OSError:
    return OSError(errno.EIO, f"the file system says that '{name}' is there now, and it is not")


def _read_all(descriptor: int, limit: int) -> bytes:
    chunks = []
    size = 0
    while chunk := os.read(descriptor, min(limit + 1 - size, 1 << 20)):
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            raise FileTooLargeError(errno.EFBIG, f"is larger than {limit} bytes")
    return b"".join(chunks)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
