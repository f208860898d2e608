# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at private key files without touching them, and say how each compares with its registration."""

from __future__ import annotations

import os
import stat

from ansible_collections.keywright.ssh.plugins.module_utils._delivery.controller import same_controller
from ansible_collections.keywright.ssh.plugins.module_utils._delivery.directories import Directories
from ansible_collections.keywright.ssh.plugins.module_utils._delivery.staged import is_staged, staged_fingerprint, staged_name, tag_of
from ansible_collections.keywright.ssh.plugins.module_utils._files.directory import (
    PRIVATE_FILE,
    Directory,
    FileTooLargeError,
    NotRegularFileError,
)
from ansible_collections.keywright.ssh.plugins.module_utils._keys.identify import identify_private_key
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import KeyPair
from ansible_collections.keywright.ssh.plugins.module_utils._model.seen import (
    ELSEWHERE,
    MISMATCHED,
    MISSING,
    NOT_MANAGED,
    PENDING,
    PRESENT,
    UNVERIFIED,
    Seen,
)

MAX_PRIVATE_KEY_BYTES = 64 * 1024


class Inspector:
    """Looks at private key files for one registry, on one controller."""

    def __init__(self, registry: str, controller: str, directories: Directories) -> None:
        self.directories = directories
        self._registry = registry
        self._controller = controller
        self._staged: dict[str, frozenset[str]] = {}

    def look(self, key_pair: KeyPair, passphrase: str | None) -> Seen:
        """Return what is seen of the private key file of a registered key pair."""
        delivery = key_pair.delivery
        if delivery is None:
            return Seen(NOT_MANAGED, unfinished=self._replaced_file_left(key_pair, passphrase))
        folder, name = os.path.split(delivery.file)
        staged = self._staged_name(key_pair, folder)
        if staged is not None:
            return Seen(PENDING, self._obstacle(key_pair, delivery.file, staged, passphrase), unfinished=True)
        seen = self._compare(folder, name, key_pair.fingerprint, passphrase)
        if self._replaced_file_left(key_pair, passphrase):
            return seen._replace(unfinished=True)
        if seen.status != PRESENT and not same_controller(delivery.controller, self._controller):
            return Seen(ELSEWHERE)
        return seen

    def litter(self, region: str, name: str, key_pair: KeyPair | None, folder: str) -> list[str]:
        """Return the staged files of a key pair in a directory that are not of its registered key."""
        staged = self._staged_in(folder)
        if not staged:
            return []
        tag = tag_of(self._registry, region, name)
        registered = None if key_pair is None or key_pair.delivery is None else key_pair.fingerprint
        return sorted(file for file in staged if staged_fingerprint(tag, file) not in (None, registered))

    def _staged_name(self, key_pair: KeyPair, folder: str) -> str | None:
        """Return the name under which the key pair's private key is staged in a directory, None if it is not."""
        staged = self._staged_in(folder)
        if not staged:
            return None
        name = staged_name(tag_of(self._registry, key_pair.region, key_pair.name), key_pair.fingerprint)
        return name if name in staged else None

    def _obstacle(self, key_pair: KeyPair, file: str, staged: str, passphrase: str | None) -> str | None:
        """Say what keeps a staged private key from its place: a file that is neither its own nor the replaced key's."""
        folder, name = os.path.split(file)
        directory = self.directories.get(folder)
        if directory is None or directory.entry(name) is None or directory.same_file(name, staged):
            return None
        replaced = key_pair.replaced
        expected = {key_pair.fingerprint} | ({replaced.fingerprint} if replaced is not None and replaced.file == file else set())
        if any(compare(directory, name, fingerprint, passphrase).status == PRESENT for fingerprint in expected):
            return None
        return "cannot be delivered, because another file has its name"

    def _staged_in(self, folder: str) -> frozenset[str]:
        if folder not in self._staged:
            self._staged[folder] = frozenset(filter(is_staged, self.directories.names(folder)))
        return self._staged[folder]

    def _compare(self, folder: str, name: str, fingerprint: str, passphrase: str | None) -> Seen:
        directory = self.directories.get(folder)
        if directory is None:
            problem = self.directories.problem(folder)
            return Seen(MISSING, "is missing") if problem is None else Seen(UNVERIFIED, f"cannot be read: {problem}", unreadable=True)
        return compare(directory, name, fingerprint, passphrase)

    def _replaced_file_left(self, key_pair: KeyPair, passphrase: str | None) -> bool:
        """Tell whether a run that replaced a key pair was stopped before it moved the old file, which is elsewhere, aside."""
        own = None if key_pair.delivery is None else key_pair.delivery.file
        if key_pair.replaced is None or key_pair.replaced.file in (None, own) or key_pair.replaced.kept_as is None:
            return False
        folder, name = os.path.split(key_pair.replaced.file or "")
        directory = self.directories.get(folder)
        if directory is None or not self.directories.has(folder, name):
            return False
        kept = os.path.basename(key_pair.replaced.kept_as)
        free = directory.entry(kept) is None or directory.same_file(name, kept)
        return free and compare(directory, name, key_pair.replaced.fingerprint, passphrase).status == PRESENT


def compare(directory: Directory, name: str, fingerprint: str, passphrase: str | None) -> Seen:
    """Return how a file compares with the key that it is to hold: PRESENT, MISSING, MISMATCHED or UNVERIFIED."""
    try:
        data, status = directory.read(name, MAX_PRIVATE_KEY_BYTES)
    except FileNotFoundError:
        return Seen(MISSING, "is missing")
    except (NotRegularFileError, FileTooLargeError) as error:
        return Seen(MISMATCHED, error.strerror)
    except OSError as error:
        return Seen(UNVERIFIED, f"cannot be read: {error.strerror}", unreadable=True)
    identity = identify_private_key(data, passphrase)
    if identity.fingerprint == fingerprint:
        return Seen(PRESENT, mode_problem(status))
    if identity.fingerprint is not None:
        return Seen(MISMATCHED, f"is another key: {identity.fingerprint}")
    return Seen(UNVERIFIED if identity.encrypted else MISMATCHED, identity.problem)


def mode_problem(status: os.stat_result) -> str | None:
    """Return what is wrong with the mode of a private key file as a phrase that completes "it …", or None."""
    mode = stat.S_IMODE(status.st_mode)
    return f"has mode {mode:04o}, expected {PRIVATE_FILE:04o}" if mode & ~PRIVATE_FILE else None
