# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An exclusive lock on a stable file that is never unlinked or renamed."""

from __future__ import annotations

import contextlib
import datetime
import errno
import fcntl
import os
import queue
import re
import stat
import threading
import time
from collections.abc import Callable, Iterator

from ansible_collections.keywright.ssh.plugins.module_utils._files.directory import PRIVATE_FILE, Directory, flush_made_directories
from ansible_collections.keywright.ssh.plugins.module_utils._files.trust import is_group_writable
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.explain import explained

WAITER = "waits for a lock"

_OPEN = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_TEAM_FILE = 0o660
_HOLDER_BYTES = 128
_HOLDER = re.compile(rb"(?:pid \d+ since \S+\n)?")


@contextlib.contextmanager
def exclusive_lock(directory: Directory, name: str, timeout: float, unwritable: ErrorCode) -> Iterator[Callable[[], bool]]:
    """Hold the lock ``name`` of a directory; wait for it for at most ``timeout`` seconds.

    The block gets a function that tells whether it is still held: not if somebody removed or replaced the file, for then
    another process may hold the lock as well.

    Raises :class:`KeyPairError` with ``Registry.LockTimeout``, which names the holder, with ``Registry.LockUnavailable``
    where the file system cannot lock, or with ``unwritable`` where the lock file cannot be made. A holder that dies loses
    the lock at once. The file goes on naming one that was stopped, so that the next holder knows that names in the
    directory may not be on disk: they are flushed before anything relies on them.
    """
    descriptor = _acquire(directory, name, timeout, unwritable)
    try:
        if os.pread(descriptor, 1, 0):
            with explained(unwritable, f"The directory '{directory.path}' cannot be flushed to disk"):
                directory.sync()
        _say_who_holds(descriptor)
        yield lambda: _is_entry(descriptor, directory, name)
        _note(descriptor, b"")
    finally:
        os.close(descriptor)  # whatever happens: a task's timeout may strike here, too


def names_holder(directory: Directory, name: str) -> bool:
    """Tell whether a lock is held, or was when its holder was stopped."""
    entry = directory.entry(name)
    return entry is not None and entry.st_size > 0


def _acquire(directory: Directory, name: str, timeout: float, unwritable: ErrorCode) -> int:
    deadline = time.monotonic() + timeout
    while True:
        descriptor = _open(directory, name, unwritable)
        try:
            if not _try(descriptor, directory.path_of(name)) and not _wait(
                descriptor, directory.path_of(name), deadline - time.monotonic()
            ):
                raise _timed_out(descriptor, directory.path_of(name), timeout)
            if _is_entry(descriptor, directory, name):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_entry(descriptor: int, directory: Directory, name: str) -> bool:
    """Tell whether the file is there still: a lock on a nameless one, which somebody removed or replaced, excludes nobody."""
    entry = directory.entry(name)
    return entry is not None and os.path.samestat(os.fstat(descriptor), entry)


def _open(directory: Directory, name: str, unwritable: ErrorCode) -> int:
    mode = _TEAM_FILE if is_group_writable(directory.status()) else PRIVATE_FILE
    try:
        if directory.entry(name) is None:  # so that its name, once it is there, says that the directory's own is on disk
            flush_made_directories(directory.path)
        descriptor = os.open(name, _OPEN, mode, dir_fd=directory.fd)
    except OSError as error:
        reason = error.strerror
    else:
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) and _HOLDER.fullmatch(os.pread(descriptor, _HOLDER_BYTES, 0)):
            if status.st_uid == os.geteuid() and status.st_nlink == 1 and stat.S_IMODE(status.st_mode) != mode:
                os.fchmod(descriptor, mode)  # the umask must not lock the rest of the team out
            return descriptor
        os.close(descriptor)
        reason = "it is not a lock file, so it is left alone"
    raise KeyPairError(unwritable, f"The lock file '{directory.path_of(name)}' cannot be opened: {reason}.")


def _try(descriptor: int, path: str) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        reason = error.strerror
    else:
        return True
    raise KeyPairError(ErrorCode.LOCK_UNAVAILABLE, f"The file system of '{path}' cannot lock, so nothing was done: {reason}.")


def _wait(descriptor: int, path: str, seconds: float) -> bool:
    """Wait for the lock and tell whether it is had: a thread sleeps in the kernel, which is woken when its turn comes.

    A thread that nobody waits for any more goes on sleeping. It has a descriptor of its own, so that whatever it gets at
    last is given up again at once.
    """
    if seconds <= 0:
        return False
    answers: queue.SimpleQueue[OSError | None] = queue.SimpleQueue()
    own = os.dup(descriptor)

    def sleep() -> None:
        try:
            fcntl.flock(own, fcntl.LOCK_EX)
        except OSError as error:
            answers.put(error)
        else:
            answers.put(None)
        finally:
            os.close(own)

    threading.Thread(target=sleep, name=WAITER, daemon=True).start()
    try:
        failure = answers.get(timeout=seconds)
    except queue.Empty:
        return False
    if failure is not None:
        raise KeyPairError(ErrorCode.LOCK_UNAVAILABLE, f"The file system of '{path}' cannot lock, so nothing was done: {failure.strerror}.")
    return True


def _say_who_holds(descriptor: int) -> None:
    since = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    _note(descriptor, f"pid {os.getpid()} since {since}\n".encode())


def _note(descriptor: int, note: bytes) -> None:
    """Replace what the lock file says; not if it has another name, which may be that of a file with other content."""
    with contextlib.suppress(OSError):  # a full disk must not cost the lock, only the name of who holds it
        if os.fstat(descriptor).st_nlink == 1:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, note, 0)


def _timed_out(descriptor: int, path: str, timeout: float) -> KeyPairError:
    holder = os.pread(descriptor, _HOLDER_BYTES, 0).decode("ascii", "replace").strip()
    return KeyPairError(
        ErrorCode.LOCK_TIMEOUT,
        f"The lock '{path}' was not free within 'lock_timeout', {timeout:g} seconds; it is held by {holder or 'another process'}.",
    )
