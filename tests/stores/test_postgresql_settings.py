# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of a database, a URL and the environment: encodings, paths of schemas, and libpq's variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Store
from ansible_collections.keywright.ssh.tests.servers.postgresql import Postgresql
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import REGION, document, key_pair

Open = Callable[..., Store]


def _schema(url: str) -> str:
    return url.rpartition("%3D")[2]


def _is_a_registry(url: str, opened: Open) -> None:
    first = opened(url).write(REGION, document(key_pair("ops"), serial=1), None)
    store = opened(url)
    assert store.read(REGION) == (document(key_pair("ops"), serial=1), first)
    assert store.regions() == [REGION]
    assert store.read(REGION).version != store.write(REGION, document(serial=2), first)


def test_a_database_without_an_encoding_holds_a_registry(server: Postgresql, opened: Open) -> None:
    server.run("CREATE DATABASE raw ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    _is_a_registry(server.url("raw"), opened)


@pytest.mark.parametrize("query", ["&client_encoding=SQL_ASCII", "%20-cclient_encoding%3DSQL_ASCII"])
def test_a_url_cannot_change_the_encoding_of_what_the_server_says(query: str, postgresql_url: str, opened: Open) -> None:
    _is_a_registry(postgresql_url + query, opened)


def test_the_environment_cannot_change_the_encoding_of_what_the_server_says(
    postgresql_url: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "SQL_ASCII")
    _is_a_registry(postgresql_url, opened)


@pytest.fixture
def bound_outside(server: Postgresql, postgresql_url: str) -> str:
    """Return the URL of a user who may not use the schema of the registry."""
    user = f"outside_{_schema(postgresql_url)}"
    server.run(f"CREATE USER {user} PASSWORD 'zqxj'")
    return postgresql_url.replace("keywright_tests@", f"{user}:zqxj@")


@pytest.mark.parametrize("path", ["{}", "{},public", '"$user",{},public', '"{}"'])
def test_a_schema_that_the_user_may_not_use_is_neither_empty_nor_replaced_by_the_next_one(
    path: str, server: Postgresql, postgresql_url: str, bound_outside: str, opened: Open
) -> None:
    opened(postgresql_url).write(REGION, document(), None)
    server.run("GRANT CREATE ON SCHEMA public TO PUBLIC")
    url = f"{bound_outside.rpartition('%3D')[0]}%3D{path.format(_schema(postgresql_url)).replace('$', '%24')}"
    for question in (lambda store: store.missing(), lambda store: store.read(REGION), lambda store: store.write(REGION, document(), None)):
        with pytest.raises(KeyPairError, match=r"schema '.*' that does not exist, or that the user may not use") as caught:
            question(opened(url))
        assert caught.value.code is ErrorCode.REGISTRY_FORBIDDEN
    assert server.ask("SELECT to_regclass('public.keywright_regions')") == [(None,)]


@pytest.mark.parametrize("path", ["typo", "typo,public", "%22%22%22ty,po%22,public", "%22%24user%22"])
def test_a_schema_that_does_not_exist_is_not_a_registry_without_key_pairs(path: str, server: Postgresql, opened: Open) -> None:
    with pytest.raises(KeyPairError, match="that does not exist, or that the user may not use") as caught:
        opened(server.url(options=f"-csearch_path%3D{path}")).missing()
    assert caught.value.code is ErrorCode.REGISTRY_FORBIDDEN


@pytest.mark.parametrize("path", ["{0}", "{0},typo", '"$user",{0}', "{1},{0}", "pg_catalog,{0}", '"{1}", "{0}"'])
def test_a_registry_is_found_in_whichever_schema_of_the_path_it_is(
    path: str, server: Postgresql, postgresql_url: str, opened: Open
) -> None:
    opened(postgresql_url).write(REGION, document(), None)
    schema = _schema(postgresql_url)
    server.run(f'CREATE SCHEMA "And, {schema}"' if '"{1}"' in path else f"CREATE SCHEMA and_{schema}")
    names = path.format(schema, f"And, {schema}" if '"{1}"' in path else f"AND_{schema}")
    quoted = names.replace(" ", "%5C%20").replace("$", "%24").replace('"', "%22")
    store = opened(server.url(options=f"-csearch_path%3D{quoted}"))
    assert store.read(REGION).document == document()
    assert store.identity == opened(postgresql_url).identity


def test_a_registry_stays_the_same_when_its_tables_are_made_whatever_its_schema_is_called(server: Postgresql, opened: Open) -> None:
    server.run('CREATE SCHEMA "My Team"')
    url = server.url(options="-csearch_path%3D%22My%5C%20Team%22")
    before = opened(url).identity
    opened(url).write(REGION, document(), None)
    assert opened(url).identity == before


@pytest.mark.parametrize(
    ("variable", "value", "setting"),
    [
        ("PGAPPNAME", "mine", "application_name"),
        ("PGTARGETSESSIONATTRS", "any", "target_session_attrs"),
        ("PGCONNECT_TIMEOUT", "7", "connect_timeout"),
    ],
)
def test_libpqs_variables_have_their_effect(
    variable: str, value: str, setting: str, postgresql_url: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def effective() -> Any:
        store: Any = opened(postgresql_url)
        store.missing()
        options = store._server._connection.pgconn.info
        return {option.keyword.decode(): (option.val or b"").decode() for option in options}[setting]

    assert effective() != value
    monkeypatch.setenv(variable, value)
    assert effective() == value


def test_sessions_are_named_after_the_collection_unless_somebody_names_them(postgresql_url: str, opened: Open) -> None:
    for query, name in (("", "keywright.ssh"), ("&application_name=mine", "mine")):
        store: Any = opened(postgresql_url + query)
        assert store._server.ask("SHOW application_name").fetchall() == [(name,)]


def test_a_file_of_services_says_where_the_server_is(
    server: Postgresql, postgresql_url: str, opened: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    services = tmp_path / "services"
    options = f"-csearch_path={_schema(postgresql_url)}"
    services.write_text(f"[team]\nhost=127.0.0.1\nport={server.port}\nuser=keywright_tests\ndbname=postgres\noptions={options}\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    opened(postgresql_url).write(REGION, document(), None)
    assert opened("postgresql://?service=team").read(REGION).document == document()
