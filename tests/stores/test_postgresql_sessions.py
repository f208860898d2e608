# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a connection to PostgreSQL keeps, what it does not, and what a database's own settings must not change."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Store
from ansible_collections.keywright.ssh.tests.servers.postgresql import Postgresql
from ansible_collections.keywright.ssh.tests.servers.proxy import HOLD_REQUEST, LOSE_REPLY, Proxy
from ansible_collections.keywright.ssh.tests.stores.contests import contest
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import REGION, document, key_pair

Open = Callable[..., Store]


def _with_setting(url: str, name: str, value: str) -> str:
    return f"{url}%20-c{name}%3D{value}"


def _through(url: str, server: Postgresql, proxy: Proxy) -> str:
    return url.replace(f":{server.port}/", f":{proxy.port}/")


def test_tables_of_a_newer_release_are_refused_however_often_one_store_asks(server: Postgresql, postgresql_url: str, opened: Open) -> None:
    opened(postgresql_url).write(REGION, document(), None)
    server.run(f"INSERT INTO {postgresql_url.rpartition('%3D')[2]}.keywright_schema VALUES (2)")
    store = opened(postgresql_url)
    for _time in range(3):
        with pytest.raises(KeyPairError) as caught:
            store.read(REGION)
        assert caught.value.code is ErrorCode.REGISTRY_NEWER_SCHEMA
    with pytest.raises(KeyPairError):
        store.write(REGION, document(serial=8), None)


def test_who_holds_an_account_keeps_it_while_the_tables_are_looked_for_and_made(postgresql_url: str, opened: Open) -> None:
    holder, other = opened(postgresql_url), opened(postgresql_url)
    with holder.exclusive_account("deploy@web1", 1):
        assert holder.read(REGION).version is None
        assert holder.regions() == []
        holder.write(REGION, document(), None)
        with pytest.raises(KeyPairError) as caught, other.exclusive_account("deploy@web1", 0.2):
            pytest.fail("two hold one lock")
        assert caught.value.code is ErrorCode.LOCK_TIMEOUT


def test_what_the_server_refuses_does_not_give_up_an_account(server: Postgresql, postgresql_url: str, opened: Open) -> None:
    opened(postgresql_url).write(REGION, document(), None)
    read_only = _with_setting(postgresql_url, "default_transaction_read_only", "on") + "&target_session_attrs=any"
    holder, other = opened(read_only), opened(postgresql_url)
    with holder.exclusive_account("deploy@web1", 1):
        with pytest.raises(KeyPairError) as caught:
            holder.write(REGION, document(serial=8), holder.read(REGION).version)
        assert caught.value.code is ErrorCode.REGISTRY_UNWRITABLE
        with pytest.raises(KeyPairError), other.exclusive_account("deploy@web1", 0.2):
            pytest.fail("two hold one lock")


def test_warnings_without_a_server_are_the_error_of_one_that_is_away(postgresql_url: str, server: Postgresql, opened: Open) -> None:
    nobody = postgresql_url.replace(f":{server.port}/", ":1/")
    with pytest.raises(KeyPairError) as caught:
        opened(nobody, 1).warnings()
    assert caught.value.code is ErrorCode.REGISTRY_UNREACHABLE
    assert opened(postgresql_url).warnings() == []


@pytest.mark.parametrize("level", ["serializable", "repeatable%5C%20read"])
def test_a_race_is_a_conflict_whatever_isolation_the_database_has(level: str, postgresql_url: str, opened: Open) -> None:
    url = _with_setting(postgresql_url, "default_transaction_isolation", level)
    opened(url).write(REGION, document(serial=1), None)
    assert contest(lambda: opened(url), 6, 15) == list(range(15))


def test_a_controller_that_loses_its_network_does_not_hold_a_lock_for_hours(postgresql_url: str, opened: Open) -> None:
    store: Any = opened(postgresql_url)
    store.read(REGION)
    ((idle, interval, count),) = store._server.ask(
        "SELECT current_setting('tcp_keepalives_idle')::int, current_setting('tcp_keepalives_interval')::int, "
        "current_setting('tcp_keepalives_count')::int"
    ).fetchall()
    assert 0 < idle + interval * count <= 30


@pytest.mark.parametrize("end", [Postgresql.stop, Postgresql.kill], ids=["stopped", "killed"])
@pytest.mark.parametrize("first", [True, False], ids=["first write", "later write"])
def test_a_server_that_restarts_between_a_commit_and_its_reply_has_the_commit(
    first: bool, end: Callable[[Postgresql], None], server: Postgresql, postgresql_url: str, postgresql_proxy: Proxy, opened: Open
) -> None:
    version = None if first else opened(postgresql_url).write(REGION, document(serial=1), None)
    if first:
        opened(postgresql_url).write("us-1", document()._replace(region="us-1"), None)
    store = opened(_through(postgresql_url, server, postgresql_proxy), 20)
    assert store.read(REGION).version == version
    strikes = postgresql_proxy.concerns
    postgresql_proxy.concerns = lambda request: strikes(request) and not postgresql_proxy.struck
    postgresql_proxy.mode = LOSE_REPLY

    def restart() -> None:
        while not postgresql_proxy.struck:
            time.sleep(0.01)
        time.sleep(0.2)
        end(server)
        server.start()

    restarting = threading.Thread(target=restart)
    restarting.start()
    try:
        written = store.write(REGION, document(key_pair("ops")), version)
    finally:
        restarting.join()
    assert opened(postgresql_url).read(REGION) == (document(key_pair("ops")), written)


def test_a_lost_connection_is_made_again_for_what_may_be_asked_twice(
    server: Postgresql, postgresql_url: str, postgresql_proxy: Proxy, opened: Open
) -> None:
    store = opened(_through(postgresql_url, server, postgresql_proxy), 10)
    version = store.write(REGION, document(), None)
    postgresql_proxy.concerns = lambda _request: not postgresql_proxy.struck
    postgresql_proxy.mode = HOLD_REQUEST
    assert store.read(REGION).version == version
    assert postgresql_proxy.struck == 1
    assert store.warnings() == []
