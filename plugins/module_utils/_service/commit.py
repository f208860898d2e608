# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commit point: the registry write that everything before can be thrown away for, and everything after can be finished from."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterable, Mapping

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Document, KeyPair, Removal
from ansible_collections.keywright.ssh.plugins.module_utils._planning.step import Step
from ansible_collections.keywright.ssh.plugins.module_utils._registry.patience import in_haste
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Snapshot, Store


def commit(store: Store, snapshot: Snapshot, steps: Iterable[Step], removals: Mapping[str, Removal]) -> Snapshot:
    """Register what the steps lead to, in one write, and return what is registered then.

    ``removals`` are the notes about private key files whose removal is not completed; they replace the ones of the
    steps' names. Raises :class:`StoreConflictError` if somebody else was faster.
    """
    return commit_document(store, snapshot, changed_document(snapshot.document, steps, removals))


def changed_document(old: Document, steps: Iterable[Step], removals: Mapping[str, Removal]) -> Document:
    """Return the document that the steps lead to."""
    key_pairs = dict(old.key_pairs)
    names = set()
    for step in steps:
        names.add(step.name)
        if step.after is None:
            key_pairs.pop(step.name, None)
        else:
            key_pairs[step.name] = step.after
    kept = {name: removal for name, removal in old.removals.items() if name not in names}
    return old._replace(key_pairs=key_pairs, removals={**kept, **removals})


def commit_document(store: Store, snapshot: Snapshot, document: Document) -> Snapshot:
    """Write a document that was derived from a snapshot, with the next serial, and return the new snapshot."""
    document = document._replace(lineage=document.lineage or str(uuid.uuid4()), serial=snapshot.document.serial + 1)
    return Snapshot(document, store.write(document.region, document, snapshot.version))


def registered(store: Store, region: str, error: BaseException) -> Mapping[str, KeyPair] | None:
    """Return what is registered after a write that ended in an error; None if that cannot be told.

    A write that was interrupted may come yet, so the region is settled first; not for long, if somebody waits for the end.
    """
    if isinstance(error, KeyPairError) and error.outcome_unknown:
        return None
    try:
        if isinstance(error, KeyPairError):
            return store.read(region).document.key_pairs
        with contextlib.nullcontext() if isinstance(error, Exception) else in_haste():
            return store.settle(region).document.key_pairs
    except KeyPairError:
        return None
