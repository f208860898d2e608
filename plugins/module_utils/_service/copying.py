# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copy a registry from one store to another, region by region, without ever replacing what is newer or something else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError, StoreConflictError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Binding, Document
from ansible_collections.keywright.ssh.plugins.module_utils._model.seen import PENDING
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Store
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment
from ansible_collections.keywright.ssh.plugins.module_utils._service.observation import observed
from ansible_collections.keywright.ssh.plugins.module_utils._service.tries import tries

NOTHING_CHANGED = "Nothing was changed."


class CopiedRegion(NamedTuple):
    """A region's document as it is in the source, and the serial that it had in the destination, None if it was not there."""

    document: Document
    serial_before: int | None

    @property
    def changed(self) -> bool:
        """Tell whether the destination's document was, or would be, replaced."""
        return self.serial_before != self.document.serial


def copy_registry(
    source: Environment, destination: Store, regions: Iterable[str], lock_timeout: float, check_mode: bool, delete: bool = False
) -> tuple[tuple[CopiedRegion, ...], tuple[str, ...]]:
    """Copy the documents of regions, of all regions if none is given; return them, and warnings.

    Lineage and serial go with a document, so that both copies can be told apart from others. Every region is checked before the
    first is written; without ``delete`` no key pair, no later binding and no note of a removal goes from the destination. Raises
    :class:`KeyPairError` with ``Registry.NotFound`` or ``Registry.Diverged``.
    """
    missing = source.store.missing()
    if missing is not None:
        raise KeyPairError(ErrorCode.REGISTRY_MISSING, missing)
    if source.store.identity == destination.identity:
        raise KeyPairError(ErrorCode.PARAMETER_CONFLICT, "Options 'registry' and 'destination' name the same registry.")
    documents = [_existing(source.store, region) for region in sorted(set(regions)) or source.store.regions()]
    planned = tuple(_planned(document, destination, delete) for document in documents)
    warnings = tuple(warning for copied in planned if copied.changed for warning in _warnings(source, copied.document))
    for copied in planned:
        if copied.changed:
            destination.check_room(copied.document.region, copied.document, 0)
    if not check_mode:
        planned = _all_written(planned, destination, lock_timeout, delete)
    return planned, warnings + tuple(source.store.warnings() + destination.warnings())


def _existing(store: Store, region: str) -> Document:
    snapshot = store.read(region)
    if snapshot.version is None:
        raise KeyPairError(ErrorCode.REGISTRY_MISSING, f"Region '{region}' is not in the registry that is to be copied.")
    return snapshot.document


def _planned(document: Document, destination: Store, delete: bool) -> CopiedRegion:
    there = destination.read(document.region).document
    shut_out = there.lineage != document.lineage and there == Document(there.region, there.lineage, 1)  # what is left of such a write
    if there.serial == 0 or shut_out:
        return CopiedRegion(document, None)
    if there.lineage != document.lineage:
        problem = f"is not a copy of this one: its lineage is {there.lineage}, not {document.lineage}"
    elif there.serial > document.serial:
        problem = f"is newer: its serial is {there.serial}, and here it is {document.serial}"
    elif there.serial == document.serial and there != document:
        problem = f"was changed apart from this one: both have serial {there.serial}, and they differ"
    elif not delete and (gone := _gone(there, document)):
        problem = f"has {gone}, which is not in the registry that is to be copied; state 'delete' if it may go"
    else:
        return CopiedRegion(document, there.serial)
    raise KeyPairError(
        ErrorCode.REGISTRY_DIVERGED, f"The destination's document of region '{document.region}' {problem}. {NOTHING_CHANGED}"
    )


def _gone(there: Document, document: Document) -> str:
    """Return what a copy would take away: the first key pair, by its ID, binding, or note of a removal that the source does not have."""
    ids = {key_pair.id for key_pair in document.key_pairs.values()}
    for name, key_pair in there.key_pairs.items():
        if key_pair.id not in ids:
            return f"the key pair '{name}'"
    for account, binding in sorted(there.bindings.items()):
        if account not in document.bindings or _is_later(binding, document.bindings[account]):
            return f"the binding of '{account}' to '{binding.key_pair}'"
    for name, removal in there.removals.items():
        registered = document.key_pairs.get(name)
        is_known = document.removals.get(name) == removal or (registered is not None and registered.fingerprint == removal.fingerprint)
        if not is_known:  # what is registered is looked for without a note
            return f"the note that the removal of the private key file of '{name}' is not finished"
    return ""


def _is_later(there: Binding, here: Binding) -> bool:
    """Tell whether the destination's binding of an account is younger than the source's, and knows of a key that the source's does not.

    One to the same key keeps its time when it is finished, so only another key's may have the very same second.
    """
    unknown = {there.fingerprint, *there.replaces} - {here.fingerprint, *here.replaces}
    same_second_counts = there.fingerprint != here.fingerprint
    return bool(unknown) and (there.bound_at > here.bound_at or (same_second_counts and there.bound_at == here.bound_at))


def _all_written(planned: Iterable[CopiedRegion], destination: Store, lock_timeout: float, delete: bool) -> tuple[CopiedRegion, ...]:
    """Write what is to be changed; an error that stops it tells which regions were copied before."""
    done: list[CopiedRegion] = []
    try:
        for copied in planned:
            if copied.changed:
                copied = _written(copied, destination, lock_timeout, delete)
            else:
                destination.confirm(copied.document.region)
            done.append(copied)
    except KeyPairError as error:
        regions = ", ".join(f"'{copied.document.region}'" for copied in done if copied.changed)
        if regions:
            error.message = f"{error.message.removesuffix(NOTHING_CHANGED).rstrip()} Copied before that: {regions}."
        raise
    return tuple(done)


def _written(copied: CopiedRegion, destination: Store, lock_timeout: float, delete: bool) -> CopiedRegion:
    document = copied.document
    is_tried = False
    for _try in tries(lock_timeout):
        with destination.exclusive(document.region, lock_timeout):
            version = destination.read(document.region).version
            again = _planned(document, destination, delete)
            if not again.changed:
                return copied if is_tried else again  # it may be our own write that was taken for a conflict
            try:
                destination.write(document.region, document, version)
            except StoreConflictError:
                is_tried = True
                continue
            return again
    raise StoreConflictError(document.region)


def _warnings(source: Environment, document: Document) -> Iterable[str]:
    """Warn of private keys that only a run with the source can deliver or remove, since their staged files are named after it."""
    region = document.region
    with observed(source, region, lambda _key_pair: True, None) as observation:
        pending = sorted(name for name, seen in observation.seen.items() if seen.status == PENDING)
    if pending:
        yield (
            f"The private keys of {_listed(pending)} in region '{region}' are not delivered yet: run their tasks with the registry that "
            "was copied before you leave it."
        )
    if document.removals:
        yield (
            f"The removal of the private key files of {_listed(sorted(document.removals))} in region '{region}' may have been interrupted: "
            "run a task that states these names and 'absent' with the registry that was copied before you leave it."
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
