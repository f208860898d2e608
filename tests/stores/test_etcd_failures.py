# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster that is restarted, hangs, is full or is half spoken to while it is used."""

from __future__ import annotations

import hashlib
import http.server
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError, StoreConflictError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Document
from ansible_collections.keywright.ssh.plugins.module_utils._registry import leases
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Store
from ansible_collections.keywright.ssh.tests.servers import etcd
from ansible_collections.keywright.ssh.tests.servers.certificates import Authority
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import REGION, document, key_pair

Open = Callable[..., Store]


def _noise(size: int) -> Document:
    """Return a document that takes at least ``size`` bytes however well it is compressed."""
    tags = [{f"t{n}": hashlib.sha512(f"{number} {n}".encode()).hexdigest() for n in range(10)} for number in range(size // 640 + 1)]
    return document(*(key_pair(f"k{number}", 0, tags=each) for number, each in enumerate(tags)))


@pytest.fixture(scope="module")
def small(folder: Path) -> Iterator[etcd.Etcd]:
    """Return a cluster that takes little."""
    arguments = ["--max-request-bytes", "4096", "--quota-backend-bytes", "100000"]
    with etcd.running(folder / "little", 1, arguments=arguments) as running:
        yield running


def test_members_that_are_restarted_one_after_the_other_are_not_noticed(cluster: etcd.Etcd, etcd_url: str, opened: Open) -> None:
    stop = threading.Event()
    failures: list[Exception] = []
    written: list[int] = []

    def use() -> None:
        store, serial, version = opened(etcd_url, 30), 0, None
        while not stop.is_set():
            serial += 1
            try:
                version = store.write(REGION, document(serial=serial), version)
                written.append(serial)
            except StoreConflictError:
                snapshot = store.read(REGION)
                serial, version = snapshot.document.serial, snapshot.version
            except Exception as error:
                failures.append(error)
                return

    user = threading.Thread(target=use)
    user.start()
    try:
        for member in cluster.members:
            before = len(written)
            member.process.stop(signal.SIGTERM)
            cluster.wait_for_leader()
            cluster.restart(member)
            while len(written) < before + 5 and user.is_alive():
                time.sleep(0.01)
    finally:
        stop.set()
        user.join()
    assert failures == []


def test_a_cluster_that_hangs_is_given_up_when_the_patience_is_over(cluster: etcd.Etcd, etcd_url: str, opened: Open) -> None:
    patience = 1
    store = opened(etcd_url, patience)
    store.read(REGION)
    for member in cluster.members:
        cluster.pause(member)
    begin = time.monotonic()
    try:
        for ask in (lambda: store.read(REGION), lambda: store.write(REGION, document(), None)):
            with pytest.raises(KeyPairError, match=f"did not answer within {patience} seconds") as caught:
                ask()
            assert caught.value.code is ErrorCode.REGISTRY_UNREACHABLE
            assert time.monotonic() - begin < patience + 4
            begin = time.monotonic()
    finally:
        for member in cluster.members:
            cluster.resume(member)
        cluster.wait_for_leader()
    assert opened(etcd_url, 20).read(REGION).document.key_pairs == {}


def test_what_a_paused_leader_was_asked_to_write_is_never_written_later(cluster: etcd.Etcd, etcd_url: str, opened: Open) -> None:
    before = opened(etcd_url).write(REGION, document(key_pair("web"), serial=6), None)
    leader = cluster.leader()
    others = [member for member in cluster.members if member is not leader]
    prefix = etcd_url.rpartition(":")[2].partition("/")[2]
    store = opened(cluster.part(leader, *others).url(prefix), 30)
    assert store.read(REGION).version == before
    cluster.pause(leader)
    begin = time.monotonic()
    try:
        with pytest.raises(StoreConflictError):
            store.write(REGION, document(key_pair("ops")), before)
        assert time.monotonic() - begin < 9.5  # the paused one is waited for once, for 5 seconds
        after = store.read(REGION)
    finally:
        cluster.resume(leader)
        cluster.wait_for_leader()
    time.sleep(1)
    assert opened(etcd_url).read(REGION) == after
    assert list(after.document.key_pairs) == ["web"]


def test_who_holds_an_account_for_long_keeps_it_although_a_member_dies(
    cluster: etcd.Etcd, etcd_url: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LEASE_SECONDS", 3)
    with opened(etcd_url).exclusive_account("deploy@web1", 5):
        cluster.members[0].process.kill()
        try:
            with pytest.raises(KeyPairError) as caught, opened(etcd_url, 10).exclusive_account("deploy@web1", 5):
                pytest.fail("two hold one lock")
            assert caught.value.code is ErrorCode.LOCK_TIMEOUT
        finally:
            cluster.restart(cluster.members[0])
    with opened(etcd_url).exclusive_account("deploy@web1", 0.5):
        pass


def test_reading_makes_no_key(cluster: etcd.Etcd, etcd_url: str, opened: Open) -> None:
    def revision() -> str:
        answer = cluster.ask(cluster.members[0], "kv/range", {"key": "AA==", "range_end": "AA==", "count_only": True})
        return str(answer["header"]["revision"])

    before = revision()
    store = opened(etcd_url)
    assert (store.read(REGION).version, store.regions(), store.warnings()) == (None, [], [])
    assert store.missing() is not None
    store.check_room(REGION, document(), 1)
    assert store.identity
    assert revision() == before


@pytest.mark.parametrize("size", [10_000, 700_000], ids=["for etcd", "for gRPC"])
def test_a_document_that_the_server_finds_too_large_is_told_as_such(size: int, small: etcd.Etcd, opened: Open) -> None:
    with pytest.raises(KeyPairError) as caught:
        opened(small.url("large")).write(REGION, _noise(size), None)
    assert caught.value.code is ErrorCode.REGISTRY_TOO_LARGE
    assert opened(small.url("large")).read(REGION).version is None


def test_a_server_that_is_full_is_told_as_such_and_has_all_that_was_not_refused(small: etcd.Etcd, opened: Open) -> None:
    store = opened(small.url("full"))
    versions: list[str | None] = [None]
    with pytest.raises(KeyPairError, match="database space exceeded") as caught:
        for serial in range(1, 1000):
            versions.append(store.write(REGION, _noise(1500)._replace(serial=serial), versions[-1]))
    assert caught.value.code is ErrorCode.REGISTRY_UNWRITABLE
    after = store.read(REGION)
    assert (after.version, after.document.serial) == (versions[-1], len(versions) - 1)


ANSWERS = {  # a status, a body, and how many bytes of it are missing
    "cut off": (200, b'{"header": {"cluster_id": "1"', 100),
    "a website's": (200, b"<html>", 0),
    "no object": (200, b"[]", 0),
    "of a server that stops": (503, b'{"error": "etcdserver: server stopped", "code": 14}', 0),
    "of a busy server": (429, b'{"error": "etcdserver: too many requests", "code": 8}', 0),
}


class _Website(http.server.BaseHTTPRequestHandler):
    answer = (200, b"", 0)

    def do_POST(self) -> None:
        status, body, missing = self.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) + missing))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        return


@pytest.mark.parametrize("kind", ANSWERS)
def test_an_answer_that_is_none_is_passed_over(kind: str, cluster: etcd.Etcd, etcd_url: str, opened: Open) -> None:
    handler = type("Handler", (_Website,), {"answer": ANSWERS[kind]})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as website:
        threading.Thread(target=website.serve_forever, args=(0.02,), daemon=True).start()
        prefix = etcd_url.rpartition(":")[2].partition("/")[2]
        false = f"127.0.0.1:{website.server_address[1]}"
        with pytest.raises(KeyPairError) as caught:
            opened(f"etcd://{false}/{prefix}", 0.3).read(REGION)
        assert caught.value.code is ErrorCode.REGISTRY_UNREACHABLE
        store = opened(f"etcd://{false},127.0.0.1:{cluster.members[0].port}/{prefix}", 5)
        assert store.read(REGION).version is None
        assert store.write(REGION, document(), None)
        website.shutdown()


@pytest.mark.parametrize("case", ["garbage", "key of another", "no key in it", "garbage as authority"])
def test_files_that_hold_no_certificates_are_refused_at_once(case: str, cluster: etcd.Etcd, opened: Open, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue("client")
    _other, other_key = authority.issue("other")
    garbage = tmp_path / "garbage"
    garbage.write_text("nothing\n")
    port = cluster.members[0].port
    files = {
        "garbage": f"ca_file={authority.certificate}&cert_file={garbage}&key_file={key}",
        "key of another": f"ca_file={authority.certificate}&cert_file={certificate}&key_file={other_key}",
        "no key in it": f"ca_file={authority.certificate}&cert_file={certificate}",
        "garbage as authority": f"ca_file={garbage}",
    }[case]
    begin = time.monotonic()
    with pytest.raises(KeyPairError) as caught:
        opened(f"etcds://127.0.0.1:{port}/keywright?{files}", 20).read(REGION)
    assert caught.value.code is ErrorCode.REGISTRY_UNREADABLE
    assert time.monotonic() - begin < 5


def test_who_speaks_tls_to_a_server_that_does_not_is_told_so(cluster: etcd.Etcd, opened: Open) -> None:
    with pytest.raises(KeyPairError, match="perhaps it speaks no TLS") as caught:
        opened(f"etcds://127.0.0.1:{cluster.members[0].port}/keywright", 0.5).read(REGION)
    assert caught.value.code is ErrorCode.REGISTRY_UNREACHABLE


def test_who_speaks_no_tls_to_a_server_that_does_is_told_so(opened: Open, folder: Path) -> None:
    with (
        etcd.running(folder / "private", 1, Authority(folder / "private-authority")) as private,
        pytest.raises(KeyPairError, match="perhaps it speaks only TLS") as caught,
    ):
        opened(f"etcd://127.0.0.1:{private.members[0].port}/keywright", 0.5).read(REGION)
    assert caught.value.code is ErrorCode.REGISTRY_UNREACHABLE
