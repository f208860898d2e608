# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The texts in which a public key may be imported, told apart and taken out of their wrapping.

Formats: an OpenSSH line (sshd(8), AUTHORIZED_KEYS FILE FORMAT, without options), its Base64 alone, RFC 4716, and PEM
SubjectPublicKeyInfo (RFC 7468, section 13). Every refusal is a :class:`MalformedKeyError` that holds nothing of the text.
"""

from __future__ import annotations

import re

from ansible_collections.keywright.ssh.plugins.module_utils._keys.dependencies import require_cryptography
from ansible_collections.keywright.ssh.plugins.module_utils._keys.wire import MalformedKeyError, decode_base64, read_blob, refused_algorithm
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_types import ALGORITHMS

MAX_TEXT = 16 * 1024  # an rsa key of 16384 bits needs less than 4 KiB

_BLANKS = " \t\r\n"
# Words of PKCS#1, PKCS#8, SEC 1 and OpenSSH armor, of PuTTY files, and the Base64 of "openssh-key-v1" without its armor.
_PRIVATE_KEY_SIGNS = ("PRIVATE KEY", "PUTTY-USER-KEY-FILE", "B3BLBNNZAC1RZXKTDJE")
_PRIVATE_KEY = "it holds a private key; give the public key that belongs to it, which 'ssh-keygen -y -f FILE' prints"

_SECOND_KEY = re.compile(r"(?:^|[ \t,])(?:ssh|ecdsa|sk)-[a-z0-9@.-]{1,64}[ \t]+AAAA")

_PEM_LABEL = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,64})-----")
_PEM_BLOCK = re.compile(r"-----BEGIN PUBLIC KEY-----\r?\n([A-Za-z0-9+/=\r\n]*)-----END PUBLIC KEY-----")
_PEM_REFUSED = {
    "RSA PUBLIC KEY": "it is a PKCS#1 public key; convert it with 'ssh-keygen -i -m PEM -f FILE'",
    "CERTIFICATE": "it is an X.509 certificate; take the public key out with 'openssl x509 -pubkey -noout -in FILE'",
}
_RFC4716_BEGIN = "---- BEGIN SSH2 PUBLIC KEY ----"
_RFC4716_END = "---- END SSH2 PUBLIC KEY ----"
_RFC4716_HEADER = re.compile(r"([!-9;-~]{1,64}):[ \t]*(.*)")


def unwrap(text: str) -> tuple[bytes, str]:
    """Return blob and comment (empty if there is none) of one public key in any of the formats; raises :class:`MalformedKeyError`."""
    if len(text) > MAX_TEXT:
        raise MalformedKeyError(f"it has {len(text)} characters, and the limit is {MAX_TEXT}")
    if any(sign in text.upper() for sign in _PRIVATE_KEY_SIGNS):
        raise MalformedKeyError(_PRIVATE_KEY)
    text = text.strip(_BLANKS)
    if not text:
        raise MalformedKeyError("it is empty")
    if text.startswith("\ufeff"):
        raise MalformedKeyError("it begins with a byte order mark")
    if text.startswith("-----BEGIN "):
        return _unwrap_pem(text), ""
    if text.startswith(_RFC4716_BEGIN):
        return _unwrap_rfc4716(text)
    return _unwrap_line(text)


def _unwrap_line(text: str) -> tuple[bytes, str]:
    if text.startswith("#"):
        raise MalformedKeyError("it begins with '#', which makes the line a comment")
    if "\n" in text or "\r" in text:
        raise MalformedKeyError("it has more than one line, and one key on one line is imported")
    fields = re.split("[ \t]+", text, maxsplit=2)
    if len(fields) == 1 and fields[0] not in ALGORITHMS:
        blob = decode_base64(text)
        if blob[:1] not in (b"\0", b"0"):  # neither the length that a key begins with, nor DER
            raise MalformedKeyError("it is not a public key")
        return blob, ""
    if fields[0] not in ALGORITHMS:
        raise MalformedKeyError(_problem_of_first_field(text))
    if len(fields) == 1:
        raise MalformedKeyError("it has a key type and no key")
    blob = decode_base64(fields[1])
    if (inside := read_blob(blob).algorithm) != fields[0]:
        raise MalformedKeyError(f"the line says {fields[0]}, but the key inside is of the type {inside}")
    comment = fields[2] if len(fields) > 2 else ""
    if _SECOND_KEY.search(comment):
        raise MalformedKeyError("another key follows on the same line, and one key is imported")
    return blob, comment


def _problem_of_first_field(text: str) -> str:
    """Tell why a line with several fields does not begin with the name of an algorithm."""
    words = re.split("[ \t]+", text)
    if refusal := refused_algorithm(words[0].encode("ascii", "replace")):
        return refusal
    if any(word in ALGORITHMS or refused_algorithm(word.encode("ascii", "replace")) for word in words):
        return "options, a marker or a host name stand before the key; give the key alone"
    return f"it does not begin with one of {', '.join(ALGORITHMS)}, and is not one Base64 text either"


def _unwrap_rfc4716(text: str) -> tuple[bytes, str]:
    lines = text.split("\n")
    lines = [line.removesuffix("\r") for line in lines]
    if lines[0] != _RFC4716_BEGIN or lines[-1] != _RFC4716_END or text.count(_RFC4716_BEGIN) > 1:
        raise MalformedKeyError("its RFC 4716 armor is incomplete, or there is more than one key")
    body, comment = lines[1:-1], ""
    while body and (header := _RFC4716_HEADER.fullmatch(body[0])):
        tag, value = header.groups()
        body.pop(0)
        while value.endswith("\\") and body:
            value = value[:-1] + body.pop(0)
        if tag.lower() == "comment":
            comment = _unquoted(value)
    return decode_base64("".join(body)), comment


def _unquoted(value: str) -> str:
    """Return a header's value without the quotation marks around it (RFC 4716, section 3.3.2)."""
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def _unwrap_pem(text: str) -> bytes:
    label = _PEM_LABEL.match(text)
    if label and (refusal := _PEM_REFUSED.get(label[1])):
        raise MalformedKeyError(refusal)
    if not label or label[1] != "PUBLIC KEY":
        raise MalformedKeyError("its PEM label is not PUBLIC KEY")
    if text.count("-----BEGIN ") > 1:
        raise MalformedKeyError("it has more than one PEM block, and one key is imported")
    block = _PEM_BLOCK.fullmatch(text)
    if not block:
        raise MalformedKeyError("its PEM armor is incomplete or holds other than Base64")
    return _blob_of_der(decode_base64(re.sub(r"[\r\n]", "", block[1])))


def _blob_of_der(der: bytes) -> bytes:
    """Return the SSH blob of a DER SubjectPublicKeyInfo (RFC 5280, section 4.1)."""
    require_cryptography()
    from cryptography.hazmat.primitives import serialization

    try:
        key = serialization.load_der_public_key(der)
        line = key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    except Exception:  # a loader of foreign bytes: its errors are many, and may hold some of them
        line = b""
    if not line:
        raise MalformedKeyError("the PEM text does not hold an rsa, ecdsa (nistp256, nistp384, nistp521) or ed25519 public key")
    return decode_base64(line.split(b" ")[1].decode("ascii"))
