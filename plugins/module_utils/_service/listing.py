# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answer a question about what is registered, without a lock and without making anything."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any, NamedTuple

from ansible_collections.keywright.ssh.plugins.module_utils._keys.wire import md5_of_line
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Binding, KeyPair, bindings_by_name
from ansible_collections.keywright.ssh.plugins.module_utils._model.seen import PRESENT, UNVERIFIED
from ansible_collections.keywright.ssh.plugins.module_utils._planning.selection import Selection
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Store
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment
from ansible_collections.keywright.ssh.plugins.module_utils._service.observation import observed

Listed = tuple[KeyPair, str, tuple[Binding, ...]]


class Listing(NamedTuple):
    """Key pairs with the status of their private key files and their bindings, by region and name; ``counts`` are of whole regions."""

    key_pairs: tuple[Listed, ...]
    counts: tuple[tuple[str, int], ...]
    warnings: tuple[str, ...]


def list_key_pairs(selection: Selection, regions: Iterable[str], environment: Environment) -> Listing:
    """Return the selected key pairs of the given regions, of all regions if none is given."""
    key_pairs: list[Listed] = []
    counts: list[tuple[str, int]] = []
    missing = environment.store.missing()
    warnings: dict[str, None] = {} if missing is None else {missing: None}
    for region in sorted(set(regions)) or environment.store.regions():
        with observed(environment, region, lambda key_pair: _is_selected(selection, key_pair), None) as observation:
            document = observation.snapshot.document
            bindings = bindings_by_name(document)
            counts.append((region, len(document.key_pairs)))
            for name, seen in sorted(observation.seen.items()):
                bound = bindings.get(name, ())
                if selection.matches_state(seen.status, bound):
                    key_pairs.append((document.key_pairs[name], seen.status, bound))
            warnings.update(dict.fromkeys(environment.store.warnings() + observation.inspector.directories.warnings()))
    return Listing(tuple(key_pairs), tuple(counts), tuple(warnings))


def list_bindings(regions: Iterable[str], environment: Environment) -> list[tuple[str, Binding, str | None]]:
    """Return all bindings by region and account, each with the private key file if that is on this controller."""
    missing = environment.store.missing()
    if missing is not None:
        raise KeyPairError(ErrorCode.REGISTRY_MISSING, missing)
    found: list[tuple[str, Binding, str | None]] = []
    for region in sorted(set(regions)) or environment.store.regions():
        names = {binding.key_pair for binding in environment.store.read(region).document.bindings.values()}
        with observed(environment, region, _named(names), None) as observation:
            for _account, binding in sorted(observation.snapshot.document.bindings.items()):
                delivery = observation.snapshot.document.key_pairs[binding.key_pair].delivery
                seen = observation.seen.get(binding.key_pair)
                here = delivery is not None and seen is not None and seen.status in (PRESENT, UNVERIFIED)
                found.append((region, binding, delivery.file if delivery is not None and here else None))
    return found


def public_keys(region: str, names: Iterable[str], store: Store, default: Sequence[Any]) -> list[Any]:
    """Return the public key line of each name; ``default`` is empty, or holds what stands for a name that is not registered.

    Raises :class:`KeyPairError` with ``Registry.NotFound`` or ``InvalidKeyPairName.NotFound``.
    """
    missing = store.missing()
    if missing is not None:
        raise KeyPairError(ErrorCode.REGISTRY_MISSING, missing)
    registered = store.read(region).document.key_pairs
    return [registered[name].public_key if name in registered else _instead_of(name, region, default) for name in names]


def _instead_of(name: str, region: str, default: Sequence[Any]) -> Any:
    if not default:
        raise KeyPairError(
            ErrorCode.NAME_UNKNOWN, f"No key pair '{name}' is registered in region '{region}', and no default is given for it."
        )
    return default[0]


def _named(names: Container[str]) -> Callable[[KeyPair], bool]:
    return lambda key_pair: key_pair.name in names


def _is_selected(selection: Selection, key_pair: KeyPair) -> bool:
    return selection.matches(key_pair, md5_of_line(key_pair.public_key) if selection.fingerprints else "")
