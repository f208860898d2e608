# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long connecting to PostgreSQL may take, and which failures of it are waited out."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Store
from ansible_collections.keywright.ssh.tests.servers import postgresql
from ansible_collections.keywright.ssh.tests.servers.certificates import Authority
from ansible_collections.keywright.ssh.tests.servers.postgresql import Postgresql, complaint
from ansible_collections.keywright.ssh.tests.servers.proxy import CUT, HOLD_REQUEST, Proxy, in_front_of
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import REGION

Open = Callable[..., Store]
STARTUP_PACKET = b"\0\3\0\0"
TLS_HANDSHAKE = b"\x16"


@pytest.fixture
def silent() -> Iterator[list[str]]:
    """Return six addresses that take connections and say nothing."""
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=50)) for _number in range(6)]
        yield [f"127.0.0.1:{listener.getsockname()[1]}" for listener in listeners]


@pytest.mark.parametrize(("hosts", "query"), [(6, ""), (1, "?connect_timeout=20"), (1, "?connect_timeout=0")])
def test_hosts_that_are_silent_are_given_up_within_the_patience_however_many_they_are(
    hosts: int, query: str, silent: list[str], opened: Open
) -> None:
    begin = time.monotonic()
    with pytest.raises(KeyPairError, match="did not answer within 3 seconds") as caught:
        opened(f"postgresql://me@{','.join(silent[:hosts])}/x{query}", 3).read(REGION)
    assert caught.value.code is ErrorCode.REGISTRY_UNREACHABLE
    assert time.monotonic() - begin < 10


def test_the_variable_for_the_time_of_connecting_does_not_prolong_the_patience(
    silent: list[str], opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "20")
    begin = time.monotonic()
    with pytest.raises(KeyPairError, match="did not answer within 3 seconds"):
        opened(f"postgresql://me@{silent[0]}/x", 3).read(REGION)
    assert time.monotonic() - begin < 10


def test_a_host_after_silent_ones_is_reached_within_the_patience(
    silent: list[str], server: Postgresql, postgresql_url: str, opened: Open
) -> None:
    real = f"127.0.0.1:{server.port}"
    store = opened(postgresql_url.replace(real, f"{silent[0]},{silent[1]},{real}"), 9)
    assert store.read(REGION).version is None


def test_a_connection_that_comes_about_too_late_is_closed(server: Postgresql, opened: Open) -> None:
    store = opened(server.url(application_name="late", connect_timeout="20"), 1)
    server.pause()
    try:
        with pytest.raises(KeyPairError, match="did not answer within 1 seconds"):
            store.read(REGION)
    finally:
        server.resume()
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'late'"
    deadline = time.monotonic() + 20
    while server.ask(sessions) != [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _strike(proxy: Proxy, mode: str, times: int, marks: Callable[[bytes], bool]) -> None:
    proxy.concerns = lambda request: marks(request) and proxy.struck < times
    proxy.mode = mode


def test_a_connection_that_is_cut_while_tls_begins_is_made_again(folder: Path, opened: Open) -> None:
    authority = Authority(folder / "authority-cut", "authority")
    with (
        postgresql.running(folder / "tls-cut", authority.issue("server", "127.0.0.1", False)) as server,
        in_front_of(server.port) as proxy,
    ):
        _strike(proxy, CUT, 2, lambda request: request.startswith(TLS_HANDSHAKE))
        store = opened(server.url(port=proxy.port, sslmode="require"), 20)
        assert store.read(REGION).version is None
        assert proxy.struck == 2


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("57P03", "the database system is starting up"),
        ("53300", "sorry, too many clients already"),
        ("08P01", "no more connections allowed (max_client_conn)"),
        ("08P01", "server login has been failing, try again later (server_login_retry)"),
        ("08P01", "pgbouncer cannot connect to server"),
        ("08P01", "query_wait_timeout"),
        ("08P01", "client_login_timeout (server down)"),
    ],
)
def test_a_server_that_takes_no_connections_for_now_is_waited_for(
    state: str, words: str, server: Postgresql, postgresql_url: str, postgresql_proxy: Proxy, opened: Open
) -> None:
    postgresql_proxy.last_words = complaint("FATAL", state, words)
    _strike(postgresql_proxy, HOLD_REQUEST, 4, lambda request: request[4:8] == STARTUP_PACKET)
    url = postgresql_url.replace(f":{server.port}/", f":{postgresql_proxy.port}/")
    assert opened(f"{url}&sslmode=disable&gssencmode=disable", 20).read(REGION).version is None
    assert postgresql_proxy.struck == 4


COMPLAINING = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0), backlog=50)
print(listener.getsockname()[1], flush=True)
while True:
    client, _address = listener.accept()
    client.recv(65536)
    client.sendall(bytes.fromhex(sys.argv[1]))
    client.close()
"""


@pytest.mark.parametrize(
    ("state", "words", "code"),
    [
        ("57P03", "das Datenbanksystem startet", ErrorCode.REGISTRY_UNREACHABLE),
        ("28000", "kein pg_hba.conf-Eintrag", ErrorCode.REGISTRY_FORBIDDEN),
    ],
)
def test_whether_a_refusal_will_pass_is_told_apart_in_every_language(state: str, words: str, code: ErrorCode, opened: Open) -> None:
    answer = complaint("FATAL", state, words).hex()  # from another process: libpq's ping stops the threads of this one
    with subprocess.Popen([sys.executable, "-c", COMPLAINING, answer], stdout=subprocess.PIPE, text=True) as complaining:
        try:
            assert complaining.stdout is not None
            port = int(complaining.stdout.readline())
            with pytest.raises(KeyPairError, match=words) as caught:
                opened(f"postgresql://me@127.0.0.1:{port}/x?sslmode=disable&gssencmode=disable", 3).read(REGION)
        finally:
            complaining.kill()
    assert caught.value.code is code


def test_a_database_that_does_not_exist_is_told_at_once(server: Postgresql, opened: Open) -> None:
    begin = time.monotonic()
    with pytest.raises(KeyPairError, match=r'does not let us in: .*"nowhere" does not exist') as caught:
        opened(server.url("nowhere"), 60).read(REGION)
    assert caught.value.code is ErrorCode.REGISTRY_FORBIDDEN
    assert time.monotonic() - begin < 20
