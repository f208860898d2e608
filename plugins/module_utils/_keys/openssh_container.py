# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OpenSSH's private key file (OpenSSH's PROTOCOL.key), written with a comment and read without opening what is encrypted.

``cryptography`` writes no comment, and reading with it costs a no-op run more than everything else.
"""

from __future__ import annotations

import binascii
import os
from collections.abc import Callable
from typing import NamedTuple

from ansible_collections.keywright.ssh.plugins.module_utils._keys.dependencies import require_bcrypt
from ansible_collections.keywright.ssh.plugins.module_utils._keys.wire import (
    MalformedKeyError,
    Reader,
    decode_base64,
    describe_blob,
    mpint,
    string,
    uint32,
)

BEGIN = b"-----BEGIN OPENSSH PRIVATE KEY-----"
END = b"-----END OPENSSH PRIVATE KEY-----"
_MAGIC = b"openssh-key-v1\0"
_NONE = b"none"
_BLOCK = 8  # of the padding of a file that is not encrypted
_WIDTH = 70

_CIPHER, _KDF = b"aes256-ctr", b"bcrypt"
_CIPHER_KEY, _CIPHER_BLOCK = 32, 16
_SALT, _ROUNDS = 16, 24  # what ssh-keygen uses since 9.4

# Name: bytes of a block, and of the tag after the encrypted part (OpenSSH's cipher.c).
_CIPHERS = {
    b"3des-cbc": (8, 0),
    b"aes128-cbc": (16, 0),
    b"aes192-cbc": (16, 0),
    b"aes256-cbc": (16, 0),
    b"aes128-ctr": (16, 0),
    b"aes192-ctr": (16, 0),
    b"aes256-ctr": (16, 0),
    b"aes128-gcm@openssh.com": (16, 16),
    b"aes256-gcm@openssh.com": (16, 16),
    b"chacha20-poly1305@openssh.com": (8, 16),
}


class Container(NamedTuple):
    """What is readable without a passphrase: the public key blob, and the comment of a file that is not encrypted."""

    blob: bytes
    encrypted: bool
    comment: bytes


def write_container(blob: bytes, private_fields: bytes, comment: bytes, secret: bytes | None) -> bytes:
    """Return the file of one private key: ``private_fields`` are type and numbers; with ``secret``, encrypted under it."""
    check = os.urandom(4)
    section = check + check + private_fields + string(comment)
    if secret is None:
        return _armor(_NONE, _NONE, b"", blob, _pad(section, _BLOCK))
    salt = os.urandom(_SALT)
    options = string(salt) + uint32(_ROUNDS)
    return _armor(_CIPHER, _KDF, options, blob, _encrypt(_pad(section, _CIPHER_BLOCK), secret, salt))


def _pad(section: bytes, block: int) -> bytes:
    return section + bytes(range(1, -len(section) % block + 1))


def _encrypt(section: bytes, secret: bytes, salt: bytes) -> bytes:
    require_bcrypt()
    import bcrypt
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    derived = bcrypt.kdf(secret, salt, _CIPHER_KEY + _CIPHER_BLOCK, _ROUNDS, ignore_few_rounds=True)
    encryptor = Cipher(algorithms.AES(derived[:_CIPHER_KEY]), modes.CTR(derived[_CIPHER_KEY:])).encryptor()
    return encryptor.update(section) + encryptor.finalize()


def _armor(cipher: bytes, kdf: bytes, kdf_options: bytes, blob: bytes, section: bytes) -> bytes:
    container = b"".join((_MAGIC, string(cipher), string(kdf), string(kdf_options), uint32(1), string(blob), string(section)))
    encoded = binascii.b2a_base64(container, newline=False)
    lines = [encoded[start : start + _WIDTH] for start in range(0, len(encoded), _WIDTH)]
    return b"\n".join((BEGIN, *lines, END, b""))


def read_container(data: bytes) -> Container:
    """Return what a file tells without a passphrase; raises :class:`MalformedKeyError` if any of it does not fit together."""
    text = data.strip()
    if not (text.startswith(BEGIN) and text.endswith(END)):
        raise MalformedKeyError("the armor is incomplete")
    body = text[len(BEGIN) : -len(END)].translate(None, b"\r\n")
    container = decode_base64(body.decode("ascii", "replace"))
    if not container.startswith(_MAGIC):
        raise MalformedKeyError("the armor does not hold an OpenSSH private key")
    return _read(Reader(container[len(_MAGIC) :]))


def _read(reader: Reader) -> Container:
    cipher, kdf, kdf_options = reader.string(), reader.string(), reader.string()
    if reader.uint32() != 1:
        raise MalformedKeyError("the file does not hold one key")
    blob, section, tag = reader.string(), reader.string(), reader.rest()
    key_type = describe_blob(blob)[0]
    if (cipher == _NONE) != (kdf == _NONE):
        raise MalformedKeyError("cipher and key derivation do not fit together")
    if cipher == _NONE:
        if kdf_options or tag:
            raise MalformedKeyError("the file has bytes of an encrypted one and is not encrypted")
        return Container(blob, False, _comment_of(key_type, blob, section))
    _check_encrypted(cipher, kdf, kdf_options, section, tag)
    return Container(blob, True, b"")


def _check_encrypted(cipher: bytes, kdf: bytes, kdf_options: bytes, section: bytes, tag: bytes) -> None:
    if cipher not in _CIPHERS or kdf != _KDF:
        raise MalformedKeyError("the cipher or key derivation is not one of OpenSSH's")
    block, tag_length = _CIPHERS[cipher]
    options = Reader(kdf_options)
    salt, rounds = options.string(), options.uint32()
    options.finish()
    if not salt or not rounds or not section or len(section) % block or len(tag) != tag_length:
        raise MalformedKeyError("the encrypted part has a wrong length")


def _comment_of(key_type: str, blob: bytes, section: bytes) -> bytes:
    """Return the comment of a section that is not encrypted, after comparing it with the public key."""
    reader = Reader(section)
    if reader.uint32() != reader.uint32():
        raise MalformedKeyError("the check numbers differ")
    if not _SECRET_READERS[key_type](reader, blob):
        raise MalformedKeyError("the private part is not the one of the public part")
    comment, padding = reader.string(), reader.rest()
    if len(section) % _BLOCK or padding != bytes(range(1, len(padding) + 1)) or len(padding) >= _BLOCK:
        raise MalformedKeyError("the padding is wrong")
    return comment


def _ed25519_fits(reader: Reader, blob: bytes) -> bool:
    public, secret = reader.take(len(blob)), reader.string()
    return public == blob and len(secret) == 64 and secret[32:] == blob[-32:]


def _ecdsa_fits(reader: Reader, blob: bytes) -> bool:
    return reader.take(len(blob)) == blob and reader.mpint() > 0


def _rsa_fits(reader: Reader, blob: bytes) -> bool:
    algorithm, n, e = reader.string(), reader.mpint(), reader.mpint()
    _d, _iqmp, p, q = reader.mpint(), reader.mpint(), reader.mpint(), reader.mpint()
    return string(algorithm) + mpint(e) + mpint(n) == blob and p * q == n


def _sk_fits(reader: Reader, blob: bytes) -> bool:
    public, _flags, _handle, _reserved = reader.take(len(blob)), reader.take(1), reader.string(), reader.string()
    return public == blob


_SECRET_READERS: dict[str, Callable[[Reader, bytes], bool]] = {
    "ed25519": _ed25519_fits,
    "ecdsa": _ecdsa_fits,
    "rsa": _rsa_fits,
    "ed25519-sk": _sk_fits,
    "ecdsa-sk": _sk_fits,
}
