# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Apply a plan that makes key pairs absent: take the private key file away, commit, unlink.

The delivery backwards. A crash before the commit leaves a registered key pair whose private key is staged, and the next
run puts it back; a crash after it leaves a staged file that no registration names, in a directory that the document
notes, and the next run of that name removes it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from ansible_collections.keywright.ssh.plugins.module_utils._delivery.staged import staged_name, tag_of
from ansible_collections.keywright.ssh.plugins.module_utils._delivery.workspace import Workspace
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import KeyPairError, StoreConflictError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import KeyPair, Removal
from ansible_collections.keywright.ssh.plugins.module_utils._model.wish import Wish
from ansible_collections.keywright.ssh.plugins.module_utils._planning.step import Step
from ansible_collections.keywright.ssh.plugins.module_utils._service.commit import commit, registered
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment
from ansible_collections.keywright.ssh.plugins.module_utils._service.view import View


class Removing:
    """The run of one plan, under its locks."""

    def __init__(self, wish: Wish, environment: Environment, workspace: Workspace) -> None:
        self._wish = wish
        self._environment = environment
        self._workspace = workspace

    def apply(self, view: View) -> tuple[Step, ...]:
        """Take the steps and return them."""
        going = [step.before for step in view.steps if step.removes_file and step.before is not None]
        removals = {key_pair.name: Removal(os.path.dirname(_file(key_pair)), key_pair.fingerprint) for key_pair in going}
        taken: list[KeyPair] = []
        with self._put_back_unless_removed(taken):
            for key_pair in going:
                taken.append(key_pair)
                self._workspace.take_away(_file(key_pair), self._staged_name(key_pair), key_pair.fingerprint, self._wish.passphrase)
            self._sync(going)
            snapshot = commit(self._environment.store, view.snapshot, view.steps, removals)
        for key_pair in going:
            self._workspace.unstage(os.path.dirname(_file(key_pair)), self._staged_name(key_pair))
        self._sync(going)
        if going:
            with contextlib.suppress(StoreConflictError):  # then the note stays, and the next run of the name drops it
                commit(self._environment.store, snapshot, view.steps, {})
        return view.steps

    @contextlib.contextmanager
    def _put_back_unless_removed(self, taken: list[KeyPair]) -> Iterator[None]:
        """If anything fails, put the files of key pairs back that are still registered; if that cannot be told, the next run does.

        A key pair that somebody else has removed meanwhile is gone as it was asked for, and its file goes with it.
        """
        try:
            yield
        except BaseException as error:
            names = registered(self._environment.store, self._wish.region, error)
            for key_pair in taken:
                with contextlib.suppress(KeyPairError):
                    if names is None:
                        break
                    if key_pair.name in names:
                        self._workspace.put_back(self._staged_name(key_pair), _file(key_pair))
                    elif isinstance(error, StoreConflictError):
                        self._workspace.unstage(os.path.dirname(_file(key_pair)), self._staged_name(key_pair))
            raise

    def _sync(self, key_pairs: list[KeyPair]) -> None:
        self._workspace.sync(os.path.dirname(_file(key_pair)) for key_pair in key_pairs)

    def _staged_name(self, key_pair: KeyPair) -> str:
        return staged_name(tag_of(self._environment.store.identity, key_pair.region, key_pair.name), key_pair.fingerprint)


def _file(key_pair: KeyPair) -> str:
    if key_pair.delivery is None:
        raise ValueError("a key pair without delivery has no private key file to remove")
    return key_pair.delivery.file
