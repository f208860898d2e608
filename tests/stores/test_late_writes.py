# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A write that the server does long after everybody has given it up: the private key must still be there then."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Store
from ansible_collections.keywright.ssh.tests.servers.postgresql import Postgresql, complaint
from ansible_collections.keywright.ssh.tests.servers.proxy import HOLD_REQUEST, SILENT, Proxy
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import document
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.faults import Alarm
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import World, fingerprint_of, own_files

Open = Callable[..., Store]


@pytest.fixture
def held(server: Postgresql, postgresql_url: str, opened: Open, tmp_path: Path) -> Iterator[tuple[World, Any]]:
    """Return a world whose region's row somebody else has locked, and that transaction."""
    psycopg = pytest.importorskip("psycopg")
    World(tmp_path, opened(postgresql_url)).make("web")
    with psycopg.connect(postgresql_url) as connection:
        connection.execute("SELECT 1 FROM keywright_regions FOR UPDATE")
        yield World(tmp_path, opened(postgresql_url, 1)), connection


def _is_whole(world: World) -> None:
    """Check, after whatever was on its way, that the next run ends with the registered private key."""
    for _time in range(2):
        world.make("ops")
    record = world.registered()
    assert record is not None
    assert fingerprint_of(world.pem()) == record.fingerprint
    assert own_files(world.keys) == []


@pytest.mark.parametrize("runs", [1, 2], ids=["one run", "two runs"])
def test_a_private_key_is_kept_as_long_as_its_write_may_come(runs: int, held: tuple[World, Any]) -> None:
    world, transaction = held
    for _run in range(runs):
        with pytest.raises(KeyPairError) as caught:
            world.make("ops")
        assert caught.value.code is ErrorCode.REGISTRY_UNREACHABLE
    assert own_files(world.keys)
    transaction.rollback()
    _is_whole(world)


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Interrupt the block as a task's ``timeout`` does."""

    def strike(_number: int, _frame: object) -> None:
        raise Alarm

    before = signal.signal(signal.SIGALRM, strike)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_tasks_timeout_in_the_middle_of_a_write_loses_no_private_key(held: tuple[World, Any]) -> None:
    world, transaction = held
    with pytest.raises(Alarm), _alarm(0.6):
        world.make("ops")
    assert own_files(world.keys)
    transaction.rollback()
    _is_whole(world)


@pytest.mark.parametrize("first", [True, False], ids=["first write", "later write"])
@pytest.mark.parametrize(
    ("severity", "state", "words"),
    [
        ("FATAL", "58000", "unable to read data from DB node 0"),
        ("PANIC", "53100", "could not write to file"),
        ("FATAL", "XX000", "lost"),
        ("FATAL", "57P01", "terminating connection"),
    ],
)
def test_a_private_key_is_kept_when_a_server_ends_the_session_in_the_middle_of_a_write_that_comes_later(
    severity: str,
    state: str,
    words: str,
    first: bool,
    server: Postgresql,
    postgresql_url: str,
    postgresql_proxy: Proxy,
    opened: Open,
    tmp_path: Path,
) -> None:
    postgresql_proxy.last_words = complaint(severity, state, words)
    strikes = postgresql_proxy.concerns
    postgresql_proxy.concerns = lambda request: strikes(request) and not postgresql_proxy.struck
    if first:
        opened(postgresql_url).write("us-1", document()._replace(region="us-1"), None)  # so that there are tables
    else:
        World(tmp_path, opened(postgresql_url)).make("web")
    world = World(tmp_path, opened(postgresql_url.replace(f":{server.port}/", f":{postgresql_proxy.port}/"), 5))
    postgresql_proxy.mode = HOLD_REQUEST
    world.make("ops")
    assert postgresql_proxy.struck == 1
    postgresql_proxy.release()
    _is_whole(world)


def test_a_tasks_timeout_is_not_held_up_by_a_server_that_is_silent(proxied: tuple[str, str, Proxy], opened: Open, tmp_path: Path) -> None:
    direct, url, proxy = proxied
    World(tmp_path, opened(direct)).make("web")
    writes = proxy.concerns
    proxy.concerns, proxy.mode = (lambda request: bool(proxy.struck) or writes(request)), SILENT
    world = World(tmp_path, opened(url, 60))
    begin = time.monotonic()
    with pytest.raises(Alarm), _alarm(3):
        world.make("ops", lock_timeout=60)
    assert time.monotonic() - begin < 30  # a minute, if the store's patience were waited for
    assert proxy.struck
    assert own_files(world.keys)
    _is_whole(World(tmp_path, opened(direct)))


def test_a_standby_decides_nothing(server: Postgresql, postgresql_url: str, opened: Open, tmp_path: Path) -> None:
    with pytest.raises(KeyPairError) as caught:
        World(tmp_path, opened(f"{postgresql_url}&target_session_attrs=standby", 2)).make("ops")
    assert caught.value.code is ErrorCode.REGISTRY_UNREACHABLE
    assert not (tmp_path / "keys").exists()
