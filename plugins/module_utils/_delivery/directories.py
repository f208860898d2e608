# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The directories that a task looks into, each opened and listed once."""

from __future__ import annotations

import os
import stat

from ansible_collections.keywright.ssh.plugins.module_utils._files.directory import Directory
from ansible_collections.keywright.ssh.plugins.module_utils._files.real_path import real_path
from ansible_collections.keywright.ssh.plugins.module_utils._files.trust import directory_problem, is_group_writable
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.explain import explained


class Directories:
    """Open directories by path; one that is not there, or cannot be opened, is None and has no names.

    ``locked`` are directories that somebody else has opened and will close.
    """

    def __init__(self, locked: dict[str, Directory] | None = None) -> None:
        self._locked = locked or {}
        self._opened: dict[str, Directory | None] = {}
        self._names: dict[str, frozenset[str]] = {}
        self._folded: dict[str, frozenset[str]] = {}
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

    def names(self, path: str) -> frozenset[str]:
        """Return the names of the directory's entries as they were at the first look."""
        if path not in self._names:
            directory = self.get(path)
            with explained(ErrorCode.FILE_UNREADABLE, f"The directory '{path}' cannot be listed"):  # which is not the same as empty
                self._names[path] = frozenset(directory.names() if directory is not None else ())
        return self._names[path]

    def has(self, path: str, name: str) -> bool:
        """Tell whether an entry has a name, or one that the file system takes for the same, since it ignores case."""
        if name in self.names(path):
            return True
        if path not in self._folded:
            self._folded[path] = frozenset(map(str.casefold, self.names(path)))
        directory = self.get(path)
        return name.casefold() in self._folded[path] and directory is not None and directory.entry(name) is not None

    def ignores_case(self, path: str) -> bool:
        """Tell whether the file system takes names that differ in case only for the same; an empty directory does not tell."""
        directory = self.get(path)
        return directory is not None and any(
            directory.same_file(name, name.swapcase()) for name in self.names(path) if name.swapcase() not in self.names(path)
        )

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
