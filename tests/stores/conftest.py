# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stores that one suite is for, each with real servers that all tests of a run share."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._registry.backends import open_store
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Store
from ansible_collections.keywright.ssh.tests.servers import etcd, postgresql
from ansible_collections.keywright.ssh.tests.servers.proxy import Proxy, in_front_of

PATIENCE = 3
BACKENDS = ("files", "etcd", "postgresql")
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Return a folder that every user can reach: PostgreSQL runs as another one if we are root."""
    with tempfile.TemporaryDirectory(prefix="keywright-servers-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture(scope="session")
def cluster(folder: Path) -> Iterator[etcd.Etcd]:
    """Return a cluster of three; who hurts a member heals it."""
    with etcd.running(folder / "etcd", 3) as running:
        yield running


@pytest.fixture(scope="session")
def server(folder: Path) -> Iterator[postgresql.Postgresql]:
    """Return a server; who hurts it heals it."""
    with postgresql.running(folder / "postgresql") as running:
        yield running


@pytest.fixture
def etcd_url(cluster: etcd.Etcd) -> str:
    """Return the URL of a registry that nobody has used."""
    return cluster.url(f"keywright/{next(_numbers)}")


@pytest.fixture
def postgresql_url(server: postgresql.Postgresql) -> str:
    """Return the URL of a registry that nobody has used: a schema of its own."""
    schema = f"s{next(_numbers)}"
    server.run(f"CREATE SCHEMA {schema}")
    return server.url(options=f"-csearch_path%3D{schema}")


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a registry of each kind."""
    if request.param == "files":
        return f"file://{tmp_path}/registry"
    found: str = request.getfixturevalue(f"{request.param}_url")
    return found


@pytest.fixture
def opened() -> Iterator[Callable[[str], Store]]:
    """Return what opens stores, which are closed at the end."""
    stores: list[Store] = []

    def open_one(url: str, patience: float = PATIENCE) -> Store:
        stores.append(open_store(url, patience))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()


@pytest.fixture
def store(url: str, opened: Callable[[str], Store]) -> Store:
    return opened(url)


@pytest.fixture
def etcd_proxy(cluster: etcd.Etcd) -> Iterator[Proxy]:
    """Return a proxy in front of the first member."""
    with in_front_of(cluster.members[0].port) as proxy:
        proxy.concerns = lambda request: b"request_put" in request
        yield proxy


@pytest.fixture
def postgresql_proxy(server: postgresql.Postgresql) -> Iterator[Proxy]:
    """Return a proxy in front of the server."""
    with in_front_of(server.port) as proxy:
        proxy.concerns = lambda request: b"UPDATE keywright_regions" in request or b"INSERT INTO keywright_regions" in request
        yield proxy


@pytest.fixture(params=["etcd", "postgresql"])
def proxied(request: pytest.FixtureRequest) -> tuple[str, str, Proxy]:
    """Return the URL of a registry, the same through a proxy, and the proxy, which strikes only writes."""
    direct: str = request.getfixturevalue(f"{request.param}_url")
    proxy: Proxy = request.getfixturevalue(f"{request.param}_proxy")
    if request.param == "etcd":
        prefix = direct.partition("//")[2].partition("/")[2]
        return direct, f"etcd://127.0.0.1:{proxy.port}/{prefix}", proxy
    server: postgresql.Postgresql = request.getfixturevalue("server")
    return direct, direct.replace(f":{server.port}/", f":{proxy.port}/"), proxy
