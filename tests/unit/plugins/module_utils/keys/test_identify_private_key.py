# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._keys import identify
from ansible_collections.keywright.ssh.plugins.module_utils._keys.generation import generate, public_key_of
from ansible_collections.keywright.ssh.plugins.module_utils._keys.identify import derive_public_key, identify_private_key
from ansible_collections.keywright.ssh.plugins.module_utils._keys.private_key import serialize
from ansible_collections.keywright.ssh.plugins.module_utils._keys.public_key import PublicKey
from ansible_collections.keywright.ssh.plugins.module_utils._keys.wire import string, uint32
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_KEY = generate("ed25519", 256)
_FINGERPRINT = public_key_of(_KEY, "").fingerprint
_BLOB = public_key_of(_KEY, "").blob
_ECDSA = generate("ecdsa", 256)
_PLAIN = serialize(_KEY, public_key_of(_KEY, "c"), "openssh", None)
_ENCRYPTED = serialize(_KEY, public_key_of(_KEY, "c"), "openssh", "secret")
_PKCS8 = serialize(_ECDSA, public_key_of(_ECDSA, ""), "pkcs8", None)
_PKCS8_ENCRYPTED = serialize(_ECDSA, public_key_of(_ECDSA, ""), "pkcs8", "secret")
_SEC1_ENCRYPTED = serialize(_ECDSA, public_key_of(_ECDSA, ""), "pkcs1", "secret")


def _container(data: bytes) -> bytes:
    return base64.b64decode(b"".join(data.split(b"\n")[1:-2]))


def _armor(container: bytes) -> bytes:
    return b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + base64.b64encode(container) + b"\n-----END OPENSSH PRIVATE KEY-----\n"


def _of(key: Any) -> bytes:
    data: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return data


_HEAD = b"openssh-key-v1\0" + string(b"none") + string(b"none") + string(b"")


def _plain(section: bytes, keys: int = 1) -> bytes:
    return _armor(_HEAD + uint32(keys) + string(_BLOB) + string(section))


def _encrypted(options: bytes, section: bytes = bytes(144)) -> bytes:
    head = b"openssh-key-v1\0" + string(b"aes256-ctr") + string(b"bcrypt") + string(options)
    return _armor(head + uint32(1) + string(_BLOB) + string(section))


_SEED = _KEY.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
_OTHER_SEED = generate("ed25519", 256).private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
_FIELDS = _BLOB + string(_SEED + _BLOB[-32:]) + string(b"12345")
_GOOD = uint32(7) + uint32(7) + _FIELDS

_PROBLEMS: dict[str, tuple[bytes, str | None, str]] = {
    "empty": (b"", None, identify.NOT_A_KEY),
    "text": (b"hello", None, identify.NOT_A_KEY),
    "bytes": (bytes(range(256)), None, identify.NOT_A_KEY),
    "too large": (_PLAIN + b"\n" * 70_000, None, identify.NOT_A_KEY),
    "public key": (_PKCS8.replace(b"PRIVATE", b"PUBLIC"), None, identify.NOT_A_KEY),
    "putty": (b"PuTTY-User-Key-File-3: ssh-ed25519\n", None, identify.PUTTY),
    "x25519": (_of(x25519.X25519PrivateKey.generate()), None, identify.UNSUPPORTED),
    "secp256k1": (_of(ec.generate_private_key(ec.SECP256K1())), None, identify.UNSUPPORTED),
    "dsa": (_armor(_HEAD + uint32(1) + string(string(b"ssh-dss") + bytes(9)) + string(b"")), None, identify.UNSUPPORTED),
    "pem without end": (_PKCS8[:-20], None, identify.DAMAGED),
    "pem of other bytes": (_PKCS8.replace(b"M", b"N", 1), None, identify.DAMAGED),
    "pkcs8 encrypted, no passphrase": (_PKCS8_ENCRYPTED, None, identify.LOCKED),
    "sec1 encrypted, no passphrase": (_SEC1_ENCRYPTED, None, identify.LOCKED),
    "pkcs8 encrypted, wrong passphrase": (_PKCS8_ENCRYPTED, "canary", identify.WRONG_PASSPHRASE),
    "sec1 encrypted, wrong passphrase": (_SEC1_ENCRYPTED, "canary", identify.WRONG_PASSPHRASE),
    "passphrase that is not unicode": (_PKCS8_ENCRYPTED, "canary\udc80", identify.WRONG_PASSPHRASE),
    "passphrase too long": (_PKCS8_ENCRYPTED, "canary" * 500, identify.WRONG_PASSPHRASE),
    "openssh without end": (_PLAIN[:-10], None, identify.DAMAGED),
    "openssh begin alone": (b"-----BEGIN OPENSSH PRIVATE KEY-----", None, identify.DAMAGED),
    "openssh without body": (_armor(b""), None, identify.DAMAGED),
    "openssh with other magic": (_armor(b"openssh-key-v2\0" + _container(_PLAIN)[15:]), None, identify.DAMAGED),
    "openssh of two keys": (_plain(_GOOD, keys=2), None, identify.DAMAGED),
    "openssh with trailing bytes": (_armor(_container(_PLAIN) + b"\0"), None, identify.DAMAGED),
    "check numbers differ": (_plain(uint32(7) + uint32(8) + _FIELDS), None, identify.DAMAGED),
    "plain with options of a derivation": (
        _armor(_HEAD[:-4] + string(b"x") + uint32(1) + string(_BLOB) + string(_GOOD)),
        None,
        identify.DAMAGED,
    ),
    "plain with a tag": (_armor(_container(_plain(_GOOD)) + bytes(16)), None, identify.DAMAGED),
    "secret too long": (_plain(_GOOD.replace(string(_SEED + _BLOB[-32:]), string(bytes(8) + _SEED + _BLOB[-32:]))), None, identify.DAMAGED),
    "padding missing": (_plain(_GOOD + b"\1"), None, identify.DAMAGED),
    "padding of other bytes": (_plain(_GOOD[:-1] + b"\0" * 8), None, identify.DAMAGED),
    "padding of a whole block": (_plain(_GOOD + bytes(range(1, 9))), None, identify.DAMAGED),
    "another key inside": (_plain(_GOOD.replace(_BLOB, public_key_of(generate("ed25519", 256), "").blob)), None, identify.DAMAGED),
    "encrypted with unknown cipher": (_armor(_container(_ENCRYPTED).replace(b"aes256-ctr", b"aes257-ctr")), None, identify.DAMAGED),
    "encrypted without derivation": (_armor(_container(_ENCRYPTED).replace(b"\6bcrypt", b"\4none", 1)), None, identify.DAMAGED),
    "encrypted with unknown derivation": (_armor(_container(_ENCRYPTED).replace(b"bcrypt", b"scrypt")), None, identify.DAMAGED),
    "encrypted without salt": (_encrypted(string(b"") + uint32(24)), None, identify.DAMAGED),
    "encrypted in no rounds": (_encrypted(string(bytes(16)) + uint32(0)), None, identify.DAMAGED),
    "encrypted, options too long": (_encrypted(string(bytes(16)) + uint32(24) + b"\0"), None, identify.DAMAGED),
    "encrypted, nothing inside": (_encrypted(string(bytes(16)) + uint32(24), b""), None, identify.DAMAGED),
    "encrypted, no whole block": (_encrypted(string(bytes(16)) + uint32(24), bytes(40)), None, identify.DAMAGED),
    "encrypted, tag of another cipher": (_armor(_container(_ENCRYPTED) + bytes(16)), None, identify.DAMAGED),
    "encrypted, section cut": (_armor(_container(_ENCRYPTED)[:-16]), None, identify.DAMAGED),
}


@pytest.mark.parametrize("name", _PROBLEMS)
def test_a_file_that_shows_no_key_says_why(name: str) -> None:
    data, passphrase, problem = _PROBLEMS[name]
    identity = identify_private_key(data, passphrase)
    assert (identity.problem, identity.fingerprint, identity.blob) == (problem, None, None)
    with pytest.raises(KeyPairError) as caught:
        derive_public_key(data, passphrase)
    assert caught.value.code is ErrorCode.PARAMETER_INVALID
    assert caught.value.message == f"The private key file {problem}."
    assert caught.value.__context__ is None


def test_the_hand_made_file_is_good_before_it_is_spoilt() -> None:
    assert identify_private_key(_encrypted(string(bytes(16)) + uint32(24)), None).fingerprint == _FINGERPRINT
    assert len(_GOOD) % 8 == 0
    assert identify_private_key(_plain(_GOOD), None).fingerprint == _FINGERPRINT


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(_PLAIN.replace(b"\n", b"\r\n"), id="crlf"),
        pytest.param(b"\n " + _PLAIN + b"\n\n", id="white space around"),
        pytest.param(_armor(_container(_PLAIN)), id="one long line"),
        pytest.param(_ENCRYPTED, id="encrypted"),
    ],
)
@pytest.mark.parametrize("passphrase", [None, "secret", "wrong"])
def test_an_openssh_file_is_identified_with_and_without_its_passphrase(data: bytes, passphrase: str | None) -> None:
    assert identify_private_key(data, passphrase).fingerprint == _FINGERPRINT


@pytest.mark.parametrize("data", [_PLAIN, _PKCS8], ids=["openssh", "pkcs8"])
def test_a_passphrase_for_a_file_that_is_not_encrypted_is_ignored(data: bytes) -> None:
    assert identify_private_key(data, "secret").problem is None
    assert not identify_private_key(data, "secret").encrypted
    assert derive_public_key(data, "secret").blob == identify_private_key(data, None).blob


def test_a_file_that_only_looks_right_is_not_derived_from() -> None:
    data = _plain(_GOOD.replace(_SEED, _OTHER_SEED))
    assert identify_private_key(data, None).fingerprint == _FINGERPRINT
    with pytest.raises(KeyPairError, match="is damaged"):
        derive_public_key(data, None)


@pytest.mark.parametrize(("passphrase", "problem"), [(None, identify.LOCKED), ("canary", identify.WRONG_PASSPHRASE)])
def test_an_encrypted_openssh_file_is_derived_from_only_with_its_passphrase(passphrase: str | None, problem: str) -> None:
    with pytest.raises(KeyPairError) as caught:
        derive_public_key(_ENCRYPTED, passphrase)
    assert caught.value.message == f"The private key file {problem}."
    assert derive_public_key(_ENCRYPTED, "secret").fingerprint == _FINGERPRINT


@pytest.mark.parametrize(
    "data", [_PLAIN, _ENCRYPTED, _PKCS8, _PKCS8_ENCRYPTED], ids=["openssh", "openssh encrypted", "pkcs8", "pkcs8 encrypted"]
)
def test_a_file_cut_at_any_byte_is_never_identified(data: bytes) -> None:
    whole = len(data.rstrip())
    assert [end for end in range(whole) if identify_private_key(data[:end], "x").problem is None] == []


@pytest.mark.parametrize("data", [_PLAIN, _ENCRYPTED], ids=["plain", "encrypted"])
def test_a_container_cut_at_any_byte_is_never_identified(data: bytes) -> None:
    container = _container(data)
    assert [end for end in range(len(container)) if identify_private_key(_armor(container[:end]), None).problem is None] == []


def test_a_flipped_bit_outside_of_secret_and_comment_is_noticed() -> None:
    container = _container(_PLAIN)
    unnoticed = set()
    for bit in range(len(container) * 8):
        flipped = bytearray(container)
        flipped[bit // 8] ^= 1 << bit % 8
        if identify_private_key(_armor(bytes(flipped)), None).problem is None:
            unnoticed.add(bit // 8)
    seed, comment = container.index(_SEED), container.rindex(b"c")
    assert unnoticed <= {*range(seed, seed + 32), comment - 1, comment}  # the length before it may swallow the padding


@pytest.mark.parametrize(("key_type", "size"), [("ecdsa", 384), ("rsa", 2048)])
def test_no_flipped_bit_gives_an_error_or_a_key_that_is_not_there(
    key_type: str, size: int, private_key: Callable[[str, int], Any], public_key: Callable[[str, int], PublicKey]
) -> None:
    container = _container(serialize(private_key(key_type, size), public_key_of(private_key(key_type, size), "c"), "openssh", None))
    for at in range(len(container)):
        flipped = container[:at] + bytes([container[at] ^ 1 << at % 8]) + container[at + 1 :]
        identity = identify_private_key(_armor(flipped), None)
        assert identity.problem in (None, identify.DAMAGED, identify.UNSUPPORTED)
        assert identity.fingerprint in (None, public_key(key_type, size).fingerprint)


def test_rsa_primes_that_do_not_give_the_modulus_are_noticed(private_key: Callable[[str, int], Any]) -> None:
    data = serialize(private_key("rsa", 2048), public_key_of(private_key("rsa", 2048), "c"), "openssh", None)
    prime = private_key("rsa", 2048).private_numbers().p.to_bytes(128, "big")
    spoilt = _container(data).replace(prime, prime[:-1] + bytes([prime[-1] ^ 2]))
    assert identify_private_key(data, None).problem is None
    assert identify_private_key(_armor(spoilt), None).problem == identify.DAMAGED


_CIPHERS = ["aes128-ctr", "aes192-cbc", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "3des-cbc"]


@pytest.mark.parametrize("cipher", _CIPHERS)
def test_every_cipher_of_ssh_keygen_is_identified(cipher: str, ssh_keygen: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "made"
    ssh_keygen("-q", "-t", "ed25519", "-Z", cipher, "-a", "1", "-N", "secret", "-C", "", "-f", path)
    identity = identify_private_key(path.read_bytes(), None)
    assert identity.encrypted
    assert identity.fingerprint is not None and identity.fingerprint in ssh_keygen("-l", "-f", path.with_suffix(".pub"))


@pytest.mark.parametrize("form", ["RFC4716", "PEM", "PKCS8"])
@pytest.mark.parametrize(("key_type", "size"), [("ed25519", 256), ("ecdsa", 384), ("rsa", 2048)], ids=str)
@pytest.mark.parametrize("passphrase", ["", "secret"], ids=["plain", "encrypted"])
def test_files_that_ssh_keygen_makes_are_identified_and_derived_from(
    passphrase: str, key_type: str, size: int, form: str, ssh_keygen: Callable[..., str], tmp_path: Path
) -> None:
    path = tmp_path / "made"
    ssh_keygen("-q", "-t", key_type, "-b", str(size), "-m", form, "-a", "1", "-N", passphrase, "-C", "by hand", "-f", path)
    data = path.read_bytes()
    listed = ssh_keygen("-l", "-f", path.with_suffix(".pub")).split(" ")[1]
    assert identify_private_key(data, passphrase or None).fingerprint == listed
    assert derive_public_key(data, passphrase or None).fingerprint == listed


def test_a_security_keys_file_is_identified_and_not_derived_from(security_key: Callable[[str], bytes]) -> None:
    for key_type in ("ed25519-sk", "ecdsa-sk"):
        blob = security_key(key_type)
        section = uint32(7) + uint32(7) + blob + b"\1" + string(b"handle") + string(b"") + string(b"comment")
        data = _armor(_HEAD + uint32(1) + string(blob) + string(section + bytes(range(1, -len(section) % 8 + 1))))
        assert identify_private_key(data, None).blob == blob
        with pytest.raises(KeyPairError, match=identify.UNSUPPORTED):
            derive_public_key(data, None)


def test_an_ed25519_key_in_pkcs8_is_identified_though_it_is_never_written() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    assert identify_private_key(_of(key), None).fingerprint == public_key_of(key, "").fingerprint


def test_without_cryptography_a_pem_file_says_so_and_an_openssh_file_is_identified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identify, "is_installed", lambda library: False)
    assert identify_private_key(_PKCS8, None).problem == identify.UNREADABLE
    assert identify_private_key(_PLAIN, None).fingerprint == _FINGERPRINT


def test_without_bcrypt_only_an_encrypted_openssh_file_cannot_be_derived_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bcrypt", None)
    with pytest.raises(KeyPairError, match="pip install bcrypt"):
        derive_public_key(_ENCRYPTED, "secret")
    assert derive_public_key(_PLAIN, "secret") and derive_public_key(_PKCS8_ENCRYPTED, "secret")


_NOTHING_TO_DO = """
import sys
from ansible_collections.keywright.ssh.plugins.module_utils._keys import generation, private_key
from ansible_collections.keywright.ssh.plugins.module_utils._keys.identify import identify_private_key
from ansible_collections.keywright.ssh.plugins.module_utils._keys.public_key import parse_public_key, public_key_of_line
assert identify_private_key(sys.stdin.buffer.read(), None).fingerprint == public_key_of_line(sys.argv[1]).fingerprint
assert parse_public_key(sys.argv[1]) == public_key_of_line(sys.argv[1])
print(sorted(name for name in ("cryptography", "bcrypt", "ansible") if name in sys.modules))
"""


def test_a_run_with_nothing_to_do_needs_the_standard_library_alone() -> None:
    command = [sys.executable, "-c", _NOTHING_TO_DO, public_key_of(_KEY, "").line("c")]
    path = next(entry for entry in _collection_paths() if (Path(entry) / "ansible_collections" / "keywright" / "ssh").is_dir())
    done = subprocess.run(command, input=_PLAIN, env={"PYTHONPATH": path}, capture_output=True, check=False)
    assert (done.stdout, done.stderr) == (b"[]\n", b"")


def _collection_paths() -> list[str]:
    """Return the folders that may hold ``ansible_collections``: this module's own package's, then the import path."""
    return [identify.__file__.partition("/ansible_collections/")[0], *sys.path]
