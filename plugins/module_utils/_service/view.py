# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One look at the registry and at the private key files, and the plan that follows from it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ansible_collections.keywright.ssh.plugins.module_utils._delivery.directories import Directories
from ansible_collections.keywright.ssh.plugins.module_utils._delivery.inspection import Inspector
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import KeyPairError, StoreConflictError
from ansible_collections.keywright.ssh.plugins.module_utils._model.wish import Wish
from ansible_collections.keywright.ssh.plugins.module_utils._planning.plan import plan
from ansible_collections.keywright.ssh.plugins.module_utils._planning.step import CREATE, Step, files_of
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Snapshot, Store
from ansible_collections.keywright.ssh.plugins.module_utils._service.commit import changed_document
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment
from ansible_collections.keywright.ssh.plugins.module_utils._service.keys import check_can_make
from ansible_collections.keywright.ssh.plugins.module_utils._service.observation import Observation, observed
from ansible_collections.keywright.ssh.plugins.module_utils._service.targets import check_targets

# Of a key pair that is planned: ID, fingerprint, time, the second number of an ecdsa key, what the public key has besides its numbers,
# and the lineage of a new document.
UNKNOWN_BYTES = 256
LOOKS = 20  # on a busy controller, three looks in a row have met three other runs


class View(NamedTuple):
    """What was read, what follows from it, and what earlier runs left behind.

    ``litter`` are staged files that no registration names; ``notes`` are names whose removal was not completed.
    """

    snapshot: Snapshot
    steps: tuple[Step, ...]
    litter: tuple[str, ...]
    notes: frozenset[str]
    warnings: tuple[str, ...]

    @property
    def needs_run(self) -> bool:
        """Tell whether there is anything to do; if not, no lock is taken and nothing is touched."""
        return bool(self.litter or self.notes) or any(step.changed for step in self.steps)

    def folders(self) -> set[str]:
        """Return the directories whose locks the run needs."""
        files = set(self.litter)
        for step in self.steps:
            files.update(files_of(step))
        return {os.path.dirname(file) for file in files}

    def new_folders(self) -> set[str]:
        """Return the directories that new private keys are delivered to."""
        created = (step.after.delivery for step in self.steps if step.action == CREATE and step.after is not None)
        return {os.path.dirname(delivery.file) for delivery in created if delivery is not None}


def look(wish: Wish, environment: Environment, directories: Callable[[], Directories]) -> View:
    """Read the registry, look at the private key files, and plan.

    A file that is in the way may be the one that another run registered and delivered after we had read the registry, or
    is removing while we look. So a refusal counts only if nothing was changed meanwhile; else the look is taken again.
    """
    names = frozenset(wish.names)
    for number in range(LOOKS):
        with observed(environment, wish.region, lambda key_pair: key_pair.name in names, wish.passphrase, directories) as observation:
            try:
                return _view(wish, environment, observation)
            except KeyPairError:
                if number == LOOKS - 1 or observation.is_of_one_instant(environment.store):
                    raise
    raise StoreConflictError(wish.region)


def _view(wish: Wish, environment: Environment, observation: Observation) -> View:
    snapshot, inspector = observation.snapshot, observation.inspector
    steps = plan(wish, snapshot.document, observation.seen, environment.controller)
    check_can_make(wish, steps)
    check_targets(steps, inspector.directories)
    _check_room(environment.store, snapshot, steps)
    return View(
        snapshot,
        steps,
        tuple(_litter(wish, snapshot, inspector)),
        frozenset(wish.names) & snapshot.document.removals.keys(),
        tuple(environment.store.warnings() + inspector.directories.warnings()),
    )


def _check_room(store: Store, snapshot: Snapshot, steps: tuple[Step, ...]) -> None:
    """Refuse, before a key is made, what a store could not take; what the new keys will add to it cannot be compressed."""
    writes = [step for step in steps if step.writes_registry]
    if writes:
        made = [step.after for step in writes if step.action == CREATE and step.after is not None]
        more = sum(key_pair.size // 8 + UNKNOWN_BYTES for key_pair in made)
        store.check_room(snapshot.document.region, changed_document(snapshot.document, writes, {}), more)


def _litter(wish: Wish, snapshot: Snapshot, inspector: Inspector) -> Iterator[str]:
    for name in wish.names:
        key_pair = snapshot.document.key_pairs.get(name)
        file = wish.stated_file(name) or (wish.default_file(name) if wish.default_directory else None)
        folders = set() if file is None else {os.path.dirname(file)}
        if key_pair is not None and key_pair.delivery is not None:
            folders.add(os.path.dirname(key_pair.delivery.file))
        if name in snapshot.document.removals:
            folders.add(snapshot.document.removals[name].directory)
        for folder in folders:
            yield from (os.path.join(folder, file) for file in inspector.litter(wish.region, name, key_pair, folder))
