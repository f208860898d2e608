# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fingerprint that Amazon EC2 shows for a public key that was imported there.

MD5 of the DER form for rsa, SHA-256 in Base64 for ed25519 (source: the EC2 API, ``KeyPairInfo.keyFingerprint``); EC2 takes
no other types.
"""

from __future__ import annotations

import base64
import hashlib

from ansible_collections.keywright.ssh.plugins.module_utils._keys.wire import decode_base64, read_blob

EC2_TYPES = ("ed25519", "rsa")

_RSA_ENCRYPTION = bytes.fromhex("300d06092a864886f70d0101010500")  # AlgorithmIdentifier, RFC 8017, appendix A.1
_INTEGER, _BIT_STRING, _SEQUENCE = b"\x02", b"\x03", b"\x30"


def ec2_fingerprint(key_type: str, line: str) -> str | None:
    """Return what EC2 shows for the key of an OpenSSH line, None for a type that EC2 does not take."""
    if key_type == "ed25519":
        return _base64_sha256(line)
    return _md5_of_der(line) if key_type == "rsa" else None


def _base64_sha256(line: str) -> str:
    return base64.b64encode(hashlib.sha256(decode_base64(line.split(" ", 2)[1])).digest()).decode()


def _md5_of_der(line: str) -> str:
    fields = read_blob(decode_base64(line.split(" ", 2)[1]))
    key = _der(_SEQUENCE, _integer(fields.modulus) + _integer(fields.exponent))
    info = _der(_SEQUENCE, _RSA_ENCRYPTION + _der(_BIT_STRING, b"\x00" + key))
    return hashlib.md5(info, usedforsecurity=False).digest().hex(":")


def _integer(number: int) -> bytes:
    return _der(_INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _der(tag: bytes, content: bytes) -> bytes:
    """Return content with its tag and length (X.690, section 8.1)."""
    size = len(content)
    if size < 0x80:
        return tag + bytes([size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return tag + bytes([0x80 | len(octets)]) + octets + content
