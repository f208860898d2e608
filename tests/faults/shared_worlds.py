# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Worlds whose registry is in a real server; what it holds is read by asking the server, not the collection."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ..places import REGION
from ..servers import etcd, postgresql
from ..servers.processes import ServerError
from .worlds import World

ETCD, POSTGRESQL = "etcd", "PostgreSQL"
MEMBERS = 3


class Backend(Protocol):
    """Where registries are, each under a name of lower-case letters and digits."""

    def make(self, name: str) -> None:
        """Prepare a registry in which nothing is written yet."""

    def url(self, name: str) -> str:
        """Return the URL of a registry."""

    def read(self, name: str) -> bytes | None:
        """Return the document of the region, None if there is none."""

    def write(self, name: str, data: bytes) -> None:
        """Put a document, whatever it holds, in the place of the one that is there."""

    def copy(self, name: str, other: str, old: bytes, new: bytes) -> None:
        """Copy a registry to another name, with a text replaced in its document."""


class EtcdBackend:
    """A prefix for each registry."""

    def __init__(self, cluster: etcd.Etcd) -> None:
        self.cluster = cluster

    def make(self, name: str) -> None:
        """Do nothing: there is nothing to prepare."""

    def url(self, name: str) -> str:
        """Return the URL with all members."""
        return self.cluster.url(f"keywright/{name}")

    def read(self, name: str) -> bytes | None:
        """Ask the members in turn."""
        found = self._ask("kv/range", {"key": _key(name)}).get("kvs", [])
        return gzip.decompress(base64.b64decode(found[0]["value"])) if found else None

    def write(self, name: str, data: bytes) -> None:
        """Put the document, compressed."""
        self.put(name, gzip.compress(data))

    def put(self, name: str, value: bytes) -> None:
        """Put bytes as they are."""
        self._ask("kv/put", {"key": _key(name), "value": base64.b64encode(value).decode()})

    def copy(self, name: str, other: str, old: bytes, new: bytes) -> None:
        """Read and write it."""
        data = self.read(name)
        if data is not None:
            self.write(other, data.replace(old, new))

    def _ask(self, path: str, question: Mapping[str, Any]) -> Any:
        reasons = []
        for member in self.cluster.members:
            try:
                return self.cluster.ask(member, path, question)
            except ServerError as error:
                reasons.append(str(error))
        raise ServerError(", ".join(reasons))


class PostgresqlBackend:
    """A schema for each registry."""

    def __init__(self, server: postgresql.Postgresql) -> None:
        self.server = server

    def make(self, name: str) -> None:
        """Make the schema, without tables."""
        self.server.run(f"CREATE SCHEMA IF NOT EXISTS {name}")

    def url(self, name: str) -> str:
        """Return the URL of the superuser."""
        return self.server.url(options=f"-csearch_path%3D{name}")

    def read(self, name: str) -> bytes | None:
        """Read the row."""
        if not self._has_tables(name):
            return None
        rows = self.server.ask(f"SELECT document FROM {name}.keywright_regions WHERE region = '{REGION}'")
        return bytes(rows[0][0]) if rows else None  # type: ignore[call-overload]

    def write(self, name: str, data: bytes) -> None:
        """Change the row that is there."""
        self.server.run(f"UPDATE {name}.keywright_regions SET document = decode('{data.hex()}', 'hex') WHERE region = '{REGION}'")

    def copy(self, name: str, other: str, old: bytes, new: bytes) -> None:
        """Copy the tables, if there are any."""
        self.make(other)
        if self._has_tables(name):
            for table in ("keywright_schema", "keywright_regions"):
                self.server.run(f"CREATE TABLE {other}.{table} (LIKE {name}.{table} INCLUDING ALL)")
                self.server.run(f"INSERT INTO {other}.{table} SELECT * FROM {name}.{table}")
            data = self.read(other)
            if data is not None:
                self.write(other, data.replace(old, new))

    def _has_tables(self, name: str) -> bool:
        return self.server.ask(f"SELECT to_regclass('{name}.keywright_regions') IS NOT NULL")[0][0] is True


@dataclass(frozen=True)
class SharedWorld(World):
    """A world whose registry is in a server; in its folder are the private keys, and what was read last."""

    backend: Backend

    @classmethod
    def on(cls, backend: Backend) -> Callable[[Path], SharedWorld]:
        """Return what makes a world on a backend in a folder."""

        def build(root: Path) -> SharedWorld:
            world = cls(root, backend)
            backend.make(world.name)
            return world

        return build

    @property
    def name(self) -> str:
        """Return the name of the registry, which no other world has."""
        return f"w{hashlib.sha256(str(self.root).encode()).hexdigest()[:20]}"

    @property
    def document(self) -> Path:
        """Read the document of the region from the server, and return a file with it."""
        file = super().document
        data = self.backend.read(self.name)
        self.registry.mkdir(exist_ok=True)
        if data is None:
            file.unlink(missing_ok=True)
        else:
            file.write_bytes(data)
        return file

    @property
    def registry_option(self) -> str:
        """Return the URL."""
        return self.backend.url(self.name)

    @property
    def told_places(self) -> tuple[str, ...]:
        """Return the folder, and the URL as far as it may be told."""
        return (str(self.root), self.registry_option.partition("?")[0])

    def copy(self, root: Path) -> SharedWorld:
        """Copy the folder and the registry, whose records name the files of the copy."""
        shutil.copytree(self.root, root, symlinks=True)
        copied = SharedWorld(root, self.backend)
        self.backend.copy(self.name, copied.name, f'"{self.root}/'.encode(), f'"{root}/'.encode())
        return copied


@contextlib.contextmanager
def running(kind: str, folder: Path) -> Iterator[Backend]:
    """Run the servers of a kind for the block."""
    if kind == ETCD:
        with etcd.running(folder, MEMBERS) as cluster:
            yield EtcdBackend(cluster)
    else:
        with postgresql.running(folder) as server:
            yield PostgresqlBackend(server)


def _key(name: str) -> str:
    return base64.b64encode(f"keywright/{name}/regions/{REGION}".encode()).decode()
