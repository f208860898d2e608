# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A registry in etcd: one key per region, whose revision decides who may write.

A key holds the very bytes that a file would hold, compressed by gzip. There is no lock that could be left behind: a
write is a transaction that happens only if the key is as it was read.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import uuid
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError, StoreConflictError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Document
from ansible_collections.keywright.ssh.plugins.module_utils._registry import codec, recent
from ansible_collections.keywright.ssh.plugins.module_utils._registry.etcd_cluster import Cluster
from ansible_collections.keywright.ssh.plugins.module_utils._registry.etcd_place import EtcdPlace
from ansible_collections.keywright.ssh.plugins.module_utils._registry.layout import MAX_BYTES
from ansible_collections.keywright.ssh.plugins.module_utils._registry.leases import leased
from ansible_collections.keywright.ssh.plugins.module_utils._registry.patience import Patience
from ansible_collections.keywright.ssh.plugins.module_utils._registry.settling import Found, UnansweredError, fence, settled
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Snapshot
from ansible_collections.keywright.ssh.plugins.module_utils._rules.names import is_region

UNCLAIMED = "unclaimed"

_ENVELOPE_BYTES = 1024  # what a request has besides the document
_GZIP = 16 + zlib.MAX_WBITS
_LOOPBACK = ("localhost", "127.", "::1")


class EtcdStore:
    """The registry below a prefix of a cluster; nothing is connected before the first question."""

    def __init__(self, place: EtcdPlace, patience: float) -> None:
        self.place = place
        self._cluster = Cluster(place, Patience(patience))
        self._identity: str | None = None

    @property
    def identity(self) -> str:
        """A number that the first run wrote beside the documents, so that no other registry has it, and every way to this one has.

        Before the first run there is none, and nothing that could be named after it.
        """
        if self._identity is None:
            self._identity = self._identified(self._ask({"success": [_range(self._identity_key)]}))
        return f"etcd:{self._identity or UNCLAIMED}"

    def missing(self) -> str | None:
        """Say so if nothing is below the prefix."""
        return None if self.regions() else f"The registry '{self.place.shown}' is empty: nothing is registered in it."

    def warnings(self) -> list[str]:
        """Warn of a connection that others can read."""
        hosts = [host for host, _port in self.place.endpoints if not host.startswith(_LOOPBACK)]
        if self.place.tls or not hosts:
            return []
        return [f"The registry '{self.place.shown}' is not reached through TLS: who is on the network can change what is registered."]

    def regions(self) -> list[str]:
        """Return the regions that have a key."""
        start = self._key("")
        request = {**_range(start)["request_range"], "range_end": _encoded(start[:-1] + b"0"), "keys_only": True}  # '0' comes after '/'
        found = self._ask({"success": [{"request_range": request}]})["responses"][0]["response_range"].get("kvs", [])
        names = (base64.b64decode(each["key"])[len(start) :].decode("utf-8", "replace") for each in found)
        return sorted(filter(is_region, names))

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
            answer = self._cluster.ask_once(lambda client: client.transaction(self._replacement(region, data, expected)))
        except UnansweredError:
            return settled(
                region,
                expected,
                lambda: self._find(region),
                lambda found: found[0] == data,
                lambda as_it_is: bool(self._ask(self._replacement(region, as_it_is, expected)).get("succeeded")),
            )
        except KeyPairError as error:  # etcd does the very write by which it gets full, and refuses it
            found = self._find(region) if error.code is ErrorCode.REGISTRY_UNWRITABLE else None
            if found is None or found[0] != data:
                raise
            return found[1]
        if not answer.get("succeeded"):
            raise StoreConflictError(region)
        return str(answer["header"]["revision"])

    def settle(self, region: str) -> Snapshot:
        """Return the region's document after a fence against writes that are still on their way."""
        replace = self._replacement
        fence(region, lambda: self._find(region), lambda data, version: bool(self._ask(replace(region, data, version)).get("succeeded")))
        return self.read(region)

    def check_room(self, region: str, document: Document, more: int) -> None:
        """Refuse a document that the server would not take."""
        self._check_size(region, len(_packed(codec.encode(document))) + more)

    def close(self) -> None:
        """Close the connections."""
        self._cluster.close()

    def _find(self, region: str) -> Found | None:
        answer = self._ask({"success": [_range(self._key(region))]})
        found = answer["responses"][0]["response_range"].get("kvs", [])
        if not found:
            return None
        data = _unpacked(base64.b64decode(found[0].get("value", "")))
        if data is None:
            raise KeyPairError(
                ErrorCode.REGISTRY_CORRUPT, f"The document {self._place_of(region)} is not compressed by gzip, or is too large; restore it."
            )
        return data, str(found[0]["mod_revision"])

    def _ask(self, transaction: Mapping[str, Any]) -> Any:
        return self._cluster.ask(lambda client: client.transaction(transaction))

    def _claim(self) -> None:
        """Write the registry's number unless somebody has; to ask for it twice is no harm."""
        if self._identity is None:
            key = _encoded(self._identity_key)
            compare = {"key": key, "result": "EQUAL", "target": "CREATE", "create_revision": 0}
            put = {"request_put": {"key": key, "value": _encoded(str(uuid.uuid4()).encode())}}
            self._ask({"compare": [compare], "success": [put]})
            self._identity = self._identified(self._ask({"success": [_range(self._identity_key)]}))

    def _identified(self, answer: Mapping[str, Any]) -> str | None:
        found = answer["responses"][0]["response_range"].get("kvs", [])
        return base64.b64decode(found[0].get("value", "")).decode("utf-8", "replace") if found else None

    @property
    def _identity_key(self) -> bytes:
        return f"{self.place.prefix}/identity".encode()

    def _replacement(self, region: str, data: bytes, expected: str | None) -> dict[str, Any]:
        key = _encoded(self._key(region))
        compare: dict[str, Any] = {"key": key, "result": "EQUAL", "target": "MOD", "mod_revision": int(expected or 0)}
        return {"compare": [compare], "success": [{"request_put": {"key": key, "value": _encoded(_packed(data))}}]}

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


def _range(key: bytes) -> dict[str, Any]:
    return {"request_range": {"key": _encoded(key)}}


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


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
