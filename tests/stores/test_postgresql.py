# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is PostgreSQL's own: tables, rights, schemas, restarts, and rows that somebody else has written."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError, StoreConflictError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.codec import encode
from ansible_collections.keywright.ssh.plugins.module_utils._registry.layout import MAX_BYTES
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Store
from ansible_collections.keywright.ssh.tests.servers.postgresql import Postgresql
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import REGION, document, key_pair

Open = Callable[..., Store]
RIGHTS = """
CREATE USER {user} PASSWORD 'zqxj';
GRANT USAGE ON SCHEMA {schema} TO {user};
"""


def _schema(url: str) -> str:
    return url.rpartition("%3D")[2]


def _refused(store: Store) -> KeyPairError:
    with pytest.raises(KeyPairError) as caught:
        store.read(REGION)
    assert "zqxj" not in caught.value.message
    return caught.value


def test_a_registry_is_the_same_by_every_name_of_the_server_and_no_other_schema_is(
    server: Postgresql, postgresql_url: str, opened: Open
) -> None:
    identity = opened(postgresql_url).identity
    assert opened(postgresql_url.replace("127.0.0.1", "localhost")).identity == identity
    assert opened(server.url()).identity != identity
    server.run("CREATE DATABASE other TEMPLATE template0")
    assert opened(server.url("other")).identity != opened(server.url()).identity


def test_the_tables_are_made_by_the_first_write_only(server: Postgresql, postgresql_url: str, opened: Open) -> None:
    question = f"SELECT relname FROM pg_class WHERE relnamespace = '{_schema(postgresql_url)}'::regnamespace AND relkind = 'r' ORDER BY 1"
    store = opened(postgresql_url)
    store.read(REGION)
    store.regions()
    assert server.ask(question) == []
    store.write(REGION, document(), None)
    assert server.ask(question) == [("keywright_regions",), ("keywright_schema",)]


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", ErrorCode.REGISTRY_CORRUPT, "is not JSON"),
        (encode(document())[:-9], ErrorCode.REGISTRY_CORRUPT, "is not JSON"),
        (encode(document()).replace(b"lineage", b"PRIVATE KEY"), ErrorCode.REGISTRY_SECRET, "PRIVATE KEY"),
        (encode(document()).replace(b'n": 1', b'n": 2'), ErrorCode.REGISTRY_NEWER_SCHEMA, "schema version 2"),
    ],
)
def test_what_somebody_else_has_damaged_is_refused_and_stays(
    data: bytes, code: ErrorCode, words: str, server: Postgresql, postgresql_url: str, opened: Open
) -> None:
    opened(postgresql_url).write(REGION, document(), None)
    server.run(f"UPDATE {_schema(postgresql_url)}.keywright_regions SET document = decode('{data.hex()}', 'hex')")
    error = _refused(opened(postgresql_url))
    assert error.code is code
    assert words in error.message
    assert _refused(opened(postgresql_url)).message == error.message


def test_a_row_that_is_larger_than_any_document_is_refused_and_not_loaded(server: Postgresql, postgresql_url: str, opened: Open) -> None:
    opened(postgresql_url).write(REGION, document(), None)
    server.run(f"UPDATE {_schema(postgresql_url)}.keywright_regions SET document = document || decode(repeat('20', {MAX_BYTES}), 'hex')")
    size = len(encode(document())) + MAX_BYTES
    error = _refused(opened(postgresql_url))
    assert error.code is ErrorCode.REGISTRY_CORRUPT
    assert f"of region '{REGION}'" in error.message
    assert f"has {size} bytes, and a document has at most {MAX_BYTES}" in error.message


def test_tables_of_a_newer_release_are_left_alone(server: Postgresql, postgresql_url: str, opened: Open) -> None:
    opened(postgresql_url).write(REGION, document(), None)
    server.run(f"INSERT INTO {_schema(postgresql_url)}.keywright_schema VALUES (2)")
    error = _refused(opened(postgresql_url))
    assert error.code is ErrorCode.REGISTRY_NEWER_SCHEMA
    assert "have version 2, and this release knows 1" in error.message


def test_the_least_rights_of_the_guide_are_enough_and_less_is_refused(server: Postgresql, postgresql_url: str, opened: Open) -> None:
    schema = _schema(postgresql_url)
    server.run(RIGHTS.format(user="keywright", schema=schema) + RIGHTS.format(user="stranger", schema=schema))
    member, stranger = (postgresql_url.replace("keywright_tests@", f"{user}:zqxj@") for user in ("keywright", "stranger"))
    with pytest.raises(KeyPairError) as caught:
        opened(member).write(REGION, document(), None)
    assert caught.value.code is ErrorCode.REGISTRY_FORBIDDEN
    opened(postgresql_url).write(REGION, document(key_pair("ops")), None)
    server.run(f"GRANT SELECT ON {schema}.keywright_schema TO keywright")
    server.run(f"GRANT SELECT, INSERT, UPDATE ON {schema}.keywright_regions TO keywright")
    store = opened(member)
    assert store.write(REGION, document(serial=8), store.read(REGION).version)
    assert store.write("us-1", document()._replace(region="us-1"), None)
    assert _refused(opened(stranger)).code is ErrorCode.REGISTRY_FORBIDDEN


@pytest.fixture(scope="module")
def registered(server: Postgresql) -> None:
    """Make a user whose password is another one than that of the tests."""
    server.run("CREATE USER registered PASSWORD 'another'")


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("user", ["keywright_tests_x:zqxj", "nobody", "registered:zqxj", "registered"])
def test_who_is_not_let_in_is_told_so_at_once(user: str, server: Postgresql, opened: Open) -> None:
    begin = time.monotonic()
    error = _refused(opened(server.url(user=user), 30))
    assert error.code is ErrorCode.REGISTRY_FORBIDDEN
    assert "does not let us in" in error.message
    assert time.monotonic() - begin < 5


@pytest.mark.parametrize("query", ["nonsense=zqxj", "port=zqxj"])
def test_a_url_that_libpq_does_not_understand_is_refused_without_being_shown(query: str, server: Postgresql, opened: Open) -> None:
    error = _refused(opened(f"postgresql://me:zqxj@127.0.0.1/x?{query}", 1))
    assert error.code in (ErrorCode.REGISTRY_URL, ErrorCode.REGISTRY_FORBIDDEN, ErrorCode.REGISTRY_UNREACHABLE)


def test_a_server_that_is_restarted_is_waited_for(server: Postgresql, postgresql_url: str, opened: Open) -> None:
    store = opened(postgresql_url, 20)
    version = store.write(REGION, document(serial=1), None)
    server.stop()
    server.start()
    assert store.read(REGION).version == version
    server.stop()
    server.start()
    with pytest.raises(StoreConflictError):  # the write was not done, and the run looks again
        store.write(REGION, document(serial=2), version)
    assert store.write(REGION, document(serial=2), store.read(REGION).version)


def test_a_server_that_hangs_is_given_up(server: Postgresql, postgresql_url: str, opened: Open) -> None:
    store = opened(postgresql_url, 2)
    store.read(REGION)
    server.pause()
    begin = time.monotonic()
    try:
        assert _refused(store).code is ErrorCode.REGISTRY_UNREACHABLE
        assert time.monotonic() - begin < 15
    finally:
        server.resume()
    assert store.read(REGION).version is None
