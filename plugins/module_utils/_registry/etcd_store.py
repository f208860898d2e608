# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A registry in etcd: one key per region, whose revision decides who may write.

A key holds the very bytes that a file would hold, compressed by gzip. There is no lock that could be left behind: a
write is a transaction that happens only if the key is as it was read.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import ipaddress
import uuid
import zlib
from collections.abc import Iterator

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError, StoreConflictError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Document
from ansible_collections.keywright.ssh.plugins.module_utils._registry import codec, etcd_transactions, recent
from ansible_collections.keywright.ssh.plugins.module_utils._registry.etcd_cluster import Cluster
from ansible_collections.keywright.ssh.plugins.module_utils._registry.etcd_place import EtcdPlace
from ansible_collections.keywright.ssh.plugins.module_utils._registry.etcd_transactions import (
    Answer,
    Operation,
    Transaction,
    holds,
    is_at,
    look,
    look_below,
    put,
    transaction,
)
from ansible_collections.keywright.ssh.plugins.module_utils._registry.layout import MAX_BYTES
from ansible_collections.keywright.ssh.plugins.module_utils._registry.leases import leased
from ansible_collections.keywright.ssh.plugins.module_utils._registry.patience import Patience
from ansible_collections.keywright.ssh.plugins.module_utils._registry.settling import Found, UnansweredError, fence, settled
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Snapshot
from ansible_collections.keywright.ssh.plugins.module_utils._rules.names import is_region

UNCLAIMED = "unclaimed"

_ENVELOPE_BYTES = 1024  # what a request has besides the document
_GZIP = 16 + zlib.MAX_WBITS


class EtcdStore:
    """The registry below a prefix of a cluster; nothing is connected before the first question."""

    def __init__(self, place: EtcdPlace, patience: float) -> None:
        self.place = place
        self._cluster = Cluster(place, Patience(patience))
        self._number: str | None = None

    @property
    def identity(self) -> str:
        """A number that the first run wrote beside the documents, so that no other registry has it, and every way to this one has.

        Before the first run there is none, and nothing that could be named after it.
        """
        if self._number is None:
            self._look()
        return f"etcd:{self._number or UNCLAIMED}"

    def missing(self) -> str | None:
        """Say so if nothing is below the prefix."""
        return None if self.regions() else f"The registry '{self.place.shown}' is empty: nothing is registered in it."

    def warnings(self) -> list[str]:
        """Warn of a connection that others can read."""
        if self.place.tls or all(_is_loopback(host) for host, _port in self.place.endpoints):
            return []
        return [f"The registry '{self.place.shown}' is not reached through TLS: who is on the network can change what is registered."]

    def regions(self) -> list[str]:
        """Return the regions that have a key."""
        start = self._key("")
        (found,) = self._look(look_below(start))
        return sorted(filter(is_region, (each.key[len(start) :].decode("utf-8", "replace") for each in found)))

    @contextlib.contextmanager
    def exclusive(self, region: str, timeout: float) -> Iterator[None]:
        """Keep nobody out: the write decides. The registry gets its number, if it has none."""
        self._claim()
        yield

    @contextlib.contextmanager
    def exclusive_account(self, account: str, timeout: float) -> Iterator[None]:
        """Hold the account's lease, which ends some seconds after the process that holds it."""
        name = hashlib.sha256(account.encode()).hexdigest()[:16]
        with leased(self._cluster, f"{self.place.prefix}/accounts/{name}", account, timeout):
            yield

    def read(self, region: str) -> Snapshot:
        """Return the region's document as a majority of the cluster has it."""
        found = self._find(region)
        if found is None:
            return Snapshot(Document(region, "", 0), None)
        data, revision = found
        return Snapshot(recent.loaded(data, region, self._place_of(region)), revision)

    def write(self, region: str, document: Document, expected: str | None) -> str:
        """Replace the document if its key still has the expected revision, and return its new one."""
        data = recent.encoded(document)
        self._check_size(region, len(_packed(data)))
        try:
            replacement = self._replacement(region, data, expected)
            answer: Answer = self._cluster.ask_once(lambda client: etcd_transactions.answered(client, replacement))
        except UnansweredError:
            return settled(
                region,
                expected,
                lambda: self._find(region),
                lambda found: found[0] == data,
                lambda as_it_is: self._is_replaced(self._ask(self._replacement(region, as_it_is, expected))),
            )
        except KeyPairError as error:  # etcd does the very write by which it gets full, and refuses it
            found = self._find(region) if error.code is ErrorCode.REGISTRY_UNWRITABLE else None
            if found is None or found[0] != data:
                raise
            return found[1]
        if not self._is_replaced(answer):
            raise StoreConflictError(region)
        return answer.revision

    def settle(self, region: str) -> Snapshot:
        """Return the region's document after a fence against writes that are still on their way."""
        fence(
            region,
            lambda: self._find(region),
            lambda data, version: self._is_replaced(self._ask(self._replacement(region, data, version))),
        )
        return self.read(region)

    def confirm(self, region: str) -> None:
        """Do nothing: what the servers answer is durable."""

    def check_room(self, region: str, document: Document, more: int) -> None:
        """Refuse a document that the server would not take."""
        self._check_size(region, len(_packed(codec.encode(document))) + more)

    def close(self) -> None:
        """Close the connections."""
        self._cluster.close()

    def _find(self, region: str) -> Found | None:
        (found,) = self._look(look(self._key(region)))
        if not found:
            return None
        data = _unpacked(found[0].value)
        if data is None:
            raise KeyPairError(
                ErrorCode.REGISTRY_CORRUPT, f"The document {self._place_of(region)} is not compressed by gzip, or is too large; restore it."
            )
        return data, found[0].revision

    def _ask(self, asked: Transaction) -> Answer:
        answer: Answer = self._cluster.ask(lambda client: etcd_transactions.answered(client, asked))
        return answer

    def _look(self, *looks: Operation) -> tuple[tuple[etcd_transactions.Found, ...], ...]:
        """Return what looks find in this registry."""
        answer = self._ask(transaction((), (*looks, look(self._number_key))))
        self._recognize(answer)
        return answer.found[:-1]

    def _claim(self) -> None:
        """Write the registry's number unless somebody has; to ask for it twice is no harm."""
        if self._number is None:
            number = str(uuid.uuid4())
            key = self._number_key
            answer = self._ask(transaction((is_at(key, 0),), (put(key, number.encode()), look(key)), (look(key),)))
            self._recognize(answer)

    def _recognize(self, answer: Answer) -> None:
        """Learn the registry's number, which the last look of a transaction was for, or check that it is still the same.

        It is not if members of several clusters stand in the URL: they do not agree on who was first.
        """
        found = answer.found[-1]
        number = found[0].value.decode("utf-8", "replace") if found else None
        if self._number not in (None, number):
            raise KeyPairError(
                ErrorCode.REGISTRY_UNREADABLE,
                f"The registry '{self.place.shown}' is now another one than at the beginning of the run; name the members of one cluster "
                "in its URL, and run the task again.",
            )
        self._number = number

    @property
    def _number_key(self) -> bytes:
        return f"{self.place.prefix}/identity".encode()

    def _replacement(self, region: str, data: bytes, expected: str | None) -> Transaction:
        """Return the transaction that replaces a document of this registry, and of no other, if it is the expected one."""
        key = self._key(region)
        conditions = [is_at(key, int(expected or 0))]
        if self._number is not None:
            conditions.append(holds(self._number_key, self._number.encode()))
        return transaction(tuple(conditions), (put(key, _packed(data)),), (look(self._number_key),))

    def _is_replaced(self, answer: Answer) -> bool:
        if not answer.held:
            self._recognize(answer)
        return answer.held

    def _check_size(self, region: str, size: int) -> None:
        limit = self.place.max_request_bytes
        if size + _ENVELOPE_BYTES > limit:
            raise KeyPairError(
                ErrorCode.REGISTRY_TOO_LARGE,
                f"The document {self._place_of(region)} would have {size} bytes compressed, and etcd takes {limit}; "
                "use fewer or shorter tags, more regions, or raise etcd's limit and 'max_request_bytes' in the URL. Nothing was changed.",
            )

    def _key(self, region: str) -> bytes:
        return f"{self.place.prefix}/regions/{region}".encode()

    def _place_of(self, region: str) -> str:
        return f"of region '{region}' in the registry '{self.place.shown}'"


def _is_loopback(host: str) -> bool:
    """Tell whether what is sent to a host does not leave the machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _packed(data: bytes) -> bytes:
    return gzip.compress(data, compresslevel=6, mtime=0)


def _unpacked(packed: bytes) -> bytes | None:
    """Return what was compressed, None if it was not, or is larger than any document."""
    inflater = zlib.decompressobj(_GZIP)
    try:
        data = inflater.decompress(packed, MAX_BYTES + 1)
    except zlib.error:
        return None
    return data if inflater.eof and not inflater.unused_data and len(data) <= MAX_BYTES else None
