# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random public keys in every form of import: what was written is read back, and ssh-keygen says the same."""

from __future__ import annotations

import subprocess
import tempfile
from base64 import b64encode
from math import gcd, isqrt, prod
from pathlib import Path
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._keys.public_key import PublicKey, parse_public_key, public_key_of_line
from ansible_collections.keywright.ssh.plugins.module_utils._keys.wire import mpint, string
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_public_key
from hypothesis import assume, given, settings
from hypothesis import strategies as st

CURVES: dict[int, Any] = {256: ec.SECP256R1(), 384: ec.SECP384R1(), 521: ec.SECP521R1()}
SMALL_PRIMES = prod(number for number in range(2, 10_000) if all(number % factor for factor in range(2, isqrt(number) + 1)))
WRAPPED_AT = 70
SSH_KEYGEN_TRIES = 12


def _of(key_type: str, size: int, key: Any) -> PublicKey:
    line = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return PublicKey(key_type, size, public_key_of_line(line).blob, "")


def _ecdsa(size: int, secret: int) -> PublicKey:
    return _of("ecdsa", size, ec.derive_private_key(secret, CURVES[size]).public_key())


def _rsa(modulus: int, exponent: int) -> PublicKey:
    return PublicKey("rsa", modulus.bit_length(), string(b"ssh-rsa") + mpint(exponent) + mpint(modulus), "")


def _without_small_factor(number: int) -> int:
    return next(odd for odd in range(number | 1, number + 10_000, 2) if gcd(odd, SMALL_PRIMES) == 1)


moduli = st.integers(2048, 4096).flatmap(lambda bits: st.integers(2 ** (bits - 1), 2**bits - 10_001)).map(_without_small_factor)
rsa_keys = st.builds(_rsa, moduli, st.integers(8, 2**63 - 1).map(lambda number: 2 * number + 1))
ed25519_keys = st.binary(min_size=32, max_size=32).map(
    lambda seed: _of("ed25519", 256, ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key())
)
ecdsa_keys = st.builds(_ecdsa, st.sampled_from(sorted(CURVES)), st.integers(1, 2**255))
keys = ed25519_keys | ecdsa_keys | rsa_keys
comments = st.text(st.characters(codec="utf-8"), max_size=60).map(lambda text: "".join(filter(str.isprintable, text)).strip())


def _pem(key: PublicKey) -> str:
    return load_ssh_public_key(key.line("").encode()).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _rfc4716(key: PublicKey, comment: str) -> str:
    body = b64encode(key.blob).decode()
    lines = [body[start : start + WRAPPED_AT] for start in range(0, len(body), WRAPPED_AT)]
    return "\n".join(["---- BEGIN SSH2 PUBLIC KEY ----", f'Comment: "{comment}"', *lines, "---- END SSH2 PUBLIC KEY ----"])


@settings(max_examples=20)
@given(keys, comments)
def test_every_text_of_a_random_key_is_read_back_as_that_key(key: PublicKey, comment: str) -> None:
    assume("private key" not in comment.lower() and "AAAA" not in comment and not comment.endswith("\\"))
    commented = PublicKey(key.type, key.size, key.blob, comment)
    assert parse_public_key(key.line(comment)) == commented
    assert public_key_of_line(key.line(comment)) == commented
    assert parse_public_key(b64encode(key.blob).decode()) == key
    assert parse_public_key(_rfc4716(key, comment)) == commented
    assert parse_public_key(_pem(key)) == key


def _ssh_keygen(*arguments: str | Path) -> str:
    return subprocess.run(["ssh-keygen", *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=True).stdout


@settings(max_examples=SSH_KEYGEN_TRIES)
@given(keys)
def test_ssh_keygen_says_the_same_of_a_random_key(key: PublicKey) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "key.pub")
        path.write_text(key.line("ops") + "\n")
        assert _ssh_keygen("-l", "-f", path) == f"{key.size} {key.fingerprint} ops ({key.type.upper()})\n"
        assert _ssh_keygen("-l", "-E", "md5", "-f", path).split()[1] == f"MD5:{key.fingerprint_md5}"
        # ssh-keygen before 9.6 does not know ed25519 in PKCS8.
        forms = {"RFC4716": _rfc4716(key, "ops"), **({} if key.type == "ed25519" else {"PKCS8": _pem(key)})}
        for form, text in forms.items():
            path.write_text(text)
            assert _ssh_keygen("-i", "-m", form, "-f", path).strip() == key.line("")
