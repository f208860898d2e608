# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The directories that a task looks into, each opened and listed once."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import KeysView

from ansible_collections.keywright.ssh.plugins.module_utils._files.directory import Directory
from ansible_collections.keywright.ssh.plugins.module_utils._files.real_path import real_path
from ansible_collections.keywright.ssh.plugins.module_utils._files.trust import directory_problem, is_group_writable
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.explain import explained
from ansible_collections.keywright.ssh.plugins.module_utils._rules.paths import OWN_PREFIX

LOCK_NAME = f"{OWN_PREFIX}lock"

_State = tuple[int, ...]


class Directories:
    """Open directories by path; one that is not there, or cannot be opened, is None and has no names.

    ``locked`` are directories that somebody else has opened and will close.
    """

    def __init__(self, locked: dict[str, Directory] | None = None) -> None:
        self._locked = locked or {}
        self._opened: dict[str, Directory | None] = {}
        self._listed: dict[str, tuple[_State, dict[str, int]]] = {}
        self._ignores_case: dict[str, bool] = {}
        self._problems: dict[str, OSError] = {}
        self._real: dict[str, str] = {}

    def get(self, path: str) -> Directory | None:
        """Return the directory, None if there is none that could be opened."""
        if path in self._locked:
            return self._locked[path]
        if path not in self._opened:
            try:
                self._opened[path] = Directory(path)
            except OSError as error:
                self._opened[path] = None
                self._problems[path] = error
        return self._opened[path]

    def problem(self, path: str) -> str | None:
        """Return why a directory that is there cannot be opened, None if it can or is not there."""
        self.get(path)
        error = self._problems.get(path)
        return None if error is None or isinstance(error, FileNotFoundError | NotADirectoryError) else error.strerror

    def names(self, path: str) -> KeysView[str]:
        """Return the names of the directory's entries as they were at the first look."""
        if path not in self._listed:
            with explained(ErrorCode.FILE_UNREADABLE, f"The directory '{path}' cannot be listed"):  # which is not the same as empty
                self._listed[path] = self._list(path)
        return self._listed[path][1].keys()

    def are_unchanged(self) -> bool:
        """Tell whether no name was given, taken or exchanged, since they were listed, in those of the directories that were."""
        with contextlib.suppress(OSError):
            return all(self._list(path) == listed for path, listed in self._listed.items())
        return False

    def _list(self, path: str) -> tuple[_State, dict[str, int]]:
        directory = self.get(path)
        return _state_of(path), {} if directory is None else directory.numbers()

    def has(self, path: str, name: str) -> bool:
        """Tell whether an entry has a name, or one that the file system takes for the same."""
        if name in self.names(path):
            return True
        directory = self.get(path)
        if directory is None or (name.isascii() and not self.ignores_case(path)):
            return False
        with explained(ErrorCode.FILE_UNREADABLE, f"The directory '{path}' cannot be searched"):
            return directory.entry(name) is not None

    def ignores_case(self, path: str) -> bool:
        """Tell whether the file system takes names that differ in case only for the same.

        One name decides for all; that is the lock's own wherever the lock is held. A directory without a name in letters
        does not tell.
        """
        if path not in self._ignores_case:
            self._ignores_case[path] = self._knows_in_another_case(path)
        return self._ignores_case[path]

    def _knows_in_another_case(self, path: str) -> bool:
        directory, names = self.get(path), self.names(path)
        for name in sorted(names, key=LOCK_NAME.__ne__):
            other = name.swapcase()
            if directory is not None and other not in names:
                try:
                    return directory.entry(other) is not None
                except OSError:  # it is a mount that is dead, or too long a name
                    continue
        return False

    def is_one_file(self, one: str, other: str) -> bool:
        """Tell whether two paths are one, or are taken for one by the file system."""
        folder = os.path.dirname(one)
        return one == other or (folder == os.path.dirname(other) and one.casefold() == other.casefold() and self.ignores_case(folder))

    def real(self, path: str) -> str:
        """Return the directory's path without symbolic links, so that all ways to it are one."""
        if path not in self._real:
            self._real[path] = real_path(path)
        return self._real[path]

    def warnings(self) -> list[str]:
        """Warn of opened directories that a group may write to."""
        return [
            f"The directory '{opened.path}' of private key files is writable by group {opened.status().st_gid}."
            for opened in (*self._opened.values(), *self._locked.values())
            if opened is not None and is_group_writable(opened.status())
        ]

    def close(self) -> None:
        """Close the directories that were opened here."""
        for opened in self._opened.values():
            if opened is not None:
                opened.close()


def _state_of(path: str) -> _State:
    """Return what changes with a directory's entries once its file system's clock has moved on, empty if it cannot be looked at."""
    try:
        status = os.stat(path)
    except OSError:
        return ()
    return status.st_dev, status.st_ino, status.st_mtime_ns


def check_directory(directory: Directory) -> None:
    """Refuse to keep private keys where other users could swap them."""
    problem = directory_problem(directory.status())
    if problem is not None:
        raise KeyPairError(
            ErrorCode.FILE_UNSAFE,
            f"The directory '{directory.path}' {problem}, so no private key is put there; choose another 'private_key_dir'.",
        )


def check_can_be_made(path: str) -> None:
    """Refuse a directory that is not there and could not be made or written, as far as can be told without trying."""
    existing = path
    while not os.path.lexists(existing):
        existing = os.path.dirname(existing)
    if not stat.S_ISDIR(os.stat(existing).st_mode if os.path.exists(existing) else 0):
        problem = f"'{existing}' is not a directory"
    elif not os.access(existing, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        problem = f"'{existing}' is not writable"
    else:
        return
    raise KeyPairError(ErrorCode.FILE_UNWRITABLE, f"No private key can be put into the directory '{path}': {problem}.")
