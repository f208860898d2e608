# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PgBouncer in front of PostgreSQL: a session for a transaction at a time, without the settings that the one before had."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError, StoreConflictError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Store
from ansible_collections.keywright.ssh.tests.servers import pgbouncer
from ansible_collections.keywright.ssh.tests.servers.pgbouncer import Pgbouncer
from ansible_collections.keywright.ssh.tests.servers.postgresql import Postgresql
from ansible_collections.keywright.ssh.tests.stores.contests import contest
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import REGION, document, key_pair

Open = Callable[..., Store]
PATH = "-csearch_path%3Dteam_a"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def pooler(folder: Path, server: Postgresql) -> Iterator[Pgbouncer]:
    """Return a pooler of transactions."""
    with pgbouncer.running(folder / "pgbouncer", server) as running:
        yield running


@pytest.fixture
def database(server: Postgresql) -> str:
    """Return a database that nobody has used; a pooler has sessions of their own for each."""
    name = f"pooled{next(_numbers)}"
    server.run(f"CREATE DATABASE {name}")
    return name


@contextlib.contextmanager
def _occupied(pooler: Pgbouncer, database: str) -> Iterator[None]:
    """Keep the session that was used last busy for the block: who asks gets another one."""
    psycopg = __import__("psycopg")
    with psycopg.connect(pooler.url(database), autocommit=True) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT 1")
        yield
        connection.execute("ROLLBACK")


@pytest.mark.parametrize("level", ["read committed", "repeatable read", "serializable"])
def test_one_of_many_who_write_at_once_wins_each_round_whatever_session_each_is_given(
    level: str, server: Postgresql, pooler: Pgbouncer, database: str, opened: Open
) -> None:
    server.run(f"ALTER DATABASE {database} SET default_transaction_isolation = '{level}'")
    rounds = 8
    assert contest(lambda: opened(pooler.url(database), 20), 3 * pgbouncer.SESSIONS, rounds) == list(range(rounds))
    assert opened(server.url(database)).read(REGION).document.serial == rounds


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_a_race_is_a_conflict_in_a_session_that_was_not_greeted(
    level: str, server: Postgresql, pooler: Pgbouncer, database: str, opened: Open
) -> None:
    opened(server.url(database)).write(REGION, document(serial=1), None)
    server.run(f"ALTER DATABASE {database} SET default_transaction_isolation = '{level}'")
    store = opened(pooler.url(database), 20)
    version = store.read(REGION).version
    psycopg = __import__("psycopg")
    with _occupied(pooler, database), psycopg.connect(server.url(database)) as other:
        other.execute("UPDATE keywright_regions SET token = gen_random_uuid()")
        committing = threading.Timer(0.5, other.commit)
        committing.start()
        with pytest.raises(StoreConflictError):
            store.write(REGION, document(key_pair("ops")), version)
        committing.join()


@pytest.mark.parametrize("setting", ["off", "local"])
def test_a_write_is_on_disk_before_it_is_done_in_whichever_session_it_is(
    setting: str, server: Postgresql, pooler: Pgbouncer, database: str, opened: Open
) -> None:
    opened(server.url(database)).write(REGION, document(serial=1), None)
    server.run(
        f"ALTER DATABASE {database} SET synchronous_commit = '{setting}';\n"
        "CREATE TABLE seen (setting text);\n"
        "CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;\n"
        "CREATE TRIGGER see AFTER INSERT OR UPDATE ON keywright_regions EXECUTE FUNCTION see()",
        database,
    )
    store = opened(pooler.url(database))
    version = store.read(REGION).version
    with _occupied(pooler, database):
        store.write(REGION, document(serial=2), version)
        store.write("us-1", document()._replace(region="us-1"), None)
        store.settle(REGION)
    assert server.ask("SELECT setting FROM seen", database) == [("on" if setting == "off" else setting,)] * 3


def test_options_that_the_pooler_refuses_are_told_with_what_to_do(pooler: Pgbouncer, database: str, opened: Open) -> None:
    with pytest.raises(KeyPairError, match=r"unsupported startup parameter: options.*'search_path'") as caught:
        opened(pooler.url(database, options=PATH)).read(REGION)
    assert caught.value.code is ErrorCode.REGISTRY_FORBIDDEN


@pytest.mark.parametrize("is_variable", [False, True], ids=["URL", "variable"])
def test_a_path_that_the_pooler_ignores_is_not_the_registry_that_was_meant(
    is_variable: bool, folder: Path, server: Postgresql, database: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.run("CREATE SCHEMA team_a", database)
    if is_variable:
        monkeypatch.setenv("PGOPTIONS", PATH.replace("%3D", "="))
    with pgbouncer.running(folder / database, server, {"ignore_startup_parameters": "options"}) as ignoring:
        url = ignoring.url(database) if is_variable else ignoring.url(database, options=PATH)
        for question in (lambda store: store.missing(), lambda store: store.write(REGION, document(), None)):
            with pytest.raises(KeyPairError, match=r"'team_a'.*pooler") as caught:
                question(opened(url))
            assert caught.value.code is ErrorCode.REGISTRY_FORBIDDEN
    assert server.ask("SELECT to_regclass('public.keywright_regions')", database) == [(None,)]


def test_a_pooler_that_takes_no_more_clients_for_now_is_waited_for(folder: Path, server: Postgresql, database: str, opened: Open) -> None:
    with pgbouncer.running(folder / database, server, {"max_client_conn": "1"}) as full:
        first: Any = opened(full.url(database))
        first.read(REGION)
        threading.Timer(1, first.close).start()
        assert opened(full.url(database), 20).read(REGION).version is None


def test_a_server_behind_the_pooler_that_is_away_for_now_is_waited_for(
    folder: Path, server: Postgresql, database: str, opened: Open
) -> None:
    with pgbouncer.running(folder / database, server, {"server_login_retry": "1", "query_wait_timeout": "1"}) as pooler:
        lasting = opened(pooler.url(database), 30)
        version = lasting.write(REGION, document(), None)
        server.run(f"CREATE DATABASE other_{database}")
        server.kill()
        restarting = threading.Timer(2, server.start)
        restarting.start()
        try:
            assert opened(pooler.url(f"other_{database}"), 30).read(REGION).version is None
            assert lasting.read(REGION).version == version
        finally:
            restarting.join()


def test_an_account_is_bound_by_one_at_a_time_where_sessions_are_lasting(
    folder: Path, server: Postgresql, database: str, opened: Open
) -> None:
    with pgbouncer.running(folder / database, server, {"pool_mode": pgbouncer.SESSION}) as pooler:
        url = pooler.url(database)
        with opened(url).exclusive_account("deploy@web1", 1):
            with pytest.raises(KeyPairError) as caught, opened(url).exclusive_account("deploy@web1", 0.3):
                pytest.fail("two hold one lock")
            assert caught.value.code is ErrorCode.LOCK_TIMEOUT
        with opened(url).exclusive_account("deploy@web1", 1):
            pass


def test_two_who_are_given_one_session_do_not_both_hold_an_account(pooler: Pgbouncer, database: str, opened: Open) -> None:
    holder, other, late = (opened(pooler.url(database)) for _number in range(3))
    other.read(REGION)
    with holder.exclusive_account("deploy@web1", 1):
        for each in (other, late):
            with pytest.raises(KeyPairError, match="pooler") as caught, each.exclusive_account("deploy@web1", 0.3):
                pytest.fail("two hold one lock")
            assert caught.value.code is ErrorCode.REGISTRY_UNWRITABLE
