# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The embedded registry: a directory with one JSON document per region.

A document is old or new and never between: it is written to a temporary file beside it, flushed, renamed over it, and
the directory is flushed. Writers hold the region's lock; readers need none.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator

from ansible_collections.keywright.ssh.plugins.module_utils._files.directory import (
    PRIVATE_FILE,
    Directory,
    FileTooLargeError,
    NotRegularFileError,
    make_directories,
)
from ansible_collections.keywright.ssh.plugins.module_utils._files.lock import exclusive_lock, names_holder
from ansible_collections.keywright.ssh.plugins.module_utils._files.real_path import real_path
from ansible_collections.keywright.ssh.plugins.module_utils._files.trust import directory_problem, is_group_writable, trusted_owner
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError, StoreConflictError
from ansible_collections.keywright.ssh.plugins.module_utils._model.explain import explained
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Document
from ansible_collections.keywright.ssh.plugins.module_utils._registry import recent
from ansible_collections.keywright.ssh.plugins.module_utils._registry.layout import MAX_BYTES
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Snapshot
from ansible_collections.keywright.ssh.plugins.module_utils._rules.names import is_region

_Found = tuple[bytes, os.stat_result]


class FileStore:
    """The registry in the directory ``path``, an absolute path; it is made, 0700, when something is first written."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._opened: Directory | None = None
        self._locked: dict[str, Callable[[], bool]] = {}

    @property
    def identity(self) -> str:
        """The directory without symbolic links, so that all ways to it are one registry."""
        return f"file:{real_path(self.path)}"

    def missing(self) -> str | None:
        """Name the directory if it is not there."""
        return f"The registry '{self.path}' does not exist, so nothing is registered in it." if self._directory() is None else None

    def warnings(self) -> list[str]:
        """Warn of a registry that a group may write to."""
        directory = self._directory()
        if directory is None or not is_group_writable(directory.status()):
            return []
        return [f"The registry '{self.path}' is writable by group {directory.status().st_gid}: its members can change what is registered."]

    def regions(self) -> list[str]:
        """Return the regions whose documents are in the directory; there are none if it does not exist."""
        directory = self._directory()
        if directory is None:
            return []
        with explained(ErrorCode.REGISTRY_UNREADABLE, f"The registry '{self.path}' cannot be listed"):
            stems = [name.removesuffix(".json") for name in directory.names() if name.endswith(".json")]
        return sorted(filter(is_region, stems))

    @contextlib.contextmanager
    def exclusive(self, region: str, timeout: float) -> Iterator[None]:
        """Hold the region's lock; the registry is made if it is not there."""
        with exclusive_lock(self._made(), f"{region}.lock", timeout, ErrorCode.REGISTRY_UNWRITABLE) as held:
            self._locked[region] = held
            try:
                yield
            finally:
                del self._locked[region]

    @contextlib.contextmanager
    def exclusive_account(self, account: str, timeout: float) -> Iterator[None]:
        """Hold the account's lock; no region has a name like that of its file."""
        name = f".account-{hashlib.sha256(account.encode()).hexdigest()[:16]}.lock"
        with exclusive_lock(self._made(), name, timeout, ErrorCode.REGISTRY_UNWRITABLE):
            yield

    def read(self, region: str) -> Snapshot:
        """Return the region's document as it is on disk, all of it or an error."""
        found = self._find(region)
        if found is None:
            return Snapshot(Document(region, "", 0), None)
        data, _status = found
        return Snapshot(recent.loaded(data, region, f"'{self._path(region)}'"), _version(data))

    def settle(self, region: str) -> Snapshot:
        """Return the region's document: nobody else writes while the lock is held, and a file's write does not come later."""
        return self.read(region)

    def confirm(self, region: str) -> None:
        """Flush the document's name if the lock file names who wrote it: who was stopped may not have done so; no lock is taken."""
        directory = self._directory()
        if directory is not None:
            with explained(ErrorCode.REGISTRY_UNWRITABLE, f"The registry '{self.path}' cannot be flushed to disk"):
                if names_holder(directory, f"{region}.lock"):
                    _flush_unless_read_only(directory)

    def write(self, region: str, document: Document, expected: str | None) -> str:
        """Replace the document and return its new version; its mode and group stay, a new one is 0600."""
        if region not in self._locked:
            raise RuntimeError(f"region {region} is written without its lock")
        found = self._find(region)
        if (None if found is None else _version(found[0])) != expected:
            raise StoreConflictError(region)
        directory = self._directory()
        if directory is None:
            raise StoreConflictError(region)
        with explained(ErrorCode.REGISTRY_UNWRITABLE, f"The document '{self._path(region)}' cannot be written"):
            data = recent.encoded(document)
            try:
                self._replace(directory, region, data, None if found is None else found[1])
            except (FileNotFoundError, FileExistsError):
                self._check_locked(region)
                raise
        return _version(data)

    def check_room(self, region: str, document: Document, more: int) -> None:
        """Refuse nothing: a file takes what a document may hold."""

    def close(self) -> None:
        """Close the directory."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _made(self) -> Directory:
        """Return the directory, which is made if it is not there."""
        with explained(ErrorCode.REGISTRY_UNWRITABLE, f"The registry '{self.path}' cannot be made"):
            make_directories(self.path)
        directory = self._directory()
        if directory is None:
            raise KeyPairError(ErrorCode.REGISTRY_UNWRITABLE, f"The registry '{self.path}' was removed while it was being used.")
        return directory

    def _replace(self, directory: Directory, region: str, data: bytes, old: os.stat_result | None) -> None:
        temporary = f".{region}.json.new"
        mode, group = (PRIVATE_FILE, None) if old is None else (stat.S_IMODE(old.st_mode), old.st_gid)
        self._check_locked(region)
        directory.remove(temporary)  # a crash may have left it, and nobody else writes while the lock is held
        directory.create(temporary, data, mode, group)
        self._check_locked(region)  # if it is lost, that name is the next holder's
        try:
            directory.replace(temporary, f"{region}.json")
        except BaseException:
            with contextlib.suppress(OSError):
                directory.remove(temporary)
            raise
        directory.sync()

    def _check_locked(self, region: str) -> None:
        """Raise what a run that was not alone is told: somebody removed the lock's file, so that another one may write."""
        if not self._locked[region]():
            raise StoreConflictError(region)

    def _find(self, region: str) -> _Found | None:
        directory = self._directory()
        if directory is None:
            return None
        try:
            found = directory.read(f"{region}.json", MAX_BYTES)
        except FileNotFoundError:
            return None
        except NotRegularFileError as error:
            failure = KeyPairError(
                ErrorCode.REGISTRY_UNSAFE, f"The document '{self._path(region)}' {error.strerror}; put the file itself there."
            )
        except FileTooLargeError as error:
            failure = KeyPairError(ErrorCode.REGISTRY_CORRUPT, f"The document '{self._path(region)}' {error.strerror}; restore it.")
        except OSError as error:
            failure = KeyPairError(ErrorCode.REGISTRY_UNREADABLE, f"The document '{self._path(region)}' cannot be read: {error.strerror}.")
        else:
            self._check(region, found[1], directory)
            return found
        raise failure

    def _check(self, region: str, status: os.stat_result, directory: Directory) -> None:
        shared = is_group_writable(directory.status())  # a team's: each of its members may own a document
        if status.st_mode & stat.S_IWOTH:
            problem = f"is writable by everyone (mode {stat.S_IMODE(status.st_mode):04o}); take that away with chmod"
        elif not trusted_owner(status) and not shared:
            problem = f"is owned by user {status.st_uid}, who is neither root nor the user who runs this; change that with chown"
        else:
            return
        raise KeyPairError(ErrorCode.REGISTRY_UNSAFE, f"The document '{self._path(region)}' {problem}. Nothing was changed.")

    def _directory(self) -> Directory | None:
        if self._opened is None:
            try:
                opened = Directory(self.path)
            except FileNotFoundError:
                return None
            except OSError as error:
                reason = error.strerror
            else:
                self._opened = opened
                self._check_directory(opened)
                return opened
            raise KeyPairError(ErrorCode.REGISTRY_UNREADABLE, f"The registry '{self.path}' cannot be opened: {reason}.")
        return self._opened

    def _check_directory(self, directory: Directory) -> None:
        problem = directory_problem(directory.status())
        if problem is not None:
            self._opened = None
            directory.close()
            raise KeyPairError(ErrorCode.REGISTRY_UNSAFE, f"The registry '{self.path}' {problem}; change that before it is used.")

    def _path(self, region: str) -> str:
        return os.path.join(self.path, f"{region}.json")


def _flush_unless_read_only(directory: Directory) -> None:
    try:
        directory.sync()
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EINVAL):  # an image has nothing to flush, and may not know how to
            raise


def _version(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
