# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make keys to import, with the real ssh-keygen, and texts that only look like such keys.

Usage: material.py SANDBOX. Writes SANDBOX/material/material.json, a file of variables: ``sandbox``, its path (which is in this way
text of the test's own that may stand in conditions, and not the untrusted result of a module), and ``material`` with ``valid`` (by
key and format) and ``refused`` (by case).
"""

from __future__ import annotations

import base64
import json
import os
import struct
import subprocess
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

SANDBOX = sys.argv[1]
FOLDER = os.path.join(SANDBOX, "material")
PASSPHRASE = "correct horse battery"
KEYS = {"ed25519": ("ed25519", "256"), "ecdsa256": ("ecdsa", "256"), "ecdsa521": ("ecdsa", "521"), "rsa2048": ("rsa", "2048")}
ED25519_DER = bytes.fromhex("302a300506032b6570032100")  # SubjectPublicKeyInfo up to the 32 bytes of the key (RFC 8410)


def ssh_keygen(*arguments: str) -> str:
    return subprocess.run(["ssh-keygen", *arguments], check=True, capture_output=True, text=True).stdout


def path(name: str) -> str:
    return os.path.join(FOLDER, name)


def read(name: str) -> str:
    with open(path(name), encoding="utf-8") as file:
        return file.read()


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def strings(*parts: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def mpint(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "big") if number else b""


def line(*parts: bytes, prefix: str | None = None) -> str:
    return f"{prefix or parts[0].decode('ascii')} {encoded(strings(*parts))} forged"


def armored(label: str, der: bytes) -> str:
    return f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode('ascii')}-----END {label}-----\n"


def make_valid(name: str, key_type: str, bits: str) -> dict[str, str]:
    ssh_keygen("-q", "-t", key_type, "-b", bits, "-N", "", "-C", "alice@laptop", "-f", path(name))
    openssh = read(f"{name}.pub")
    prefix, blob, comment = openssh.rstrip("\n").split(" ", 2)
    rfc4716 = ssh_keygen("-e", "-f", path(f"{name}.pub"))
    if key_type == "ed25519":  # which this version of ssh-keygen may not export
        pem = armored("PUBLIC KEY", ED25519_DER + base64.b64decode(blob)[-32:])
    else:
        pem = ssh_keygen("-e", "-m", "PKCS8", "-f", path(f"{name}.pub"))
    return {
        "line": openssh,
        "base64": blob,
        "rfc4716": rfc4716,
        "pem": pem,
        "line_without_comment": f"{prefix} {blob}",
        "line_with_other_comment": f"{prefix} {blob} somebody else, elsewhere",
        "line_with_other_spaces": f"  \n{prefix}\t{blob}   {comment}  \r\n\n",
        "line_with_crlf": openssh.replace("\n", "\r\n"),
        "rfc4716_with_crlf": rfc4716.replace("\n", "\r\n"),
        "pem_with_crlf": pem.replace("\n", "\r\n"),
    }


def security_key() -> dict[str, str]:
    point = base64.b64decode(read("ed25519.pub").split()[1])[-32:]
    name = b"sk-ssh-ed25519@openssh.com"
    return {"line": line(name, point, b"ssh:"), "base64": encoded(strings(name, point, b"ssh:"))}


def certificate() -> str:
    ssh_keygen("-q", "-s", path("ecdsa256"), "-I", "somebody", "-n", "somebody", path("ed25519.pub"))
    return read("ed25519-cert.pub")


def private_keys() -> dict[str, str]:
    key = rsa.generate_private_key(65537, 2048)
    formats, plain = serialization.PrivateFormat, serialization.NoEncryption()
    locked = serialization.BestAvailableEncryption(PASSPHRASE.encode())
    ssh_keygen("-q", "-t", "ed25519", "-N", PASSPHRASE, "-C", "", "-f", path("locked"))

    def pem(private_format: serialization.PrivateFormat, encryption: serialization.KeySerializationEncryption) -> str:
        return key.private_bytes(serialization.Encoding.PEM, private_format, encryption).decode("ascii")

    openssh, pkcs8 = read("ed25519"), pem(formats.PKCS8, plain)
    return {
        "private_openssh": openssh,
        "private_openssh_encrypted": read("locked"),
        "private_openssh_without_armor": "".join(openssh.splitlines()[1:-1]),
        "private_openssh_in_one_line": " ".join(openssh.splitlines()),
        "private_pkcs8": pkcs8,
        "private_pkcs8_without_armor": "".join(pkcs8.splitlines()[1:-1]),
        "private_pkcs8_encrypted": pem(formats.PKCS8, locked),
        "private_pkcs1": pem(formats.TraditionalOpenSSL, plain),
        "private_pkcs1_encrypted": pem(formats.TraditionalOpenSSL, locked),
        "private_putty": "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 1\nAAAAIGxvb2tzIGxpa2UgYSBwcml2YXRl\n",
        "private_after_public": read("ed25519.pub") + openssh,
    }


def rsa_forgeries() -> dict[str, str]:
    modulus = rsa.generate_private_key(65537, 2048).public_key().public_numbers().n
    small = rsa.generate_private_key(65537, 1024).public_key().public_numbers().n

    def forged(exponent: int, number: int) -> str:
        return line(b"ssh-rsa", mpint(exponent), mpint(number))

    return {
        "rsa_1024": forged(65537, small),
        "rsa_2047": forged(65537, (1 << 2047) - 1 - 2**1000),
        "rsa_16385": forged(65537, (1 << 16384) + 1 + 2**1000),
        "rsa_exponent_0": forged(0, modulus),
        "rsa_exponent_1": forged(1, modulus),
        "rsa_exponent_3": forged(3, modulus),
        "rsa_exponent_even": forged(65536, modulus),
        "rsa_exponent_huge": forged(modulus + 2, modulus),
        "rsa_modulus_even": forged(65537, modulus + 1),
        "rsa_modulus_small_factor": forged(65537, modulus * 3),
        "rsa_negative": line(b"ssh-rsa", mpint(65537), mpint(modulus).lstrip(b"\0")),
        "rsa_leading_zero": line(b"ssh-rsa", mpint(65537), b"\0" + mpint(modulus)),
    }


def point_forgeries() -> dict[str, str]:
    ecdsa = b"ecdsa-sha2-nistp256"
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    point = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    compressed = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    off_curve = point[:-1] + bytes([point[-1] ^ 1])
    ed25519 = b"ssh-ed25519"
    not_on_curve = (2).to_bytes(32, "little")
    return {
        "ecdsa_off_curve": line(ecdsa, b"nistp256", off_curve),
        "ecdsa_other_curve": line(ecdsa, b"nistp384", point),
        "ecdsa_compressed": line(ecdsa, b"nistp256", compressed),
        "ecdsa_infinity": line(ecdsa, b"nistp256", b"\0"),
        "ed25519_off_curve": line(ed25519, not_on_curve),
        "ed25519_identity": line(ed25519, (1).to_bytes(32, "little")),
        "ed25519_31_bytes": line(ed25519, b"x" * 31),
        "ed25519_not_canonical": line(ed25519, b"\xff" * 31 + b"\x7f"),
    }


def text_forgeries(good: dict[str, str], other: dict[str, str]) -> dict[str, str]:
    prefix, blob = good["line_without_comment"].split(" ")
    data = base64.b64decode(blob)
    return {
        "truncated": f"{prefix} {encoded(data[:-3])}",
        "trailing_bytes": f"{prefix} {encoded(data + bytes(3))}",
        "length_absurd": f"{prefix} {encoded(data[:15] + bytes([255] * 4) + data[19:])}",
        "type_differs": f"ssh-rsa {blob}",
        "type_alone": prefix,
        "two_lines": good["line"] + other["line"],
        "two_on_one_line": f"{prefix} {blob} {other['line_without_comment']}",
        "two_rfc4716": good["rfc4716"] + other["rfc4716"],
        "two_pem": good["pem"] + other["pem"],
        "options": f'command="/bin/true" {prefix} {blob} alice',
        "cert_authority": f"cert-authority {prefix} {blob}",
        "host_name": f"host.example {prefix} {blob}",
        "hash": f"# {prefix} {blob}",
        "byte_order_mark": f"\ufeff{prefix} {blob}",
        "base64_unpadded": f"{prefix} {encoded(data + bytes(1)).rstrip('=')}",
        "base64_url_safe": f"{prefix} {encoded(data[:-3] + bytes([255] * 3)).replace('/', '_')}",
        "base64_broken": f"{prefix} {blob[:20]}\n{blob[20:]}",
        "base64_alone_broken": f"{blob[:20]} {blob[20:]}",
        "full_width": f"{prefix} {chr(0xFF21)}{blob[1:]}",
        "comment_escape": f"{prefix} {blob} red \x1b[31m",
        "comment_long": f"{prefix} {blob} {'x' * 1025}",
        "rfc4716_open": good["rfc4716"].replace("---- END SSH2 PUBLIC KEY ----", ""),
        "pem_open": good["pem"].replace("-----END PUBLIC KEY-----", ""),
        "der": encoded(ED25519_DER + data[-32:]),
        "x509": armored("CERTIFICATE", data),
        "too_long": f"{prefix} {blob} {'x' * 20000}",
        "empty": " \n",
        "words": "not a key at all",
        "word": "nonsense",
    }


def main() -> None:
    os.makedirs(FOLDER, 0o700, exist_ok=True)
    valid = {name: make_valid(name, *kind) for name, kind in KEYS.items()}
    valid["security_key"] = security_key()
    refused = {
        **text_forgeries(valid["ed25519"], valid["ecdsa256"]),
        **rsa_forgeries(),
        **point_forgeries(),
        **private_keys(),
        "dsa": line(b"ssh-dss", mpint(23), mpint(11), mpint(4), mpint(8)),
        "certificate": certificate(),
        "pkcs1_public": ssh_keygen("-e", "-m", "PEM", "-f", path("rsa2048.pub")),
        "unknown_type": line(b"ssh-ed448", b"x" * 57),
    }
    with open(path("material.json"), "w", encoding="utf-8") as file:
        json.dump({"sandbox": SANDBOX, "material": {"valid": valid, "refused": refused}}, file)


if __name__ == "__main__":
    main()
