# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Troubles that servers can be in, each lifted at its end."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..servers import etcd
from ..servers.certificates import Authority
from ..servers.etcd import Member
from .shared_worlds import ETCD, Backend, EtcdBackend, PostgresqlBackend, SharedWorld

PASSWORD = "Canary-zqxj-of-the-server"
SECONDS_AWAY = 1.0
UNREACHABLE, FORBIDDEN, CORRUPT = "Registry.Unreachable", "Registry.AccessDenied", "Registry.Corrupt"

Change = Callable[[str], str]
Begin = Callable[[Backend, Sequence[SharedWorld], list[str]], AbstractContextManager[Change]]


@dataclass(frozen=True)
class Trouble:
    """What refuses every task, with an error code.

    ``begin`` returns how the tasks' URL is changed, and notes problems at its end. ``needs_document`` says that there is no
    trouble where nothing was ever written.
    """

    title: str
    begin: Begin
    code: str
    needs_document: bool = False


def troubles_of(kind: str, folder: Path, sample: bool) -> list[Trouble]:
    """Return the troubles of a kind of server; a sample has one of all."""
    chosen = [Trouble("two of three members killed", _members(lambda members: (members[1:], [])), UNREACHABLE)]
    if sample:
        return chosen if kind == ETCD else []
    if kind != ETCD:
        return [
            Trouble("a user without rights", _as_user("stranger", PASSWORD), FORBIDDEN),
            Trouble("stopped", _stopped, UNREACHABLE),
            Trouble("paused", _paused, UNREACHABLE),
            Trouble("a wrong password", _as_user("stranger", "wrong"), FORBIDDEN),
            Trouble("a document that somebody corrupted", _corrupted, CORRUPT, needs_document=True),
        ]
    return [
        *chosen,
        Trouble("a user without rights", _with_auth("guest", PASSWORD), FORBIDDEN),
        Trouble("a document that somebody corrupted", _corrupted, CORRUPT, needs_document=True),
        Trouble("an expired certificate of the client", _with_tls(folder, "expired"), UNREACHABLE),
        Trouble("two of three members paused", _members(lambda members: ([], members[:2])), UNREACHABLE),
        Trouble("one member killed and one paused", _members(lambda members: (members[:1], members[1:2])), UNREACHABLE),
        Trouble("all members killed", _members(lambda members: (members, [])), UNREACHABLE),
        Trouble("a wrong password", _with_auth("team", "wrong"), FORBIDDEN),
        Trouble("a client's certificate of another authority", _with_tls(folder, "other"), UNREACHABLE),
        Trouble("a server whose certificate is not trusted", _with_tls(folder, "untrusted"), UNREACHABLE),
    ]


def _same(url: str) -> str:
    return url


def _cluster(backend: Backend) -> etcd.Etcd:
    assert isinstance(backend, EtcdBackend)
    return backend.cluster


def _members(choose: Callable[[Sequence[Member]], tuple[Sequence[Member], Sequence[Member]]]) -> Begin:
    """Return a trouble in which some members are killed and some are paused."""

    @contextmanager
    def begin(backend: Backend, _worlds: Sequence[SharedWorld], _problems: list[str]) -> Iterator[Change]:
        cluster = _cluster(backend)
        killed, paused = choose(cluster.members)
        with _hurt(cluster, killed, paused):
            yield _same

    return begin


@contextmanager
def _hurt(cluster: etcd.Etcd, killed: Sequence[Member], paused: Sequence[Member]) -> Iterator[None]:
    for member in killed:
        member.process.kill()
    for member in paused:
        cluster.pause(member)
    try:
        yield
    finally:
        for member in killed:
            member.process.start()
        for member in paused:
            cluster.resume(member)
        cluster.wait_for_leader()


@contextmanager
def leader_killed(backend: Backend) -> Iterator[None]:
    """Kill the leader for the block."""
    with _hurt(_cluster(backend), [_cluster(backend).leader()], []):
        yield


@contextmanager
def leader_paused(backend: Backend) -> Iterator[None]:
    """Pause the leader for the block."""
    with _hurt(_cluster(backend), [], [_cluster(backend).leader()]):
        yield


@contextmanager
def member_paused(backend: Backend) -> Iterator[None]:
    """Pause the member that is asked first, unless it leads."""
    cluster = _cluster(backend)
    leader = cluster.leader()
    with _hurt(cluster, [], [member for member in cluster.members if member is not leader][:1]):
        yield


@contextmanager
def restarted(backend: Backend) -> Iterator[None]:
    """Restart PostgreSQL at once."""
    assert isinstance(backend, PostgresqlBackend)
    backend.server.stop()
    backend.server.start()
    yield


@contextmanager
def killed(backend: Backend) -> Iterator[None]:
    """Kill all processes of PostgreSQL, and start it again a moment later: it recovers what was committed."""
    assert isinstance(backend, PostgresqlBackend)
    backend.server.kill()
    time.sleep(SECONDS_AWAY)
    backend.server.start()
    yield


@contextmanager
def _stopped(backend: Backend, _worlds: Sequence[SharedWorld], _problems: list[str]) -> Iterator[Change]:
    assert isinstance(backend, PostgresqlBackend)
    backend.server.stop()
    try:
        yield _same
    finally:
        backend.server.start()


@contextmanager
def _paused(backend: Backend, _worlds: Sequence[SharedWorld], _problems: list[str]) -> Iterator[Change]:
    assert isinstance(backend, PostgresqlBackend)
    backend.server.pause()
    try:
        yield _same
    finally:
        backend.server.resume()


def _as_user(user: str, password: str) -> Begin:
    """Return the trouble of a user of PostgreSQL who may connect, and no more."""

    @contextmanager
    def begin(backend: Backend, worlds: Sequence[SharedWorld], _problems: list[str]) -> Iterator[Change]:
        assert isinstance(backend, PostgresqlBackend)
        backend.server.run(f"CREATE USER {user} PASSWORD '{PASSWORD}'")
        for world in worlds:
            backend.server.run(f"GRANT USAGE ON SCHEMA {world.name} TO {user}")
        try:
            yield lambda url: re.sub(r"//[^@]*@", f"//{user}:{password}@", url)
        finally:
            backend.server.run(f"DROP OWNED BY {user};\nDROP USER {user}")

    return begin


def _with_auth(user: str, password: str) -> Begin:
    """Return the trouble of a user of etcd who has no rights, or another password."""

    @contextmanager
    def begin(backend: Backend, _worlds: Sequence[SharedWorld], _problems: list[str]) -> Iterator[Change]:
        cluster, first = _cluster(backend), _cluster(backend).members[0]
        cluster.turn_on_auth(PASSWORD)
        try:
            yield lambda url: url.replace("://", f"://{user}:{password}@")
        finally:
            token = cluster.ask(first, "auth/authenticate", {"name": "root", "password": PASSWORD})["token"]
            cluster.ask(first, "auth/disable", {}, token)
            for name in ("team", "guest", "root"):
                cluster.ask(first, "auth/user/delete", {"name": name})
            for name in ("team", "root"):
                cluster.ask(first, "auth/role/delete", {"role": name})

    return begin


def _with_tls(folder: Path, case: str) -> Begin:
    """Return the trouble of a certificate; the cluster that it is shown to is another one."""

    @contextmanager
    def begin(_backend: Backend, _worlds: Sequence[SharedWorld], _problems: list[str]) -> Iterator[Change]:
        ours, other = Authority(folder / f"{case}-authority"), Authority(folder / f"{case}-other", "other")
        certificate, key = (other if case == "other" else ours).issue("client", expired=case == "expired")
        trusted = other if case == "untrusted" else ours
        options = {"ca_file": str(trusted.certificate), "cert_file": str(certificate), "key_file": str(key)}
        with etcd.running(folder / f"{case}-tls", 1, ours) as cluster:
            yield lambda url: cluster.url(url.rpartition(":")[2].partition("/")[2], **options)

    return begin


@contextmanager
def _corrupted(backend: Backend, worlds: Sequence[SharedWorld], problems: list[str]) -> Iterator[Change]:
    """Cut each document short, and look whether it is still as it was cut."""
    documents = {world: backend.read(world.name) for world in worlds}
    written = {world: data for world, data in documents.items() if data is not None}
    for world, data in written.items():
        backend.write(world.name, data[:-9])
    try:
        yield _same
    finally:
        for world, data in written.items():
            if backend.read(world.name) != data[:-9]:
                problems.append(f"a corrupted document was changed, of {world.root.name}")
            backend.write(world.name, data)
