# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is etcd's own: members that die, certificates, passwords, sizes, and keys that somebody else has written."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Document
from ansible_collections.keywright.ssh.plugins.module_utils._registry.codec import encode
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Store
from ansible_collections.keywright.ssh.tests.servers import etcd
from ansible_collections.keywright.ssh.tests.servers.certificates import Authority
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import REGION, document, key_pair

Open = Callable[..., Store]
PASSWORD = "zqxj of the team"
CODED = PASSWORD.replace(" ", "%20")


def _refused(opened: Open, url: str) -> KeyPairError:
    with pytest.raises(KeyPairError) as caught:
        opened(url, 2).read(REGION)
    assert "zqxj" not in caught.value.message
    return caught.value


def test_a_registry_is_the_same_through_every_member(cluster: etcd.Etcd, etcd_url: str, opened: Open) -> None:
    prefix = etcd_url.rpartition(":")[2].partition("/")[2]
    assert opened(etcd_url).identity == "etcd:unclaimed"
    for url in (etcd_url, f"{etcd_url}-other"):
        with opened(url).exclusive(REGION, 5):
            pass
    identities = {opened(cluster.part(member).url(prefix)).identity for member in cluster.members}
    assert identities == {opened(etcd_url).identity}
    assert "etcd:unclaimed" not in identities
    assert opened(f"{etcd_url}-other").identity not in identities
    assert opened(etcd_url).regions() == []


def test_many_who_come_first_at_once_agree_on_what_the_registry_is(etcd_url: str, opened: Open) -> None:
    identities: list[str] = []

    def claim() -> None:
        store = opened(etcd_url)
        with store.exclusive(REGION, 5):
            identities.append(store.identity)

    threads = [threading.Thread(target=claim) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(identities) == 8
    assert len(set(identities)) == 1


@pytest.mark.parametrize("hurt", ["killed", "paused", "leader killed", "leader paused"])
def test_a_member_that_is_gone_is_passed_over(hurt: str, cluster: etcd.Etcd, etcd_url: str, opened: Open) -> None:
    store = opened(etcd_url, 30)
    version = store.write(REGION, document(key_pair("ops"), serial=1), store.read(REGION).version)
    member = cluster.leader() if "leader" in hurt else cluster.members[0]
    member.process.kill() if "killed" in hurt else cluster.pause(member)
    try:
        assert store.read(REGION).document.serial == 1
        assert store.write(REGION, document(key_pair("ops"), serial=2), version)
    finally:
        cluster.restart(member) if "killed" in hurt else cluster.resume(member)
        cluster.wait_for_leader()


def test_without_a_majority_nothing_is_read_or_written(cluster: etcd.Etcd, etcd_url: str, opened: Open) -> None:
    opened(etcd_url).write(REGION, document(serial=1), None)
    for member in cluster.members[1:]:
        member.process.kill()
    begin = time.monotonic()
    try:
        error = _refused(opened, etcd_url)
        assert error.code is ErrorCode.REGISTRY_UNREACHABLE
        assert time.monotonic() - begin < 15
    finally:
        for member in cluster.members[1:]:
            member.process.start()
        cluster.wait_for_leader()
    assert opened(etcd_url, 20).read(REGION).document.serial == 1


def _put(cluster: etcd.Etcd, url: str, data: bytes) -> None:
    prefix = url.rpartition(":")[2].partition("/")[2]
    key = base64.b64encode(f"{prefix}/regions/{REGION}".encode()).decode()
    cluster.ask(cluster.members[0], "kv/put", {"key": key, "value": base64.b64encode(data).decode()})


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", ErrorCode.REGISTRY_CORRUPT, "is not compressed by gzip"),
        (encode(document()), ErrorCode.REGISTRY_CORRUPT, "is not compressed by gzip"),
        (gzip.compress(encode(document()))[:-9], ErrorCode.REGISTRY_CORRUPT, "is not compressed by gzip"),
        (gzip.compress(encode(document())) + b"x", ErrorCode.REGISTRY_CORRUPT, "is not compressed by gzip"),
        (gzip.compress(encode(document())[:-9]), ErrorCode.REGISTRY_CORRUPT, "is not JSON"),
        (gzip.compress(bytes(64 << 20)), ErrorCode.REGISTRY_CORRUPT, "or is too large"),
        (gzip.compress(encode(document()).replace(b"lineage", b"PRIVATE KEY")), ErrorCode.REGISTRY_SECRET, "PRIVATE KEY"),
        (gzip.compress(encode(document()).replace(b'n": 1', b'n": 2')), ErrorCode.REGISTRY_NEWER_SCHEMA, "schema version 2"),
    ],
)
def test_what_somebody_else_has_damaged_is_refused_and_stays(
    data: bytes, code: ErrorCode, words: str, cluster: etcd.Etcd, etcd_url: str, opened: Open
) -> None:
    _put(cluster, etcd_url, data)
    error = _refused(opened, etcd_url)
    assert error.code is code
    assert words in error.message
    assert _refused(opened, etcd_url).message == error.message


def test_a_document_that_is_too_large_is_refused_before_and_by_the_server(cluster: etcd.Etcd, etcd_url: str, opened: Open) -> None:
    large = _large()
    with pytest.raises(KeyPairError, match=r"would have \d+ bytes compressed, and etcd takes 9000") as caught:
        opened(f"{etcd_url}?max_request_bytes=9000").check_room(REGION, large, 0)
    assert caught.value.code is ErrorCode.REGISTRY_TOO_LARGE
    opened(etcd_url).check_room(REGION, large, 0)
    with pytest.raises(KeyPairError) as caught:
        opened(etcd_url).check_room(REGION, document(), 2 << 20)
    assert caught.value.code is ErrorCode.REGISTRY_TOO_LARGE


def test_a_server_with_a_smaller_limit_than_we_know_of_is_told_as_such(folder: Path, opened: Open) -> None:
    with etcd.running(folder / "small", 1, arguments=["--max-request-bytes", "4096"]) as small:
        large = _large()
        with pytest.raises(KeyPairError, match="request is too large") as caught:
            opened(small.url()).write(REGION, large, None)
        assert caught.value.code is ErrorCode.REGISTRY_TOO_LARGE
        assert opened(small.url()).read(REGION).version is None


def _large() -> Document:
    """Return a document that cannot be compressed to less than 9,000 bytes."""
    tags = [{"t": hashlib.sha512(str(number).encode()).hexdigest()} for number in range(200)]
    return document(*(key_pair(f"k{number}", tags=tags[number]) for number in range(200)))


@pytest.fixture(scope="module")
def guarded(folder: Path) -> Iterator[etcd.Etcd]:
    """Return a cluster that asks for passwords."""
    with etcd.running(folder / "guarded", 1) as running:
        running.turn_on_auth(PASSWORD)
        yield running


def test_who_has_the_password_is_let_in(guarded: etcd.Etcd, opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    urls = [guarded.url(user=f"team:{CODED}"), guarded.url(user="team", password_file=str(file))]
    version = opened(urls[0]).write(REGION, document(), opened(urls[0]).read(REGION).version)
    assert [opened(url).read(REGION).version for url in urls] == [version, version]
    monkeypatch.setenv("KEYWRIGHT_ETCD_USER", "team")
    monkeypatch.setenv("KEYWRIGHT_ETCD_PASSWORD", PASSWORD)
    assert opened(guarded.url()).read(REGION).version == version


def test_who_has_the_rights_of_the_prefix_can_do_all_that_a_store_does(guarded: etcd.Etcd, opened: Open) -> None:
    store = opened(guarded.url("keywright/all", f"team:{CODED}"))
    with store.exclusive_account("deploy@web1", 5):
        store.write(REGION, document(), None)
        assert store.regions() == [REGION]
        with (
            pytest.raises(KeyPairError, match="was not free"),
            opened(guarded.url("keywright/all", f"team:{CODED}")).exclusive_account("deploy@web1", 0.2),
        ):
            pytest.fail("two hold one lock")
    with store.exclusive_account("deploy@web1", 0.2):
        pass


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ("team:zqxj", "refuses user 'team' with the given password"),
        ("nobody:zqxj", "refuses user 'nobody' with the given password"),
        (f"guest:{CODED}", "permission denied"),
        ("team", "has a user and no password"),
        ("", "user name is empty"),
    ],
)
def test_who_has_no_right_is_refused_at_once(user: str, words: str, guarded: etcd.Etcd, opened: Open) -> None:
    begin = time.monotonic()
    error = _refused(opened, guarded.url(user=user))
    assert error.code is ErrorCode.REGISTRY_FORBIDDEN
    assert words in error.message
    assert time.monotonic() - begin < 2


def test_a_token_that_has_ended_is_asked_for_anew(guarded: etcd.Etcd, opened: Open) -> None:
    store: Any = opened(guarded.url(user=f"team:{CODED}"))
    store.read(REGION)
    client = store._cluster._connected[0].client
    client.session.headers["Authorization"] = "an.old.token"
    store.read(REGION)
    assert client.session.headers["Authorization"] != "an.old.token"


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority(folder / "authority")


@pytest.fixture(scope="module")
def trusted(folder: Path, authority: Authority) -> Iterator[etcd.Etcd]:
    """Return a cluster with TLS that asks clients for certificates."""
    with etcd.running(folder / "trusted", 1, authority) as running:
        yield running


def test_who_has_a_certificate_is_let_in(trusted: etcd.Etcd, authority: Authority, opened: Open) -> None:
    certificate, key = authority.issue("client")
    url = trusted.url(cert_file=str(certificate), key_file=str(key))
    store = opened(url)
    assert store.write(REGION, document(), None)
    assert store.warnings() == []


@pytest.mark.parametrize("case", ["other authority", "expired", "no certificate", "not trusted by us", "no such file"])
def test_a_certificate_that_is_not_good_is_refused_at_once_with_the_reason(
    case: str, trusted: etcd.Etcd, authority: Authority, folder: Path, opened: Open
) -> None:
    other = Authority(folder / "other", "other")
    issuer = other if case == "other authority" else authority
    certificate, key = issuer.issue(f"client-{case.replace(' ', '-')}", expired=case == "expired")
    options = {"cert_file": str(certificate), "key_file": str(key)}
    if case == "no certificate":
        options = {}
    if case == "not trusted by us":
        options["ca_file"] = str(other.certificate)
    if case == "no such file":
        options["cert_file"] = "/nowhere"
    begin = time.monotonic()
    with contextlib.closing(opened(trusted.url(**options), 30)) as store, pytest.raises(KeyPairError) as caught:
        store.read(REGION)
    assert time.monotonic() - begin < 10
    expected = ErrorCode.REGISTRY_UNREADABLE if case == "no such file" else ErrorCode.REGISTRY_UNREACHABLE
    assert caught.value.code is expected
    assert ("cannot be read" if case == "no such file" else "is not trusted, or does not trust us") in caught.value.message
