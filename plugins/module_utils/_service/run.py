# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make a wish come true: look, stop if there is nothing to do or nothing may be done, lock, look again, apply."""

from __future__ import annotations

import os
from typing import NamedTuple

from ansible_collections.keywright.ssh.plugins.module_utils._delivery.directories import Directories
from ansible_collections.keywright.ssh.plugins.module_utils._delivery.workspace import Workspace, locked_directories
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import KeyPairError, StoreConflictError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Document
from ansible_collections.keywright.ssh.plugins.module_utils._model.wish import Wish
from ansible_collections.keywright.ssh.plugins.module_utils._planning.step import Step
from ansible_collections.keywright.ssh.plugins.module_utils._service.creation import Creation
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment
from ansible_collections.keywright.ssh.plugins.module_utils._service.keys import KeyMaker
from ansible_collections.keywright.ssh.plugins.module_utils._service.removal import Removing
from ansible_collections.keywright.ssh.plugins.module_utils._service.tries import tries
from ansible_collections.keywright.ssh.plugins.module_utils._service.view import View, look


class Outcome(NamedTuple):
    """What was done, or would be: one step per name, in the task's order.

    ``finished`` are the names of key pairs whose delivery an earlier run had left unfinished, ``document`` is the region's
    as it was before.
    """

    steps: tuple[Step, ...]
    finished: frozenset[str]
    warnings: tuple[str, ...]
    document: Document

    @property
    def changed(self) -> bool:
        """Tell whether anything that a user knows of was, or would be, changed."""
        return bool(self.finished) or any(step.changed for step in self.steps)


def fulfil(wish: Wish, environment: Environment, check_mode: bool) -> Outcome:
    """Do what the task asks for, or in check mode say what would be done.

    Raises :class:`KeyPairError`; then nothing was done, or what was done is registered and the message says what remains.
    """
    view = look(wish, environment, Directories)
    foreseen = Outcome(
        view.steps, frozenset(step.name for step in view.steps if step.seen.unfinished), _warnings(view), view.snapshot.document
    )
    if check_mode:
        return foreseen
    if not view.needs_run:
        environment.store.confirm(wish.region)
        return foreseen
    keys = KeyMaker(wish)
    keys.prepare(view.steps, environment.on_progress)
    return _Run(wish, environment, keys).under_locks(view)


class _Run:
    def __init__(self, wish: Wish, environment: Environment, keys: KeyMaker) -> None:
        self._wish = wish
        self._environment = environment
        self._keys = keys
        self._finished: set[str] = set()

    def under_locks(self, view: View) -> Outcome:
        """Lock what a look from outside says will be needed, look again, and apply what is then found to be needed."""
        folders, new_folders = view.folders(), view.new_folders()
        for _try in tries(self._wish.lock_timeout):
            with (
                self._environment.store.exclusive(self._wish.region, self._wish.lock_timeout),
                locked_directories(folders, new_folders, self._wish.lock_timeout) as workspace,
            ):
                try:
                    view = self._settled_look(workspace)
                    if view.folders() <= folders:
                        return self._apply(view, workspace)
                    folders, new_folders = folders | view.folders(), new_folders | view.new_folders()
                except StoreConflictError:
                    continue
                except KeyPairError:
                    if workspace.is_locked():
                        raise
        raise StoreConflictError(self._wish.region)

    def _look(self, workspace: Workspace) -> View:
        return look(self._wish, self._environment, workspace.directories)

    def _settled_look(self, workspace: Workspace) -> View:
        view = self._look(workspace)
        if view.litter:  # what no registration names may be named by a write that is still on its way
            self._environment.store.settle(self._wish.region)
            view = self._look(workspace)
        return view

    def _apply(self, view: View, workspace: Workspace) -> Outcome:
        for file in view.litter:
            workspace.unstage(*os.path.split(file))
        workspace.sync(map(os.path.dirname, view.litter))  # before the note is dropped that tells where to look for it
        creation = Creation(self._wish, self._environment, workspace, self._keys)
        unfinished = [step.before for step in view.steps if step.seen.unfinished and step.before is not None]
        for key_pair in unfinished:
            creation.finish(key_pair)
            self._finished.add(key_pair.name)
        if unfinished:
            workspace.sync(os.path.dirname(file) for key_pair in unfinished for file in key_pair.private_key_files())
            view = self._look(workspace)
        steps = view.steps
        if view.notes or any(step.writes_registry for step in steps):
            applier = creation if self._wish.present else Removing(self._wish, self._environment, workspace)
            steps = applier.apply(view)
        return Outcome(steps, frozenset(self._finished), _warnings(view), view.snapshot.document)


def _warnings(view: View) -> tuple[str, ...]:
    return view.warnings + tuple(warning for step in view.steps for warning in step.warnings)
