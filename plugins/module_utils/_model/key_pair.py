# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known about one key pair: the record that is registered, and the record that is planned.

A record has no field that could hold a private key or a passphrase.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

NOTHING: Mapping[str, Any] = MappingProxyType({})
KNOWN_AFTER_APPLY = "(known after apply)"
GENERATED = "generated"
IMPORTED = "imported"


class Delivery(NamedTuple):
    """Where the private key was delivered to: ``controller`` holds it in ``file``, an absolute path."""

    controller: str
    file: str


class Replacement(NamedTuple):
    """The key that the registered one replaced.

    ``at`` is the time in UTC as it stands in the name of the file that was moved aside; ``file`` is where the
    replaced private key had been delivered to on this controller, None if it had not.
    """

    fingerprint: str
    at: str
    file: str | None

    @property
    def kept_as(self) -> str | None:
        """The name under which the replaced private key file is kept, None if there was none."""
        return None if self.file is None else f"{self.file}.{self.at}"


class KeyPair(NamedTuple):
    """One key pair of a region.

    ``id``, ``fingerprint``, ``public_key`` and ``created_at`` are :data:`KNOWN_AFTER_APPLY` where a plan cannot know
    them. ``size`` is in bits, ``created_at`` is ISO 8601 in UTC, ``public_key`` is the line for ``authorized_keys``.
    """

    name: str
    region: str
    id: str
    type: str
    size: int
    fingerprint: str
    public_key: str
    comment: str
    creation_type: str
    created_at: str
    tags: Mapping[str, str] = NOTHING
    delivery: Delivery | None = None
    replaced: Replacement | None = None

    def private_key_files(self) -> tuple[str, ...]:
        """Return the private key files that a run of this key pair may have to make, move or finish."""
        own = None if self.delivery is None else self.delivery.file
        old = None if self.replaced is None else self.replaced.file
        return tuple(file for file in (own, old) if file is not None)


class Removal(NamedTuple):
    """A private key file that was to be removed with its key pair: look here for what a crash may have left."""

    directory: str
    fingerprint: str


class Binding(NamedTuple):
    """The access of a key pair to the account ``user`` of a host.

    ``host`` is its name in the inventory, ``address`` and ``port`` are where it was reached. A binding that is ``pending``
    counts: its line may be on the host, and so may those of the keys whose fingerprints it ``replaces``. ``bound_at`` is
    ISO 8601 in UTC. ``path`` is the absolute path of the host's file, None for the account's usual one.
    """

    key_pair: str
    fingerprint: str
    host: str
    address: str
    port: int
    user: str
    bound_at: str
    pending: bool = False
    replaces: tuple[str, ...] = ()
    path: str | None = None

    @property
    def account(self) -> str:
        """What a region has at most one binding for."""
        return account_of(self.user, self.host)


def account_of(user: str, host: str) -> str:
    """Return the key of a binding in its region's document."""
    return f"{user}@{host}"


class Document(NamedTuple):
    """All that is registered in one region; ``serial`` counts its writes, ``lineage`` is a UUID from its creation.

    ``bindings`` are by account, such as ``deploy@web1``.
    """

    region: str
    lineage: str
    serial: int
    key_pairs: Mapping[str, KeyPair] = NOTHING
    removals: Mapping[str, Removal] = NOTHING
    bindings: Mapping[str, Binding] = NOTHING


def bindings_by_name(document: Document) -> dict[str, tuple[Binding, ...]]:
    """Return the bindings of each key pair that has some, sorted by account."""
    by_name: dict[str, tuple[Binding, ...]] = {}
    for _account, binding in sorted(document.bindings.items()):
        by_name[binding.key_pair] = (*by_name.get(binding.key_pair, ()), binding)
    return by_name


def accounts_of(document: Document, key_pair: KeyPair) -> list[str]:
    """Return the accounts that may let a key pair in: those that it is bound to, and those of unfinished bindings that replace it."""
    return [
        account
        for account, binding in sorted(document.bindings.items())
        if binding.key_pair == key_pair.name or key_pair.fingerprint in binding.replaces
    ]
