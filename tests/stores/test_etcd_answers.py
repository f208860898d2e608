# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers of etcd that tell less than they seem to, come too slowly, or come from another cluster."""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError, StoreConflictError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.etcd_place import etcd_place
from ansible_collections.keywright.ssh.plugins.module_utils._registry.etcd_store import EtcdStore
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Store
from ansible_collections.keywright.ssh.tests.servers import etcd
from ansible_collections.keywright.ssh.tests.servers.certificates import Authority
from ansible_collections.keywright.ssh.tests.stores.websites import Dripping, Fixed, Gateway, website
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import REGION, document, key_pair
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import World, fingerprint_of, own_files

Open = Callable[..., Store]
FAR_TOO_LONG = 20.0  # whoever waits for an answer that drips takes 40 seconds
PASSWORD = "of-the-team"


def _prefix(url: str) -> str:
    return url.rpartition(":")[2].partition("/")[2]


def _first(held: list[tuple[str, bytes]], needle: bytes) -> Callable[[bytes], bool]:
    """Return what strikes the first request that has these bytes."""
    return lambda body: needle in body and not held


NOT_SURE = {
    "unknown": {"error": "context deadline exceeded", "code": 2},
    "stopped": {"error": "raft: stopped", "code": 2},
    "aborted": {"error": "transport is closing", "code": 10},
    "internal": {"error": "stream terminated by RST_STREAM with error code: INTERNAL_ERROR", "code": 13},
    "data loss": {"error": "etcdserver: corrupt cluster", "code": 15},
    "a code that nobody knows": {"error": "x", "code": 99},
    "no leader any more": {"error": "etcdserver: not leader", "code": 9},
}


@pytest.mark.parametrize("error", NOT_SURE.values(), ids=NOT_SURE)
def test_a_write_that_an_error_does_not_surely_refuse_never_comes_later(
    error: dict[str, Any], cluster: etcd.Etcd, etcd_url: str, opened: Open, tmp_path: Path
) -> None:
    held: list[tuple[str, bytes]] = []
    member = cluster.members[0].port
    strike = staticmethod(_first(held, b'"MOD"'))
    with website(Gateway, port=member, error=error, held=held, strike=strike) as port:
        World(tmp_path, opened(f"etcd://127.0.0.1:{port}/{_prefix(etcd_url)}")).make("ops")
    ((path, body),) = held
    world = World(tmp_path, opened(etcd_url))
    before = world.registered()
    assert Gateway.forward(member, path, body)[0] == 200
    assert world.registered() == before
    world.make("ops")
    assert before is not None
    assert fingerprint_of(world.pem()) == before.fingerprint
    assert own_files(world.keys) == []


def test_a_write_that_is_surely_refused_says_so_and_leaves_no_private_key(
    cluster: etcd.Etcd, etcd_url: str, opened: Open, tmp_path: Path
) -> None:
    held: list[tuple[str, bytes]] = []
    error = {"error": "etcdserver: permission denied", "code": 7}
    with website(Gateway, port=cluster.members[0].port, error=error, held=held, strike=staticmethod(_first(held, b'"MOD"'))) as port:
        world = World(tmp_path, opened(f"etcd://127.0.0.1:{port}/{_prefix(etcd_url)}"))
        with pytest.raises(KeyPairError, match="permission denied") as caught:
            world.make("ops")
    assert caught.value.code is ErrorCode.REGISTRY_FORBIDDEN
    assert not caught.value.outcome_unknown
    assert own_files(tmp_path / "keys") == []


@pytest.mark.parametrize(
    "error",
    [{"error": "auth: revision in header is old", "code": 2}, {"error": "etcdserver: revision of auth store is old", "code": 3}],
    ids=["etcd 3.4", "later ones"],
)
def test_a_write_whose_rights_have_changed_is_done_with_the_new_ones(error: dict[str, Any], folder: Path, opened: Open) -> None:
    held: list[tuple[str, bytes]] = []
    with etcd.running(folder / f"rights-{error['code']}", 1) as running:
        running.turn_on_auth(PASSWORD)
        strike = staticmethod(_first(held, b'"MOD"'))
        with website(Gateway, port=running.members[0].port, error=error, held=held, strike=strike) as port:
            assert opened(f"etcd://team:{PASSWORD}@127.0.0.1:{port}/keywright").write(REGION, document(), None)
    assert len(held) == 1


SHAPES = {
    "no answer": b"{}",
    "a list": b"[]",
    "nothing": b"null",
    "a text": b'"x"',
    "no header": b'{"succeeded": true, "responses": [{"response_put": {}}]}',
    "no responses": b'{"header": {"revision": "7"}, "succeeded": true, "responses": []}',
    "other responses": b'{"header": {"revision": "7"}, "succeeded": true, "responses": [{"response_put": {}}, {"response_put": {}}]}',
    "no revision": b'{"header": {"revision": {}}}',
    "no truth": b'{"header": {"revision": "7"}, "succeeded": "yes", "responses": [{"response_put": {}}]}',
    "keys that are none": b'{"header": {"revision": "7"}, "succeeded": true, "responses": [{"response_range": {"kvs": [{}]}}, {}]}',
    "no Base64": b'{"header": {"revision": "7"}, "succeeded": true, "responses": [{"response_range": {"kvs": [{"key": "a", '
    b'"value": "a", "mod_revision": "1"}]}}, {"response_range": {}}]}',
}


@pytest.mark.parametrize("shape", SHAPES)
def test_an_answer_of_another_shape_is_none(shape: str, opened: Open) -> None:
    with website(Fixed, answer=SHAPES[shape]) as port:
        for user in ("", "team:zqxj@"):
            url = f"etcd://{user}127.0.0.1:{port}/keywright"
            for ask in (lambda store: store.read(REGION), lambda store: store.regions(), lambda store: store.identity):
                with pytest.raises(KeyPairError) as caught:
                    ask(opened(url, 0.3))
                assert caught.value.code is ErrorCode.REGISTRY_UNREACHABLE


@pytest.mark.parametrize("version", [b"[]", b"{}", b'{"etcdserver": 1}', b'{"etcdserver": "x"}', b"null"])
def test_a_server_that_tells_no_version_of_etcd_is_passed_over(version: bytes, opened: Open) -> None:
    with website(Fixed, version=version) as port, pytest.raises(KeyPairError) as caught:
        opened(f"etcd://127.0.0.1:{port}/keywright", 0.3).read(REGION)
    assert caught.value.code is ErrorCode.REGISTRY_UNREACHABLE


@pytest.mark.parametrize("body", [b"{}", b"[]", b"null", b'{"header": {"revision": "7"}}'])
def test_a_write_that_is_answered_with_another_shape_may_come(body: bytes, opened: Open) -> None:
    with website(Fixed, answer=body) as port, pytest.raises(KeyPairError) as caught:
        opened(f"etcd://127.0.0.1:{port}/keywright", 0.3).write(REGION, document(), None)
    assert caught.value.outcome_unknown


@pytest.mark.parametrize("begins", [Dripping.begins, b"HTTP/1.1 200 OK\r\nX-Header: "], ids=["body", "header"])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_an_answer_that_drips_is_not_waited_for(begins: bytes, tls: bool, opened: Open, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with website(_DrippingWithTls if tls else Dripping, begins=begins, authority=authority) as port:
        scheme, query = ("etcds", f"?ca_file={authority.certificate}") if tls else ("etcd", "")
        begin = time.monotonic()
        with pytest.raises(KeyPairError, match="does not answer in time") as caught:
            opened(f"{scheme}://127.0.0.1:{port}/keywright{query}", 1).read(REGION)
    assert time.monotonic() - begin < FAR_TOO_LONG
    assert caught.value.code is ErrorCode.REGISTRY_UNREACHABLE


class _DrippingWithTls(Dripping):
    authority: Authority

    def setup(self) -> None:
        certificate, key = self.authority.issue("dripping", common_name="127.0.0.1")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.request = context.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.request.close()


def test_of_many_members_who_are_silent_none_takes_all_the_patience(opened: Open) -> None:
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _member in range(12)]
        hosts = ",".join(f"127.0.0.1:{listener.getsockname()[1]}" for listener in listeners)
        begin = time.monotonic()
        with pytest.raises(KeyPairError) as caught:
            opened(f"etcd://{hosts}/keywright", 3).read(REGION)
    assert caught.value.message.count("does not answer in time") == len(listeners)
    assert time.monotonic() - begin < 12  # one after the other for a second or more, they take longer


def test_a_member_who_is_well_is_asked_although_others_are_silent_and_there_is_no_patience(
    cluster: etcd.Etcd, etcd_url: str, opened: Open
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        silent = ",".join(f"127.0.0.1:{listener.getsockname()[1]}" for listener in (one, other))
        store = opened(f"etcd://{silent},127.0.0.1:{cluster.members[0].port}/{_prefix(etcd_url)}", 0)
        assert store.read(REGION).version is None


@pytest.mark.parametrize("option", ["password_file", "ca_file", "cert_file"])
def test_a_file_that_nobody_writes_to_is_not_waited_for(option: str, tmp_path: Path, opened: Open) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with website(Fixed) as port, pytest.raises(KeyPairError, match="is a FIFO") as caught:
        opened(f"{'etcd' if option == 'password_file' else 'etcds'}://u@127.0.0.1:{port}/keywright?{option}={fifo}", 1).read(REGION)
    assert caught.value.code is ErrorCode.REGISTRY_UNREADABLE


def test_a_registry_that_turns_into_that_of_another_cluster_is_refused(
    cluster: etcd.Etcd, etcd_url: str, folder: Path, opened: Open
) -> None:
    with etcd.running(folder / "another-cluster", 1) as another:
        prefix = _prefix(etcd_url)
        opened(another.url(prefix)).write(REGION, document(key_pair("web")), None)
        with website(Gateway, port=cluster.members[0].port, held=[], strike=staticmethod(lambda _body: False)) as port:
            store = opened(f"etcd://127.0.0.1:{port},127.0.0.1:{another.members[0].port}/{prefix}")
            with store.exclusive(REGION, 5):
                version = store.write(REGION, document(key_pair("ops")), None)
        for ask in (
            lambda: store.read(REGION),
            store.regions,
            lambda: store.settle(REGION),
            lambda: store.write(REGION, document(key_pair("ops"), serial=9), version),
            lambda: store.write(REGION, document(key_pair("ops"), serial=9), opened(another.url(prefix)).read(REGION).version),
        ):
            with pytest.raises(KeyPairError, match="is now another one than at the beginning of the run") as caught:
                ask()
            assert caught.value.code is ErrorCode.REGISTRY_UNREADABLE
        assert list(opened(another.url(prefix)).read(REGION).document.key_pairs) == ["web"]


def test_whoever_loses_to_another_in_the_same_registry_is_told_of_a_conflict(etcd_url: str, opened: Open) -> None:
    store = opened(etcd_url)
    with store.exclusive(REGION, 5):
        opened(etcd_url).write(REGION, document(key_pair("web")), None)
        with pytest.raises(StoreConflictError):
            store.write(REGION, document(key_pair("ops")), None)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "[::1]"])
def test_who_does_not_leave_the_machine_needs_no_tls(host: str) -> None:
    assert EtcdStore(etcd_place(f"etcd://{host}/p", {}), 1).warnings() == []


@pytest.mark.parametrize("host", ["localhost.example.com", "127.example.com", "10.0.0.1", "[::2]", "localhost,10.0.0.1"])
def test_who_leaves_the_machine_without_tls_is_warned(host: str) -> None:
    (warning,) = EtcdStore(etcd_place(f"etcd://{host}/p", {}), 1).warnings()
    assert "is not reached through TLS" in warning
