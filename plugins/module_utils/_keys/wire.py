# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SSH's wire format (RFC 4251, section 5), read strictly, and the public key blobs written in it.

Structure only: no curve or prime is tested here, and only the standard library is needed.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Callable
from typing import NamedTuple

from ansible_collections.keywright.ssh.plugins.module_utils._model.key_types import ALGORITHMS

_DER_SEQUENCE = b"\x30"
_ED25519_BYTES = 32
_UNCOMPRESSED, _COMPRESSED = 4, (2, 3)
_SK_APPLICATION = re.compile(rb"ssh:[ -~]{0,255}")
_CERTIFICATES = (b"-cert-v00@openssh.com", b"-cert-v01@openssh.com")


class MalformedKeyError(ValueError):
    """Key material is refused; the argument is the reason: a clause that holds no part of the material."""


class UnsupportedKeyError(MalformedKeyError):
    """The key is of a type that is not taken, whether well formed or not."""


class Reader:
    """Reads the fields of ``data`` in order; every method raises :class:`MalformedKeyError` rather than read past the end."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        """Return the next ``count`` bytes."""
        start, end = self._at, self._at + count
        if end > len(self._data):
            raise MalformedKeyError("the key is cut short")
        self._at = end
        return self._data[start:end]

    def uint32(self) -> int:
        """Return the next four bytes as a number."""
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        """Return the next length-prefixed string."""
        start = self._at + 4
        end = start + int.from_bytes(self._data[self._at : start], "big")
        if end > len(self._data):
            raise MalformedKeyError("the key is cut short")
        self._at = end
        return self._data[start:end]

    def mpint(self) -> int:
        """Return the next number; negative ones and needless leading zeros are refused, so that one key has one blob."""
        raw = self.string()
        if raw[:1] >= b"\x80":
            raise MalformedKeyError("a number in the key is negative")
        if raw[:1] == b"\x00" and raw[1:2] < b"\x80":
            raise MalformedKeyError("a number in the key has needless leading zeros")
        return int.from_bytes(raw, "big")

    def rest(self) -> bytes:
        """Return everything that has not been read."""
        return self.take(len(self._data) - self._at)

    def finish(self) -> None:
        """Refuse bytes that have not been read."""
        if self._at != len(self._data):
            raise MalformedKeyError("the key has bytes after its end")


def uint32(number: int) -> bytes:
    """Return ``number`` as four bytes."""
    return number.to_bytes(4, "big")


def string(value: bytes) -> bytes:
    """Return ``value`` behind its length."""
    return len(value).to_bytes(4, "big") + value


def mpint(number: int) -> bytes:
    """Return a number that is not negative in its shortest two's complement form, as a string."""
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big") if number else b"")


_ED25519 = ("ed25519", 256)
_ED25519_FRAME = string(b"ssh-ed25519") + uint32(_ED25519_BYTES)
_ED25519_BLOB_BYTES = len(_ED25519_FRAME) + _ED25519_BYTES


def ed25519_blob(point: bytes) -> bytes:
    """Return the public key blob of a point."""
    return _ED25519_FRAME + point


class Blob(NamedTuple):
    """The fields of a public key blob: ``point`` of curve keys, ``exponent`` and ``modulus`` of rsa keys."""

    algorithm: str
    size: int
    point: bytes = b""
    exponent: int = 0
    modulus: int = 0


def _read_ed25519(reader: Reader, algorithm: str, size: int) -> Blob:
    """RFC 8709, section 4."""
    point = reader.string()
    if len(point) != _ED25519_BYTES:
        raise MalformedKeyError(f"the point has {len(point)} bytes, and ed25519 has {_ED25519_BYTES}")
    return Blob(algorithm, size, point)


def _read_ecdsa(reader: Reader, algorithm: str, size: int) -> Blob:
    """RFC 5656, section 3.1; OpenSSH reads uncompressed points only."""
    if reader.string() != b"nistp%d" % size:
        raise MalformedKeyError("the curve inside the key is not the one that its type names")
    point = reader.string()
    if point and point[0] in _COMPRESSED:
        raise MalformedKeyError("the point is compressed, and SSH uses uncompressed points")
    if len(point) != 1 + 2 * ((size + 7) // 8) or point[0] != _UNCOMPRESSED:
        raise MalformedKeyError("the point is not one of the curve that the key's type names")
    return Blob(algorithm, size, point)


def _read_rsa(reader: Reader, algorithm: str, _size: int) -> Blob:
    """RFC 4253, section 6.6."""
    exponent, modulus = reader.mpint(), reader.mpint()
    return Blob(algorithm, modulus.bit_length(), exponent=exponent, modulus=modulus)


_FieldReader = Callable[[Reader, str, int], Blob]


def _with_application(read: _FieldReader) -> _FieldReader:
    """Return a reader of the ``sk-`` form of a key, which ends with an application (OpenSSH's PROTOCOL.u2f)."""

    def read_sk(reader: Reader, algorithm: str, size: int) -> Blob:
        fields = read(reader, algorithm, size)
        if not _SK_APPLICATION.fullmatch(reader.string()):
            raise MalformedKeyError("the application of the security key is not printable text that begins with 'ssh:'")
        return fields

    return read_sk


_FIELD_READERS: dict[str, _FieldReader] = {
    "ed25519": _read_ed25519,
    "ecdsa": _read_ecdsa,
    "rsa": _read_rsa,
    "ed25519-sk": _with_application(_read_ed25519),
    "ecdsa-sk": _with_application(_read_ecdsa),
}


def refused_algorithm(algorithm: bytes) -> str | None:
    """Return why keys of a known algorithm are not taken; None for every other name."""
    if algorithm.endswith(_CERTIFICATES):
        return "it is a certificate, and a key pair is registered by its plain public key"
    if algorithm == b"ssh-dss":
        return "it is a dsa key, which OpenSSH no longer accepts"
    return None


def read_blob(blob: bytes) -> Blob:
    """Return the fields of a public key blob, which must be exact; raises :class:`MalformedKeyError`."""
    if blob.startswith(_DER_SEQUENCE):
        raise UnsupportedKeyError("it is DER, which is taken only as PEM, between its BEGIN and END lines")
    reader = Reader(blob)
    name = reader.string()
    algorithm = name.decode("ascii", "replace")
    if algorithm not in ALGORITHMS:
        raise UnsupportedKeyError(refused_algorithm(name) or f"the key's type is none of {', '.join(ALGORITHMS)}")
    key_type = ALGORITHMS[algorithm]
    fields = _FIELD_READERS[key_type.name](reader, algorithm, key_type.algorithms[algorithm])
    reader.finish()
    return fields


def describe_blob(blob: bytes) -> tuple[str, int]:
    """Return type (a name of ``KEY_TYPES``) and size in bits; raises ValueError with the reason. Structure only."""
    if len(blob) == _ED25519_BLOB_BYTES and blob.startswith(_ED25519_FRAME):  # nearly all keys, by far the cheapest to tell
        return _ED25519
    fields = read_blob(blob)
    return ALGORITHMS[fields.algorithm].name, fields.size


def decode_base64(text: str) -> bytes:
    """Return the bytes of Base64 that encoding them would give again (RFC 4648, section 4); raises :class:`MalformedKeyError`."""
    try:
        data = binascii.a2b_base64(text)
    except ValueError:
        data = b""
    if not data or binascii.b2a_base64(data, newline=False).decode("ascii") != text:
        raise MalformedKeyError("its Base64 is not standard Base64 with padding and without breaks")
    return data


def sha256_fingerprint(blob: bytes) -> str:
    """Return ``SHA256:…`` as ``ssh-keygen -l`` prints it."""
    return "SHA256:" + binascii.b2a_base64(hashlib.sha256(blob).digest(), newline=False).decode("ascii").rstrip("=")


def md5_fingerprint(blob: bytes) -> str:
    """Return 16 hexadecimal bytes with colons, as ``ssh-keygen -l -E md5`` prints them after ``MD5:``."""
    return hashlib.md5(blob, usedforsecurity=False).digest().hex(":")


def md5_of_line(line: str) -> str:
    """Return the MD5 fingerprint of the key in an OpenSSH line."""
    return md5_fingerprint(decode_base64(line.split(" ", 2)[1]))
