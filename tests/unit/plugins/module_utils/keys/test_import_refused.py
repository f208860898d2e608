# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import datetime
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._keys.generation import generate, public_key_of
from ansible_collections.keywright.ssh.plugins.module_utils._keys.private_key import serialize
from ansible_collections.keywright.ssh.plugins.module_utils._keys.public_key import PublicKey, parse_public_key
from ansible_collections.keywright.ssh.plugins.module_utils._keys.wire import mpint, string
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat

_KEY = public_key_of(generate("ed25519", 256), "")
_LINE = _KEY.line("")
_BASE64 = _LINE.split(" ")[1]
_ECDSA = generate("ecdsa", 256)
_ECDSA_BLOB = public_key_of(_ECDSA, "").blob
_PEM = _ECDSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
_RFC4716 = f"---- BEGIN SSH2 PUBLIC KEY ----\n{_BASE64}\n---- END SSH2 PUBLIC KEY ----"
_P256_BYTES = 32


def _line(blob: bytes, algorithm: str | None = None) -> str:
    name = algorithm or blob[4 : 4 + int.from_bytes(blob[:4], "big")].decode()
    return f"{name} {base64.b64encode(blob).decode()}"


def _ed25519(point: bytes) -> str:
    return _line(string(b"ssh-ed25519") + string(point))


def _p256(point: bytes, curve: bytes = b"nistp256") -> str:
    return _line(string(b"ecdsa-sha2-nistp256") + string(curve) + string(point))


def _rsa(exponent: bytes, modulus: bytes) -> str:
    return _line(string(b"ssh-rsa") + exponent + modulus)


def _sk(application: bytes) -> str:
    return _line(string(b"sk-ssh-ed25519@openssh.com") + _KEY.blob[15:] + string(application))


def _spki(key: Any) -> str:
    text: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return text.decode()


def _certificate() -> str:
    name, now = x509.Name([]), datetime.datetime(2026, 1, 1)
    builder = x509.CertificateBuilder(name, name, _ECDSA.public_key(), 1, now, now + datetime.timedelta(1))
    return builder.sign(_ECDSA, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def _compressed() -> bytes:
    return _ECDSA.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


_MODULUS = mpint(rsa.generate_private_key(65537, 2048).public_key().public_numbers().n)
_E = mpint(65537)
# The public half of a key that OpenSSH 9.2 made; later releases make none.
_DSA_PEM = """
-----BEGIN PUBLIC KEY-----
MIIBtjCCASsGByqGSM44BAEwggEeAoGBAJhmz2Hl4PwFKUy3NTU9tUjXrl7np5br
JvaurdHhS7BebtwFpfaf473RrEtN5qfizNjK0LUUFw30UrphU6c36TQL2UG2li+h
GXpM2Y5T7sLLSxjUSRBV2TVyv9qrMfwLDO4ZWzve52hYCy+zXGk11HSccv3FgGog
PJayIlKBSxZHAhUAz8dqQB8bMYWhFQ8mxIDb6KjB5ecCgYATnZm929GAJqeGj7mT
SEDN5WUeWQq/wdrWndxwGQbNq1HRQFM40ZyQh0zoJ9n8YQvon1VPhpJt/DZ4gPon
lNlOjDEKWHyR2Ra+K9tFD/+p0Be5zTHDiNr5bQLMLGEps+u15bNwx6AnjZnOkRYN
XDbjv2RB3OEPJaxdCgMe7QDVmAOBhAACgYAcyfQHezLINCYZeLbJGqwlWfQqn1k5
Plh+HttB4oaH2K/JQ1XfxFBRvvOy1cKVcGcSaDNHsVD617BO6L9q4Wx2w74wflOl
p+6Gg5bbMRILWk9zHC5Kg8zsxa2bg2oD15ogcnaMbXfGw3LsJvy/LYToBr/q2Wfd
ZoNG2IEZGPkffA==
-----END PUBLIC KEY-----
"""
_CA = string(b"ssh-ed25519-cert-v01@openssh.com") + string(bytes(32)) + _KEY.blob[15:] + bytes(60)

_REFUSED: dict[str, tuple[str, str]] = {
    # Wrapping
    "empty": ("", "empty"),
    "white space": (" \t\r\n", "empty"),
    "some word": ("hello", "Base64"),
    "some words": ("hello my world", "does not begin with"),
    "more than 16 KiB": (f"{_LINE} {'c' * 17000}", "the limit is 16384"),
    "byte order mark": (f"\ufeff{_LINE}", "byte order mark"),
    "comment line": (f"# {_LINE}", "begins with '#'"),
    "two lines": (f"{_LINE}\n{_LINE}", "more than one line"),
    "two lines of a mac": (f"{_LINE}\r{_LINE}", "more than one line"),
    "two keys on one line": (f"{_LINE} {_LINE}", "another key"),
    "two keys with comments": (f"{_LINE} me,{_LINE} you", "another key"),
    "line feed in the comment": (f"{_LINE} a\nb", "more than one line"),
    "carriage return in the comment": (f"{_LINE} a\rb", "more than one line"),
    "type without key": ("ssh-ed25519", "no key"),
    "key before its type": (f"{_BASE64} ssh-ed25519", "before the key"),
    "base64 with comment": (f"{_BASE64} me", "does not begin with"),
    "upper case type": (_LINE.replace("ssh-", "SSH-"), "does not begin with"),
    # Options
    "command": (f'command="/bin/true" {_LINE}', "before the key"),
    "command with spaces": (f'no-pty,command="rm -rf /" {_LINE} me', "before the key"),
    "cert-authority": (f"cert-authority {_LINE}", "before the key"),
    "restrict": (f"restrict {_LINE}", "before the key"),
    "known_hosts line": (f"host.example {_LINE}", "before the key"),
    "known_hosts marker": (f"@cert-authority *.example {_LINE}", "before the key"),
    # Comments
    "nul in the comment": (f"{_LINE} a\0b", "must be one line of printable characters"),
    "escape in the comment": (f"{_LINE} a\x1b[2Jb", "must be one line of printable characters"),
    "tab in the comment": (f"{_LINE} a\tb", "must be one line of printable characters"),
    "line separator in the comment": (f"{_LINE} a\u2028b", "must be one line of printable characters"),
    "right-to-left override in the comment": (f"{_LINE} a\u202eb", "must be one line of printable characters"),
    "lone surrogate in the comment": (f"{_LINE} \udc80", "must be one line of printable characters"),
    "comment of 1025 characters": (f"{_LINE} {'c' * 1025}", "at most 1024 characters"),
    # Base64
    "url-safe base64": (f"ssh-ed25519 {_BASE64[:-2]}-_", "Base64"),
    "unpadded base64": (_line(_KEY.blob + b"\0").rstrip("="), "Base64"),
    "split base64": (f"{_BASE64[:40]} {_BASE64[40:]}", "does not begin with"),
    "base64 on two lines": (f"{_BASE64[:40]}\n{_BASE64[40:]}", "more than one line"),
    "base64 with stray bits": (f"{_line(string(b'ssh-rsa') + b'1')[:-2]}F=", "Base64"),
    "base64 split inside the line": (f"ssh-ed25519 {_BASE64[:41]} {_BASE64[41:]}", "Base64"),
    "full-width letters": (f"ssh-ed25519 \uff21{_BASE64[1:]}", "Base64"),
    "no-break space": (_LINE.replace(" ", "\u00a0"), "Base64"),
    # Structure
    "cut short": (_line(_KEY.blob[:-1]), "cut short"),
    "trailing bytes": (_line(_KEY.blob + b"\0"), "after its end"),
    "length of 4 GiB": (_line(string(b"ssh-ed25519") + b"\xff\xff\xff\xff" + bytes(32)), "cut short"),
    "other type than the prefix": (_line(_KEY.blob, "ssh-rsa"), "says ssh-rsa, but the key inside is of the type ssh-ed25519"),
    "unknown type": (_line(string(b"ssh-rsb") + bytes(8)), "does not begin with"),
    "unknown type inside": (_line(string(b"ssh-rsb") + bytes(8), "ssh-rsa"), "type is none of"),
    "type alone": (_line(string(b"ssh-rsa")), "cut short"),
    # Other types
    "dsa": (_line(string(b"ssh-dss") + bytes(99)), "dsa"),
    "dsa as bare base64": (_line(string(b"ssh-dss") + bytes(99)).split()[1], "dsa"),
    "certificate": (_line(_CA), "certificate"),
    "certificate as bare base64": (_line(_CA).split()[1], "certificate"),
    "certificate in a plain line": (_line(_CA, "ssh-ed25519"), "certificate"),
    "options before a certificate": (f"restrict {_line(_CA)}", "before the key"),
    # Ed25519
    "ed25519 of 31 bytes": (_ed25519(bytes(31)), "has 31 bytes"),
    "ed25519 of 33 bytes": (_ed25519(bytes(33)), "has 33 bytes"),
    "ed25519 of zeros": (_ed25519(bytes(32)), "prime order"),
    "ed25519 identity": (_ed25519(b"\1" + bytes(31)), "prime order"),
    "ed25519 not reduced": (_ed25519(b"\xff" * 31 + b"\x7f"), "canonical"),
    "ed25519 off the curve": (_ed25519(b"\2" + bytes(31)), "not on the curve"),
    # Security keys
    "security key for a web site": (_sk(b"https://example.com"), "application"),
    "security key with control characters": (_sk(b"ssh:\n"), "application"),
    "security key without application": (_sk(b""), "application"),
    "security key off the curve": (_line(string(b"sk-ssh-ed25519@openssh.com") + string(b"\2" + bytes(31)) + string(b"ssh:")), "curve"),
    # ECDSA
    "ecdsa off the curve": (_p256(b"\4" + bytes(63) + b"\1"), "not on the curve"),
    "ecdsa infinity": (_p256(b"\0"), "not one of the curve"),
    "ecdsa without point": (_p256(b""), "not one of the curve"),
    "ecdsa compressed": (_p256(_compressed()), "compressed"),
    "ecdsa hybrid": (_p256(b"\6" + _ECDSA_BLOB[-64:]), "not one of the curve"),
    "ecdsa point cut short": (_p256(b"\4" + bytes(63)), "not one of the curve"),
    "ecdsa names another curve": (_p256(_ECDSA_BLOB[-65:], b"nistp384"), "curve inside the key"),
    "ecdsa coordinates not reduced": (_p256(b"\4" + b"\xff" * 64), "not on the curve"),
    # RSA
    "rsa negative modulus": (_rsa(_E, string(_MODULUS[5:])), "negative"),
    "rsa negative exponent": (_rsa(string(b"\x81\0\1"), _MODULUS), "negative"),
    "rsa modulus with a leading zero": (_rsa(_E, string(b"\0" + _MODULUS[4:])), "leading zeros"),
    "rsa exponent with a leading zero": (_rsa(string(b"\0\1\0\1"), _MODULUS), "leading zeros"),
    "rsa exponent 3": (_rsa(mpint(3), _MODULUS), "exponent"),
    "rsa exponent 0": (_rsa(mpint(0), _MODULUS), "exponent"),
    "rsa modulus 0": (_rsa(_E, mpint(0)), "has 0 bits"),
    "rsa of 1024 bits": (_rsa(_E, mpint(1 << 1023 | 1)), "has 1024 bits, and from 2048"),
    "rsa of 16385 bits": (_rsa(_E, mpint(1 << 16384 | 1)), "has 16385 bits"),
    "rsa even": (_rsa(_E, mpint(1 << 2047)), "even"),
    # PEM
    "pkcs1 public key": (
        rsa.generate_private_key(65537, 2048).public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode(),
        "ssh-keygen -i -m PEM",
    ),
    "x.509 certificate": (_certificate(), "openssl x509 -pubkey"),
    "other pem label": (_PEM.replace("PUBLIC KEY", "PGP PUBLIC KEY BLOCK"), "label"),
    "pem of ed448": (_spki(ed448.Ed448PrivateKey.generate()), "does not hold"),
    "pem of x25519": (_spki(x25519.X25519PrivateKey.generate()), "does not hold"),
    "pem of secp256k1": (_spki(ec.generate_private_key(ec.SECP256K1())), "does not hold"),
    "pem of dsa": (_DSA_PEM, "does not hold|dsa key"),
    "pem of something else": ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "does not hold"),
    "pem of rsa 1024": (_spki(rsa.generate_private_key(65537, 1024)), "1024 bits|does not hold"),
    "two pem blocks": (_PEM * 2, "more than one PEM block"),
    "pem without end": (_PEM[:-10], "armor"),
    "pem with text after it": (f"{_PEM}more", "armor"),
    "pem with headers": (_PEM.replace("-----\n", "-----\nProc-Type: 4\n\n", 1), "armor"),
    "pem without body": ("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----", "Base64"),
    "pem without label": ("-----BEGIN -----", "label"),
    "der without pem": ("".join(_PEM.split("\n")[1:-2]), "DER"),
    # RFC 4716
    "rfc 4716 without end": (_RFC4716[:-3], "armor"),
    "rfc 4716 begin line alone": ("---- BEGIN SSH2 PUBLIC KEY ----", "armor"),
    "rfc 4716 without body": (_RFC4716.replace(_BASE64 + "\n", ""), "armor|Base64"),
    "rfc 4716 with more on its first line": (_RFC4716.replace("KEY ----", "KEY ---- more", 1), "armor"),
    "rfc 4716 of a header that goes on": (_RFC4716.replace(_BASE64, "Comment: a\\"), "Base64"),
    "two keys in rfc 4716": (f"{_RFC4716}\n{_RFC4716}", "more than one key"),
    "rfc 4716 with control characters in its comment": (
        _RFC4716.replace("----\n", "----\nComment: a\x1bb\n", 1),
        "must be one line of printable characters",
    ),
    "rfc 4716 with an endless header": (_RFC4716.replace("----\n", "----\nComment: a\\\n", 1), "armor|Base64"),
    "rfc 4716 with a long comment": (_RFC4716.replace("----\n", f"----\nComment: {'c' * 1025}\n", 1), "at most 1024 characters"),
}


def _assert_refused(text: str) -> str:
    """Return the message of a refusal, after checking that neither it nor what hangs on it shows anything of the text."""
    with pytest.raises(KeyPairError) as caught:
        parse_public_key(text)
    error = caught.value
    assert error.code is ErrorCode.PUBLIC_KEY_MALFORMED
    assert error.__context__ is None and error.__cause__ is None
    assert error.message.startswith("Option 'public_key' cannot be imported: ") and error.message.endswith(".")
    assert "\n" not in error.message
    shown = [word for word in text.split() if len(word) > 24 and word in error.message]
    assert shown in ([], ["ssh-ed25519-cert-v01@openssh.com"], ["sk-ssh-ed25519@openssh.com"])
    return error.message


@pytest.mark.parametrize("name", _REFUSED)
def test_what_is_not_one_good_public_key_is_refused_with_the_true_reason(name: str) -> None:
    text, reason = _REFUSED[name]
    message = _assert_refused(text)
    assert any(part in message for part in reason.split("|")), message


_PUTTY = """PuTTY-User-Key-File-3: ssh-ed25519
Encryption: none
Comment: canary
Public-Lines: 2
AAAAC3NzaC1lZDI1NTE5AAAAI
Private-Lines: 1
AAAAIcanarycanarycanarycanarycanarycanary
Private-MAC: 00
"""


def _openssh(passphrase: str | None) -> str:
    key = generate("ed25519", 256)
    return serialize(key, public_key_of(key, "canary"), "openssh", passphrase).decode()


def _traditional(private_format: PrivateFormat, passphrase: bytes | None) -> str:
    encryption = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return _ECDSA.private_bytes(Encoding.PEM, private_format, encryption).decode()


_PRIVATE: dict[str, Callable[[], str]] = {
    "openssh": lambda: _openssh(None),
    "openssh encrypted": lambda: _openssh("secret"),
    "pkcs1": lambda: _traditional(PrivateFormat.TraditionalOpenSSL, None),
    "pkcs1 encrypted": lambda: _traditional(PrivateFormat.TraditionalOpenSSL, b"secret"),
    "pkcs8": lambda: _traditional(PrivateFormat.PKCS8, None),
    "pkcs8 encrypted": lambda: _traditional(PrivateFormat.PKCS8, b"secret"),
    "putty": lambda: _PUTTY,
    "ssh.com": lambda: "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nAAAA\n---- END SSH2 ENCRYPTED PRIVATE KEY ----",
    "openssh without armor": lambda: "".join(_openssh(None).split("\n")[1:-2]),
    "openssh without armor, on lines": lambda: "\n".join(_openssh(None).split("\n")[1:-2]),
    "openssh on one line": lambda: _openssh(None).replace("\n", " "),
    "after the public key": lambda: f"{_LINE}\n{_openssh(None)}",
    "in the comment": lambda: f"{_LINE} {_openssh(None).replace(chr(10), ' ')}",
    "indented and in small letters": lambda: "  " + _openssh(None).lower(),
}


@pytest.mark.parametrize("name", _PRIVATE)
def test_a_private_key_in_any_form_is_refused_as_such_and_never_shown(name: str) -> None:
    text = _PRIVATE[name]()
    message = _assert_refused(text)
    assert "it holds a private key" in message
    assert not any(line in message for line in text.split() if len(line) > 10)


@pytest.mark.parametrize("value", [None, 7, b"ssh-ed25519 AAAA", ["ssh-ed25519"], {}], ids=repr)
def test_what_is_not_text_is_refused(value: Any) -> None:
    with pytest.raises(KeyPairError, match="not text"):
        parse_public_key(value)


def test_the_same_key_is_taken_once_the_trouble_is_gone() -> None:
    assert parse_public_key(_LINE) == PublicKey("ed25519", 256, _KEY.blob, "")
