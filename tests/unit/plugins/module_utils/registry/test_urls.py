# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""URLs of registries: what they name, what is refused, and that no password is ever shown."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._interface.request import parse_registry
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.backends import open_store
from ansible_collections.keywright.ssh.plugins.module_utils._registry.etcd_place import EtcdPlace, etcd_place
from ansible_collections.keywright.ssh.plugins.module_utils._registry.urls import (
    MAX_BYTES,
    check_postgresql,
    is_path,
    is_url,
    secrets_of,
    shown_url,
)

SECRET = "zq xj%"
CODED = "zq%20xj%25"


@pytest.mark.parametrize("path", ["/a", "/a:/b", "/s3://x", "1s3://x", "s3:/x"])
def test_a_path_is_a_directory_of_documents(path: str) -> None:
    assert not is_url(path)
    store: Any = open_store(path)
    assert store.path == path


@pytest.mark.parametrize("url", ["file:///srv/keys", "file://localhost/srv/keys", "FILE:///srv/k%65ys"])
def test_a_file_url_is_the_same_as_its_path(url: str) -> None:
    store: Any = open_store(url)
    assert store.path == "/srv/keys"


@pytest.mark.parametrize("url", ["file://host/srv", "file://srv", "file:///srv?x=1", "file://me@/srv"])
def test_a_file_url_that_is_not_of_this_machine_is_refused(url: str) -> None:
    with pytest.raises(KeyPairError, match="Option 'registry'") as caught:
        open_store(url)
    assert caught.value.code is ErrorCode.REGISTRY_URL


@pytest.mark.parametrize("url", ["file:///srv/a%00b", "file:///srv/a%0ab", "file:///srv/PRIVATE%20KEY", "file:///%61" + "b" * 4095])
def test_a_file_url_keeps_the_rules_of_paths(url: str) -> None:
    with pytest.raises(KeyPairError, match="Option 'registry' must be") as caught:
        open_store(url)
    assert caught.value.code is ErrorCode.REGISTRY_URL


@pytest.mark.parametrize("url", ["s3://user:zqxj@bucket", "HTTP://x", "consul://x"])
def test_a_backend_that_this_release_does_not_have_is_named_without_the_rest_of_the_url(url: str) -> None:
    assert is_url(url)
    with pytest.raises(KeyPairError, match=f"names a backend '{url.split(':', maxsplit=1)[0].lower()}'") as caught:
        open_store(url)
    assert caught.value.code is ErrorCode.REGISTRY_UNKNOWN_BACKEND
    assert "zqxj" not in caught.value.message


PLACES: dict[str, tuple[tuple[tuple[str, int], ...], str]] = {
    "etcd://a": ((("a", 2379),), "keywright"),
    "etcd://a:1,b.example.com:65535,[::1]:2/": ((("a", 1), ("b.example.com", 65535), ("::1", 2)), "keywright"),
    "etcd://a/teams/one": ((("a", 2379),), "teams/one"),
}


@pytest.mark.parametrize("url", PLACES)
def test_the_members_and_the_prefix_of_etcd_stand_in_the_url(url: str) -> None:
    place = etcd_place(url, {})
    assert (place.endpoints, place.prefix, place.tls, place.user, place.password) == (*PLACES[url], False, None, None)
    assert etcd_place(url.replace("etcd://", "etcds://"), {}).tls


def test_what_the_url_leaves_out_is_in_the_environment() -> None:
    names = ("ca_file", "cert_file", "key_file", "password_file")
    environment = {f"KEYWRIGHT_ETCD_{name.upper()}": f"/env/{name}" for name in names}
    environment |= {"KEYWRIGHT_ETCD_USER": "env", "KEYWRIGHT_ETCD_PASSWORD": SECRET, "KEYWRIGHT_ETCD_MAX_REQUEST_BYTES": "7"}
    shown = "etcds://me@a/p"
    assert etcd_place("etcds://me@a/p?ca_file=/url/ca&max_request_bytes=99", environment) == EtcdPlace(
        shown, (("a", 2379),), "p", True, "/url/ca", "/env/cert_file", "/env/key_file", "me", SECRET, "/env/password_file", 99
    )
    assert etcd_place("etcd://a", environment).user == "env"
    stated = etcd_place("etcd://me@a?password_file=/url/password", environment)
    assert (stated.password, stated.password_file) == (None, "/url/password")
    assert etcd_place("etcd://me:mine@a", environment).password == "mine"


@pytest.mark.parametrize(
    "url",
    [
        "etcd://",
        "etcd://a:0",
        "etcd://a:65536",
        "etcd://a:port",
        "etcd://a,,b",
        "etcd://a b",
        "etcd://a/p q",
        "etcd://a/p//q",
        "etcd://a/%2e%2e/q",
        "etcd://a/../q",
        "etcd://a/p/.",
        "etcd://a/regions/p",
        "etcd://a?ca=/x",
        "etcd://a?password=zqxj",
        "etcd://a?ca_file=relative",
        "etcd://a?max_request_bytes=0",
        "etcd://a?max_request_bytes=-1",
        "etcd://a?max_request_bytes=1e6",
        "etcd://a\n",
        "etcd://u:zqxj@a/p q",
        "etcd://u:zq/zqxj@a",
        "etcd://u:zq?zqxj@a",
        "etcd://u:zqxj/p",
        "etcd://:zqxj@a",
        "etcd://u@a?user=v",
        "etcd://a?password_file=/x",
        "etcd://u:zqxj@a?password_file=/x",
        "etcd://a?ca_file=/x",
        "etcd://a?cert_file=/x&key_file=/y",
        "etcds://a?key_file=/x",
        "etcds://a?ca_file=/x&ca_file=/y",
        "etcds://a?ca_file=/x%00y",
        "etcd://u@a?password_file=/x%0ay",
    ],
)
def test_a_malformed_url_of_etcd_is_refused_without_its_password(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USER", "CERT_FILE"):
        monkeypatch.delenv(f"KEYWRIGHT_ETCD_{name}", raising=False)
    with pytest.raises(KeyPairError, match="Option 'registry'") as caught:
        open_store(url)
    assert caught.value.code is ErrorCode.REGISTRY_URL
    assert "zqxj" not in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"etcd://me:{CODED}@a:1,b/p?ca_file=/x", "etcd://me@a:1,b/p"),
        (f"postgresql://me:{CODED}@db/keys?sslmode=require", "postgresql://me@db/keys"),
        (f"postgresql://db/keys?user=me&password={CODED}", "postgresql://db/keys"),
        (f"postgresql://:{CODED}@db/keys", "postgresql://db/keys"),
    ],
)
def test_a_password_is_found_to_be_masked_and_never_shown(url: str, shown: str) -> None:
    assert {SECRET, CODED} <= set(secrets_of(url))
    assert shown_url(url) == shown


@pytest.mark.parametrize("url", ["etcd://u:p/a@h", "etcd://u:p?a@h", "postgresql://u:p#a@h/d", "postgresql://h/d?password=a@b"])
def test_a_url_that_may_have_its_password_in_the_wrong_place_is_not_shown_at_all(url: str) -> None:
    assert shown_url(url) == f"{url.partition(':')[0]}://..."


MASKED = {  # a URL, and the texts in it that are passwords to somebody
    "postgresql://h/d?password=zq+xj": {"zq+xj"},
    "postgresql://u:zqxj1@h/d?password=zqxj2": {"zqxj1", "zqxj2"},
    "postgresql://u:zq?xj@h/d": {"zq?xj"},
    "postgresql://u:zq#xj@h/d": {"zq#xj"},
    "postgresql://u:zq/xj@h/d": {"zq/xj"},
    "postgresql://u:zq@xj@h/d": {"zq@xj", "zq"},
    "postgresql://h/d?sslpassword=zq%2Bxj&x=1": {"zq%2Bxj", "zq+xj"},
    "postgresql://h/d?x=1&PassWord=zqxj": {"zqxj"},
    "postgresql://h/d?x=1&pass%77ord=zqxj": {"zqxj"},
    "etcds://u:zq%40xj@h/p": {"zq%40xj", "zq@xj"},
    "etcd://u@h:2379/p": set(),
    "file:///srv/keys": set(),
}


@pytest.mark.parametrize("url", MASKED)
def test_whoever_takes_a_url_apart_finds_no_password_that_is_not_masked(url: str) -> None:
    found = set(secrets_of(url))
    assert found >= MASKED[url]
    assert bool(found) is bool(MASKED[url])


AMBIGUOUS = [  # libpq would tell a part of the password as the name of a host or a port
    "postgresql://user:pa@zqxj@h/db",
    "postgresql://user:pa/zqxj@h/db",
    "postgresql://user:pa?zqxj@h/db",
    "postgresql://user:pa?x=zqxj@h/db",
    "postgresql://user:pa#zqxj@h/db",
    "postgresql://user:zqxj/db",
    "postgresql://user:x@h:zqxj/db",
    "postgres://user:x@h,h:zqxj/db",
    "postgresql://h?user=zqxj@x",
]


@pytest.mark.parametrize("url", AMBIGUOUS)
def test_a_url_that_libpq_would_take_apart_in_another_way_is_refused_before_it_sees_it(url: str) -> None:
    with pytest.raises(KeyPairError, match="percent-encoded") as caught:
        open_store(url)
    assert caught.value.code is ErrorCode.REGISTRY_URL
    assert "zqxj" not in caught.value.message
    assert "zqxj" not in shown_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://",
        "postgresql:///db?host=/run/postgresql",
        "postgresql://u:p%40%2F%3F%23@h/db",
        "postgresql://u@[::1]:5432,h:1,%2Frun/db?user=me@corp",
        "postgresql://h/db?user=me@corp&password=a@b",
    ],
)
def test_a_url_that_libpq_takes_apart_as_we_do_is_left_to_it(url: str) -> None:
    check_postgresql(url)


def test_a_url_that_is_too_long_is_refused_before_it_is_looked_at() -> None:
    with pytest.raises(KeyPairError, match=f"must be a URL of at most {MAX_BYTES} bytes") as caught:
        parse_registry({"registry": "etcd://" + "a" * MAX_BYTES + "#"}, "/playbooks/".__add__)
    assert caught.value.code is ErrorCode.REGISTRY_URL
    assert len(caught.value.message) < 100


MEANT_AS_A_URL = [
    " postgresql://user:zqxj@h/db",
    '"postgresql://user:zqxj@h/db"',
    "'etcd://user:zqxj@h/db",
    "jdbc:postgresql://user:zqxj@h/db",
    "\ufeffetcd://user:zqxj@h/p",
    "user:zqxj://h",
    "/registry=etcd://user:zqxj@h",
    "host=x password=zqxj",
    "host=x PASSWORD = zqxj",
    "user=zqxj host=x",
    "dbname=zqxj",
]


@pytest.mark.parametrize("text", MEANT_AS_A_URL)
def test_what_was_meant_as_a_url_is_not_taken_for_a_path(text: str) -> None:
    assert not is_path(text)
    with pytest.raises(KeyPairError, match="must be a path, or a URL that begins with its scheme") as caught:
        parse_registry({"registry": text}, "/playbooks/".__add__)
    assert caught.value.code is ErrorCode.REGISTRY_URL
    assert "zqxj" not in caught.value.message


@pytest.mark.parametrize(
    "text", ["etcd:/h/p", "etcds:h", "postgresql:u:zqxj@h/db", "POSTGRES:x", "file:/srv", ' "etcd:u:zqxj@h', "jdbc:postgresql:zqxj"]
)
def test_a_url_without_its_slashes_is_not_taken_for_a_path(text: str) -> None:
    with pytest.raises(KeyPairError, match="must have '//' after the scheme") as caught:
        parse_registry({"registry": text}, "/playbooks/".__add__)
    assert caught.value.code is ErrorCode.REGISTRY_URL
    assert "zqxj" not in caught.value.message


@pytest.mark.parametrize("path", ["etcd", "./etcd:x", "files:x", "etcdx:y", "passwords", "my host", "./host=x", "a:/b"])
def test_a_path_that_begins_like_a_scheme_is_a_path(path: str) -> None:
    assert parse_registry({"registry": path}, "/playbooks/".__add__).startswith("/playbooks/")


def test_a_place_does_not_show_its_password() -> None:
    assert "zqxj" not in repr(etcd_place("etcd://me:zqxj@a", {}))
