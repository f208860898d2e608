# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._keys.generation import public_key_of
from ansible_collections.keywright.ssh.plugins.module_utils._keys.identify import Identity, derive_public_key, identify_private_key
from ansible_collections.keywright.ssh.plugins.module_utils._keys.private_key import serialize
from ansible_collections.keywright.ssh.plugins.module_utils._keys.public_key import PublicKey
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_types import CREATABLE_TYPES, KEY_TYPES
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key

_PASSPHRASE = "correct horse; bättery 'staple'"
_EVERY_FILE = [
    (name, size, private_key_format, passphrase)
    for name in CREATABLE_TYPES
    for size, private_key_format, passphrase in product(KEY_TYPES[name].sizes, KEY_TYPES[name].private_key_formats, (None, _PASSPHRASE))
]
_IDS = [f"{name}-{size}-{form}-{'encrypted' if passphrase else 'plain'}" for name, size, form, passphrase in _EVERY_FILE]


@pytest.mark.parametrize(("key_type", "size", "form", "passphrase"), _EVERY_FILE, ids=_IDS)
def test_every_file_is_to_ssh_keygen_and_to_us_the_key_that_was_made(
    key_type: str,
    size: int,
    form: str,
    passphrase: str | None,
    private_key: Callable[[str, int], Any],
    public_key: Callable[[str, int], PublicKey],
    ssh_keygen: Callable[..., str],
    private_file: Callable[[bytes], Path],
) -> None:
    key = public_key(key_type, size)
    data = serialize(private_key(key_type, size), public_key_of(private_key(key_type, size), "Zoë's key"), form, passphrase)
    in_file = "Zoë's key" if form == "openssh" else ""
    assert data.startswith(b"-----BEGIN ") and data.endswith(b"-----\n")

    path = private_file(data)
    assert ssh_keygen("-y", "-P", passphrase or "", "-f", path).rstrip("\n") == key.line(in_file)
    if form == "openssh" or passphrase is None:  # ssh-keygen -l cannot read encrypted PEM
        assert ssh_keygen("-l", "-f", path).split(" ")[1] == key.fingerprint
        assert ssh_keygen("-l", "-E", "md5", "-f", path).split(" ")[1] == f"MD5:{key.fingerprint_md5}"

    assert identify_private_key(data, passphrase) == Identity(key.fingerprint, None, passphrase is not None, key.blob)
    derived = derive_public_key(data, passphrase)
    assert (derived.blob, derived.comment) == (key.blob, in_file if passphrase is None else "")


@pytest.mark.parametrize("comment", ["", "c", "1234567", "12345678", "two words", "東京", "c" * 1024], ids=len)
@pytest.mark.parametrize("passphrase", [None, "secret"])
def test_comments_of_any_length_are_inside_the_file(
    passphrase: str | None,
    comment: str,
    private_key: Callable[[str, int], Any],
    ssh_keygen: Callable[..., str],
    private_file: Callable[[bytes], Path],
) -> None:
    key = private_key("ed25519", 256)
    data = serialize(key, public_key_of(key, comment), "openssh", passphrase)
    printed = ssh_keygen("-y", "-P", passphrase or "", "-f", private_file(data))
    assert printed.rstrip("\n") == public_key_of(key, "").line(comment)


@pytest.mark.parametrize(
    ("form", "load"), [("openssh", load_ssh_private_key), ("pkcs8", load_pem_private_key), ("pkcs1", load_pem_private_key)]
)
def test_the_file_holds_the_private_numbers_themselves(form: str, load: Callable[..., Any], private_key: Callable[[str, int], Any]) -> None:
    for key_type, size in (("ecdsa", 521), ("rsa", 2048)):
        key = private_key(key_type, size)
        assert load(serialize(key, public_key_of(key, ""), form, None), None).private_numbers() == key.private_numbers()
        assert load(serialize(key, public_key_of(key, ""), form, "secret"), b"secret").private_numbers() == key.private_numbers()


def test_salt_and_check_numbers_differ_every_time(private_key: Callable[[str, int], Any]) -> None:
    key = private_key("ed25519", 256)
    for passphrase in (None, "secret"):
        one, other = (serialize(key, public_key_of(key, ""), "openssh", passphrase) for _time in range(2))
        assert one != other


_REFUSED: dict[str, tuple[str, str, str | None, str, ErrorCode]] = {
    "ed25519 as pkcs8": ("ed25519", "pkcs8", None, "", ErrorCode.PARAMETER_INVALID),
    "ed25519 as pkcs1": ("ed25519", "pkcs1", None, "", ErrorCode.PARAMETER_INVALID),
    "unknown format": ("ecdsa", "ppk", None, "", ErrorCode.PARAMETER_INVALID),
    "newline in the comment": ("ed25519", "openssh", None, "a\nb", ErrorCode.COMMENT_MALFORMED),
    "surrogate in the comment": ("ed25519", "openssh", None, "\udc80", ErrorCode.COMMENT_MALFORMED),
    "comment too long": ("ed25519", "openssh", None, "c" * 1025, ErrorCode.COMMENT_MALFORMED),
    "empty passphrase": ("ed25519", "openssh", "", "", ErrorCode.PASSPHRASE_MALFORMED),
    "empty passphrase in pkcs8": ("ecdsa", "pkcs8", "", "", ErrorCode.PASSPHRASE_MALFORMED),
    "passphrase too long": ("ecdsa", "pkcs8", "canary" * 200, "", ErrorCode.PASSPHRASE_MALFORMED),
    "passphrase that is not unicode": ("ed25519", "openssh", "canary\udc80", "", ErrorCode.PASSPHRASE_MALFORMED),
}


@pytest.mark.parametrize("name", _REFUSED)
def test_what_cannot_be_written_is_refused_without_showing_the_passphrase(name: str, private_key: Callable[[str, int], Any]) -> None:
    key_type, form, passphrase, comment, code = _REFUSED[name]
    key = private_key(key_type, 256)
    with pytest.raises(KeyPairError) as caught:
        serialize(key, public_key_of(key, comment), form, passphrase)
    assert caught.value.code is code
    assert caught.value.__context__ is None
    assert "canary" not in caught.value.message


class _BrokenKey:
    """A private key whose library puts the key into its errors."""

    def __init__(self, key: Any) -> None:
        self.public_key = key.public_key

    def private_bytes(self, *_arguments: object) -> bytes:
        raise ValueError("canary: the whole key")


def test_an_error_of_the_library_does_not_travel_with_ours(private_key: Callable[[str, int], Any]) -> None:
    key: Any = _BrokenKey(private_key("ecdsa", 256))
    with pytest.raises(KeyPairError) as caught:
        serialize(key, public_key_of(key, ""), "pkcs8", "canary")
    assert caught.value.code is ErrorCode.PARAMETER_INVALID
    assert "canary: the" not in "".join(traceback.format_exception_only(caught.value))
    assert caught.value.__context__ is None


def test_without_bcrypt_only_openssh_cannot_be_encrypted(private_key: Callable[[str, int], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    ed25519, ecdsa = private_key("ed25519", 256), private_key("ecdsa", 256)
    monkeypatch.setitem(sys.modules, "bcrypt", None)
    with pytest.raises(KeyPairError, match=r"pip install bcrypt.*pkcs8"):
        serialize(ed25519, public_key_of(ed25519, ""), "openssh", "secret")
    assert serialize(ed25519, public_key_of(ed25519, ""), "openssh", None)
    assert serialize(ecdsa, public_key_of(ecdsa, ""), "pkcs8", "secret")
