# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Apply a plan that makes key pairs present: stage, commit, move aside, publish.

The order is what makes a crash harmless. Before the commit there are only staged files that no registration names, and
the next run removes them. After it, the staged file is the private key of a registered key pair, and the next run
delivers it. The staged name is given up last, so as long as it is there the next run knows that there is work left.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from datetime import timedelta

from ansible_collections.keywright.ssh.plugins.module_utils._delivery.staged import staged_name, tag_of
from ansible_collections.keywright.ssh.plugins.module_utils._delivery.workspace import Workspace
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Delivery, KeyPair, Replacement
from ansible_collections.keywright.ssh.plugins.module_utils._model.wish import Wish
from ansible_collections.keywright.ssh.plugins.module_utils._planning.step import ADOPT, CREATE, IMPORT, Step, files_of
from ansible_collections.keywright.ssh.plugins.module_utils._service.commit import commit, registered
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment
from ansible_collections.keywright.ssh.plugins.module_utils._service.keys import KeyMaker
from ansible_collections.keywright.ssh.plugins.module_utils._service.view import View


class Creation:
    """The run of one plan, under its locks."""

    def __init__(self, wish: Wish, environment: Environment, workspace: Workspace, keys: KeyMaker) -> None:
        self._wish = wish
        self._environment = environment
        self._workspace = workspace
        self._keys = keys
        self._registry = environment.store.identity

    def apply(self, view: View) -> tuple[Step, ...]:
        """Take the steps and return them with what is registered now."""
        for folder in sorted(view.new_folders()):
            self._workspace.check_can_publish(folder)
        staged: dict[str, str] = {}
        total = sum(step.action == CREATE for step in view.steps)
        try:
            steps = tuple(self._made(step, staged, total) for step in view.steps)
            self._workspace.sync(os.path.dirname(path) for path in staged.values())
        except BaseException:
            self._discard(staged, {})
            raise
        with self._staged_files_resolved(staged):
            commit(self._environment.store, view.snapshot, steps, {})
        for step in steps:
            if step.action in (CREATE, IMPORT, ADOPT) and step.after is not None:
                self.finish(step.after)
        self._sync(steps)
        return steps

    def finish(self, key_pair: KeyPair) -> None:
        """Do what remains after the commit; what was done already is left at that."""
        replaced = key_pair.replaced
        if replaced is not None and replaced.file is not None and replaced.kept_as is not None:
            self._workspace.set_aside(replaced.file, replaced.kept_as, replaced.fingerprint, self._wish.passphrase)
        if key_pair.delivery is None:
            return
        staged = self._staged_path(key_pair.delivery, key_pair)
        if not self._workspace.is_free(staged):
            self._workspace.publish(os.path.basename(staged), key_pair.delivery.file, key_pair.fingerprint, self._wish.passphrase)

    def _sync(self, steps: tuple[Step, ...]) -> None:
        self._workspace.sync(os.path.dirname(file) for step in steps for file in files_of(step))

    def _made(self, step: Step, staged: dict[str, str], total: int) -> Step:
        """Complete what is known only now; stage the private key if there is one, noting its path in ``staged`` by name first."""
        if step.after is None or step.action not in (CREATE, IMPORT, ADOPT):
            return step
        now = self._environment.now()
        after = step.after._replace(
            id=str(uuid.uuid4()), created_at=now.strftime("%Y-%m-%dT%H:%M:%SZ"), replaced=self._dated(step.after.replaced)
        )
        if step.action == CREATE and step.after.delivery is not None:
            material, private_key = self._keys.take(after)
            self._environment.on_secret(private_key.decode("ascii"))
            after = after._replace(fingerprint=material.fingerprint, public_key=material.line(after.comment))
            staged[after.name] = self._staged_path(step.after.delivery, after)
            self._workspace.stage(*os.path.split(staged[after.name]), private_key)
            self._environment.on_progress("private keys written", len(staged), total)
        return step._replace(after=after)

    def _dated(self, replaced: Replacement | None) -> Replacement | None:
        """Give a replacement its time; two within one microsecond, or a clock that was set back, still get names of their own."""
        if replaced is None:
            return None
        now = self._environment.now()
        while True:
            dated = replaced._replace(at=now.strftime("%Y%m%dT%H%M%S.%fZ"))
            if dated.kept_as is None or self._workspace.is_free(dated.kept_as):
                return dated
            now += timedelta(microseconds=1)

    def _staged_name(self, key_pair: KeyPair) -> str:
        return staged_name(tag_of(self._registry, key_pair.region, key_pair.name), key_pair.fingerprint)

    def _staged_path(self, delivery: Delivery, key_pair: KeyPair) -> str:
        return os.path.join(os.path.dirname(delivery.file), self._staged_name(key_pair))

    @contextlib.contextmanager
    def _staged_files_resolved(self, staged: dict[str, str]) -> Iterator[None]:
        """If the write fails, remove the staged files that the registry, read back, does not name; if it cannot be read, none."""
        try:
            yield
        except BaseException as error:
            names = registered(self._environment.store, self._wish.region, error)
            if names is not None:
                self._discard(staged, {name: self._staged_name(key_pair) for name, key_pair in names.items()})
            raise

    def _discard(self, staged: dict[str, str], named: dict[str, str]) -> None:
        for name, path in staged.items():
            folder, file = os.path.split(path)
            if named.get(name) != file:
                with contextlib.suppress(KeyPairError):  # the next run removes it, and the first error is the one to tell
                    self._workspace.unstage(folder, file)
