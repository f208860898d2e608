# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.ssh_keypair import SSH_KEYPAIR
from ansible_collections.keywright.ssh.plugins.module_utils._interface.request import (
    Request,
    parse_names,
    parse_regions,
    parse_registry,
    parse_ssh_keypair,
)
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Delivery
from ansible_collections.keywright.ssh.plugins.module_utils._registry.codec import decode, encode
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import (
    REGION,
    document,
    key_pair,
    material,
    private_key_bytes,
)

LINE = material(0).line("alice")
PEM = "-----BEGIN OPENSSH PRIVATE KEY-----\nQ0FOQVJZ\n-----END OPENSSH PRIVATE KEY-----\n"


def _parse(base: str = "/play", **options: Any) -> Request:
    """Parse a task as it comes out of validation; relative paths are relative to ``base``."""
    return parse_ssh_keypair(_parameters(**options), lambda path: os.path.join(base, path))


def _parameters(**options: Any) -> dict[str, Any]:
    defaults = {name: option.get("default") for name, option in SSH_KEYPAIR.options.items()}
    stated = {"name": ["ops"], "region": "eu-1", "registry": "/registry", **options}
    return {**defaults, **stated}


def test_what_a_task_leaves_out_is_left_out_of_the_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/alice")
    request = _parse()
    wish = request.wish
    left_out = ("type", "size", "material", "comment", "passphrase", "private_key_format", "private_key_dir", "private_key_file", "tags")
    assert {getattr(wish, name) for name in left_out} == {None}
    assert (wish.region, wish.names, wish.present, wish.purge_tags) == ("eu-1", ("ops",), True, True)
    assert (wish.regenerate, wish.on_missing_private_key, wish.remove_private_key, wish.lock_timeout) == ("fail", "warn", False, 60)
    assert wish.default_file("ops") == "/home/alice/.ssh/keywright/eu-1/ops.pem"
    assert request.registry == "/registry"


def test_what_a_task_states_is_in_the_wish() -> None:
    wish = _parse(
        name=["aa", "bb", "aa"],
        state="absent",
        tags={"a": 1},
        purge_tags=False,
        regenerate="never",
        remove_private_key=True,
        on_missing_private_key="ignore",
        lock_timeout=0,
        private_key_dir="keys/",
        comment="x",
    ).wish
    assert (wish.names, wish.present, wish.tags, wish.purge_tags) == (("aa", "bb"), False, {"a": "1"}, False)
    assert (wish.regenerate, wish.remove_private_key, wish.on_missing_private_key) == ("never", True, "ignore")
    assert (wish.lock_timeout, wish.private_key_dir, wish.comment) == (0, "/play/keys", "x")
    assert wish.stated_file("aa") == "/play/keys/aa.pem"


def test_a_public_key_is_parsed_and_its_comment_kept() -> None:
    assert _parse(public_key=f"  {LINE}\n").wish.material == material(0, comment="alice")


@pytest.mark.parametrize(("mode", "cause"), [(0o600, None), (0o640, "has mode 0640, expected 0600")], ids=["private", "readable"])
def test_an_adopted_file_brings_its_public_key_and_what_is_wrong_with_it(mode: int, cause: str | None, tmp_path: Path) -> None:
    file = tmp_path / "found"
    file.write_bytes(private_key_bytes(0, passphrase="zqxjk"))
    file.chmod(mode)
    wish = _parse(str(tmp_path), adopt_private_key_file="found", passphrase="zqxjk").wish
    assert (wish.adopted_file, wish.adopted_cause) == (str(file), cause)
    assert wish.material is not None
    assert wish.material.fingerprint == material(0).fingerprint


def test_a_name_that_is_a_number_is_refused_as_a_name() -> None:
    assert parse_names(["ops", "web"]) == ["ops", "web"]
    with pytest.raises(KeyPairError, match="2026") as caught:
        parse_names(["ops", 2026])
    assert caught.value.code.value == "InvalidKeyPairName.Malformed"


def test_a_name_that_is_null_is_empty_and_not_a_word() -> None:
    with pytest.raises(KeyPairError) as caught:
        parse_names([None])
    assert caught.value.code.value == "InvalidKeyPairName.Malformed"
    assert "None" not in caught.value.message


def test_a_region_that_is_no_text_is_refused_as_a_region() -> None:
    assert parse_regions(["eu-1", "us-1"]) == ["eu-1", "us-1"]
    for wrong, shown in ((2026, "2026"), (None, "None"), (["eu-1"], "eu-1"), ("EU", "EU")):
        with pytest.raises(KeyPairError, match=shown) as caught:
            parse_regions(["eu-1", wrong])
        assert caught.value.code.value == "InvalidRegionId.NotFound"


@pytest.mark.parametrize("wrong", [7, None, ["/a"], {"path": "/a"}])
def test_a_registry_that_is_no_text_is_refused_and_not_shown(wrong: object) -> None:
    with pytest.raises(KeyPairError, match="Option 'destination' must be a path or a URL, and this is no text") as caught:
        parse_registry({"destination": wrong}, str, "destination")
    assert caught.value.code.value == "InvalidParameter"


def test_a_passphrase_is_not_in_the_representation_of_a_wish() -> None:
    assert "zqxjk" not in repr(_parse(passphrase="zqxjk"))


@pytest.mark.parametrize(
    ("path", "resolved"),
    [
        ("/a", "/a"),
        ("/a/", "/a"),
        ("a", "/play/a"),
        ("./a/../b", "/play/b"),
        ("//a//b", "/a/b"),
        ("/a b/\u00e4", "/a b/\u00e4"),
        ("../a", "/a"),
    ],
)
def test_paths_are_absolute_and_in_their_shortest_form(path: str, resolved: str) -> None:
    request = _parse(registry=path, private_key_dir=path)
    assert (request.registry, request.wish.private_key_dir) == (resolved, resolved)


@pytest.mark.parametrize("seconds", [0, 86400])
def test_a_lock_may_be_waited_for_up_to_a_day(seconds: int) -> None:
    assert _parse(lock_timeout=seconds).wish.lock_timeout == seconds


@pytest.mark.parametrize(
    "options", [{"type": "ecdsa", "size": 521, "private_key_format": "pkcs8"}, {"type": "ed25519"}, {"type": "rsa"}], ids=str
)
def test_a_type_goes_with_its_sizes_and_formats_or_with_neither(options: dict[str, Any]) -> None:
    wish = _parse(**options).wish
    stated = {"size": None, "private_key_format": None, **options}
    assert {name: getattr(wish, name) for name in stated} == stated


def test_the_name_of_a_file_is_checked_as_it_is_resolved() -> None:
    with pytest.raises(KeyPairError) as caught:
        parse_ssh_keypair(_parameters(private_key_file="'.keywright.x'"), lambda path: path.strip("'"))  # as a data loader does
    assert caught.value.code.value == "InvalidPath.Malformed"


def test_a_url_is_taken_as_it_is() -> None:
    assert _parse(registry="postgresql://db/keys").registry == "postgresql://db/keys"


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "name": ({"name": ["o"]}, "InvalidKeyPairName.Malformed"),
    "second name": ({"name": ["ops", "../x"]}, "InvalidKeyPairName.Malformed"),
    "pem as name": ({"name": [PEM]}, "InvalidKeyPairName.Malformed"),
    "region": ({"region": "EU"}, "InvalidRegionId.NotFound"),
    "empty region": ({"region": ""}, "InvalidRegionId.NotFound"),
    "pem as region": ({"region": PEM}, "InvalidRegionId.NotFound"),
    "public key": ({"public_key": "x"}, "InvalidPublicKeyBody.Malformed"),
    "pem as public key": ({"public_key": PEM}, "InvalidPublicKeyBody.Malformed"),
    "two names for a public key": ({"public_key": LINE, "name": ["aa", "bb"]}, "InvalidParameter.Conflict"),
    "two names for a file": ({"private_key_file": "/a", "name": ["aa", "bb"]}, "InvalidParameter.Conflict"),
    "two names for an adopted file": ({"adopt_private_key_file": "/a", "name": ["aa", "bb"]}, "InvalidParameter.Conflict"),
    "no name for a file": ({"private_key_file": "/a", "name": []}, "InvalidParameter.Conflict"),
    "size": ({"type": "rsa", "size": 1024}, "InvalidParameter"),
    "size 0": ({"type": "rsa", "size": 0}, "InvalidParameter"),
    "format": ({"type": "ed25519", "private_key_format": "pkcs8"}, "InvalidParameter"),
    "comment": ({"comment": "a\nb"}, "InvalidComment.Malformed"),
    "pem as comment": ({"comment": PEM}, "InvalidComment.Malformed"),
    "passphrase": ({"passphrase": "zqxj"}, "InvalidPassphrase.Malformed"),
    "empty passphrase": ({"passphrase": ""}, "InvalidPassphrase.Malformed"),
    "pem as passphrase": ({"passphrase": PEM}, "InvalidPassphrase.Malformed"),
    "tag key": ({"tags": {"acs:x": "y"}}, "InvalidTagKey.Malformed"),
    "tag value": ({"tags": {"x": "http://y"}}, "InvalidTagValue.Malformed"),
    "tag value of another type": ({"tags": {"x": 1.5}}, "InvalidTagValue.Malformed"),
    "tag twice": ({"tags": {1: "x", "1": "y"}}, "Duplicate.TagKey"),
    "21 tags": ({"tags": {str(number): "" for number in range(21)}}, "QuotaExceed.Tags"),
    "pem as tag": ({"tags": {"x": PEM}}, "InvalidTagValue.Malformed"),
    "directory": ({"private_key_dir": ""}, "InvalidPath.Malformed"),
    "unknown user": ({"private_key_dir": "~nobody-of-that-name/x"}, "InvalidPath.Malformed"),
    "variable": ({"private_key_dir": "/$NOT_SET/x"}, "InvalidPath.Malformed"),
    "pem as directory": ({"private_key_dir": PEM}, "InvalidPath.Malformed"),
    "file that is a directory": ({"private_key_file": "/a/"}, "InvalidPath.Malformed"),
    "file that is a dot": ({"private_key_file": "/a/."}, "InvalidPath.Malformed"),
    "file that is two dots": ({"private_key_file": "/a/b/.."}, "InvalidPath.Malformed"),
    "adopted file that is no path": ({"adopt_private_key_file": ""}, "InvalidPath.Malformed"),
    "file of our own": ({"private_key_file": "/a/.keywright.x"}, "InvalidPath.Malformed"),
    "file too long": ({"private_key_file": "/" + "a" * 256}, "InvalidPath.Malformed"),
    "registry": ({"registry": "a\nb"}, "InvalidPath.Malformed"),
    "pem as registry": ({"registry": PEM}, "InvalidPath.Malformed"),
    "url": ({"registry": "etcd:/h"}, "InvalidRegistry.Malformed"),
    "negative timeout": ({"lock_timeout": -1}, "InvalidParameter"),
    "timeout of more than a day": ({"lock_timeout": 86401}, "InvalidParameter"),
}


@pytest.mark.parametrize(("options", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_a_task_that_breaks_a_rule_is_refused_with_its_code_and_no_secret(options: dict[str, Any], code: str) -> None:
    with pytest.raises(KeyPairError) as caught:
        _parse(**options)
    assert caught.value.code.value == code
    assert "Option" in caught.value.message or "option" in caught.value.message
    assert "Q0FOQVJZ" not in str(caught.value)
    assert "zqxj" not in str(caught.value)
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("base", ["/srv/Private Keys/play", "/srv/line\nbreak", "/srv/\udcff", "/srv/" + "x" * 4100], ids=ascii)
@pytest.mark.parametrize("option", ["private_key_dir", "private_key_file"])
def test_a_path_that_cannot_be_recorded_is_refused_even_if_the_playbooks_directory_is_the_reason(option: str, base: str) -> None:
    try:
        file = _parse(base, **{option: "keys"}).wish.stated_file("ops")
    except KeyPairError as error:
        assert error.code.value == "InvalidPath.Malformed"
        return
    assert file is not None
    _record(file)


@pytest.mark.parametrize("home", ["/home/Private Key", "/home/line\nbreak", "relative", "", "/home/\udcff"], ids=ascii)
def test_a_home_that_cannot_be_recorded_is_refused_where_it_would_be_used(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", home)
    try:
        file = _parse().wish.default_file("ops")
    except KeyPairError as error:
        assert error.code.value == "InvalidPath.Malformed"
        return
    _record(file)
    assert _parse(private_key_dir="/keys").wish.stated_file("ops") == "/keys/ops.pem"


def _record(file: str) -> None:
    """Go through the registry with a file: what input accepts, loading must not refuse."""
    written = document(key_pair(delivery=Delivery("here", file)))
    assert decode(encode(written), REGION) == written
