# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The locked directories in which private keys are staged, published, moved aside and taken away."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterable, Iterator

from ansible_collections.keywright.ssh.plugins.module_utils._delivery.directories import LOCK_NAME, Directories, check_directory
from ansible_collections.keywright.ssh.plugins.module_utils._delivery.inspection import compare
from ansible_collections.keywright.ssh.plugins.module_utils._files.directory import Directory, make_directories
from ansible_collections.keywright.ssh.plugins.module_utils._files.lock import exclusive_lock
from ansible_collections.keywright.ssh.plugins.module_utils._files.real_path import real_path
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.explain import explained
from ansible_collections.keywright.ssh.plugins.module_utils._model.seen import PRESENT
from ansible_collections.keywright.ssh.plugins.module_utils._rules.paths import OWN_PREFIX

PROBE_NAME = f"{OWN_PREFIX}probe"
MOVED_PROBE_NAME = f"{OWN_PREFIX}probe.moved"


class Workspace:
    """Directories whose locks are held, by the path that the user knows them by."""

    def __init__(self, directories: dict[str, Directory], locks: Iterable[Callable[[], bool]] = ()) -> None:
        self._directories = directories
        self._locks = tuple(locks)

    def is_locked(self) -> bool:
        """Tell whether the locks are held still; somebody may have removed their files."""
        return all(held() for held in self._locks)

    def directories(self) -> Directories:
        """Return the locked directories for a new look into them."""
        return Directories(dict(self._directories))

    def is_free(self, file: str) -> bool:
        """Tell whether nothing has the name of a file yet; a directory that is not locked has no files."""
        folder, name = os.path.split(file)
        return folder not in self._directories or self._directories[folder].entry(name) is None

    def _directory(self, folder: str) -> Directory:
        if folder not in self._directories:
            raise KeyPairError(ErrorCode.FILE_UNWRITABLE, f"The directory '{folder}' of private key files is gone; run the task again.")
        return self._directories[folder]

    def check_can_publish(self, folder: str) -> None:
        """Refuse, before a key is made, a file system on which a file cannot get a name without replacing another one."""
        directory = self._directory(folder)
        with explained(ErrorCode.FILE_UNWRITABLE, f"The directory '{folder}' cannot take private key files safely"):
            directory.remove(PROBE_NAME)
            directory.remove(MOVED_PROBE_NAME)
            if directory.can_link(LOCK_NAME, PROBE_NAME):
                return
            directory.create(PROBE_NAME, b"")
            try:
                directory.move(PROBE_NAME, MOVED_PROBE_NAME)
            finally:
                directory.remove(PROBE_NAME)
                directory.remove(MOVED_PROBE_NAME)

    def stage(self, folder: str, staged: str, private_key: bytes) -> None:
        """Write a private key to a new file, 0600 from birth, that nothing refers to yet."""
        with explained(ErrorCode.FILE_UNWRITABLE, f"A private key cannot be staged in the directory '{folder}'"):
            self._directory(folder).create(staged, private_key)

    def unstage(self, folder: str, staged: str) -> None:
        """Remove a staged file if it is there."""
        with explained(ErrorCode.FILE_UNWRITABLE, f"The staged private key '{os.path.join(folder, staged)}' cannot be removed"):
            self._directory(folder).remove(staged)

    def publish(self, staged: str, file: str, fingerprint: str, passphrase: str | None) -> None:
        """Give a staged file its final name, which nothing may have; the file is registered, so a failure leaves it staged.

        A file of that name that holds the very same key, put there by hand, is as good.
        """
        folder, name = os.path.split(file)
        directory = self._directory(folder)
        with explained(
            ErrorCode.FILE_UNWRITABLE, f"The private key '{file}' is registered and staged, but cannot be delivered; run the task again"
        ):
            try:
                directory.move(staged, name)
            except FileExistsError:
                taken = compare(directory, name, fingerprint, passphrase).status != PRESENT
                if not taken:
                    directory.remove(staged)
            else:
                taken = False
        if taken:
            raise KeyPairError(
                ErrorCode.FILE_EXISTS,
                f"The file '{file}' was put there while its key pair was being registered; the private key is staged beside it. Move that "
                "file away and run the task again: it delivers the private key then.",
            )

    def set_aside(self, file: str, kept_as: str, fingerprint: str, passphrase: str | None) -> None:
        """Move the file of a replaced key aside; a file that does not hold that key is left alone."""
        folder, name = os.path.split(file)
        directory = self._directories.get(folder)
        if directory is None or compare(directory, name, fingerprint, passphrase).status != PRESENT:
            return
        with explained(ErrorCode.FILE_UNWRITABLE, f"The replaced private key file '{file}' cannot be moved to '{kept_as}'"):
            directory.move(name, os.path.basename(kept_as))

    def take_away(self, file: str, staged: str, fingerprint: str, passphrase: str | None) -> None:
        """Give a delivered private key file its staged name again; only if it is still that key."""
        folder, name = os.path.split(file)
        directory = self._directory(folder)
        with explained(ErrorCode.FILE_UNWRITABLE, f"The private key file '{file}' cannot be removed"):
            before = directory.entry(name)
            same = compare(directory, name, fingerprint, passphrase).status == PRESENT
            if same:
                directory.move(name, staged)
                after = directory.entry(staged)
                same = before is not None and after is not None and os.path.samestat(before, after)
                if not same:
                    directory.move(staged, name)
        if not same:
            raise KeyPairError(ErrorCode.FILE_EXISTS, f"The file '{file}' was exchanged while it was to be removed; nothing was removed.")

    def put_back(self, staged: str, file: str) -> None:
        """Undo :meth:`take_away`."""
        folder, name = os.path.split(file)
        with explained(ErrorCode.FILE_UNWRITABLE, f"The private key file '{file}' cannot be put back; run the task again"):
            self._directory(folder).move(staged, name)

    def sync(self, folders: Iterable[str]) -> None:
        """Flush the names in directories to disk; one that is gone has none."""
        for folder in sorted(set(folders) & self._directories.keys()):
            with explained(ErrorCode.FILE_UNWRITABLE, f"The directory '{folder}' cannot be flushed to disk"):
                self._directory(folder).sync()


@contextlib.contextmanager
def locked_directories(needed: Iterable[str], made: Iterable[str], timeout: float) -> Iterator[Workspace]:
    """Hold the locks of directories, in the order of their real paths; those in ``made`` are made, 0700, if missing.

    Raises :class:`KeyPairError` with ``PrivateKeyFile.Unwritable``, ``.UnsafeDirectory`` or a code of locks.
    """
    with contextlib.ExitStack() as stack:
        for path in sorted(made):
            with explained(ErrorCode.FILE_UNWRITABLE, f"The directory '{path}' cannot be made"):
                make_directories(path)
        opened: dict[str, Directory] = {}
        locked: dict[tuple[int, int], Callable[[], bool]] = {}
        for path in sorted(needed, key=real_path):
            directory = _opened(path)
            if directory is None:
                continue
            stack.callback(directory.close)
            check_directory(directory)
            identity = (directory.status().st_dev, directory.status().st_ino)
            if identity not in locked:
                locked[identity] = stack.enter_context(exclusive_lock(directory, LOCK_NAME, timeout, ErrorCode.FILE_UNWRITABLE))
            opened[path] = directory
        yield Workspace(opened, locked.values())


def _opened(path: str) -> Directory | None:
    try:
        return Directory(path)
    except OSError as error:
        number, reason = error.errno, error.strerror
    if number in (errno.ENOENT, errno.ENOTDIR):
        return None
    raise KeyPairError(ErrorCode.FILE_UNWRITABLE, f"The directory '{path}' of private key files cannot be opened: {reason}.")
