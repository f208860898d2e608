# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hostile public keys, hostile files in the place of private keys, and hostile documents of a registry."""

from __future__ import annotations

import base64
import json
import os
import socket
import stat
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .hostile_options import OK, Case
from .operations import Stage, generate_key

KEY = "InvalidPublicKeyBody.Malformed"
EXISTS, UNSAFE, UNWRITABLE = "PrivateKeyFile.Exists", "PrivateKeyFile.UnsafeDirectory", "PrivateKeyFile.Unwritable"
CORRUPT = "Registry.Corrupt"


def _wire(*parts: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def _number(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "big") if value else b""


def _line(algorithm: str, blob: bytes) -> str:
    return f"{algorithm} {base64.b64encode(blob).decode()}"


def _rsa(exponent: int, modulus: int) -> str:
    return _line("ssh-rsa", _wire(b"ssh-rsa", _number(exponent), _number(modulus)))


def _ed25519(point: bytes) -> str:
    return _line("ssh-ed25519", _wire(b"ssh-ed25519", point))


def public_key_cases(folder: Path) -> list[Case]:
    """Return public keys that must be refused, and some that must not, made with ``ssh-keygen`` and by hand."""
    folder.mkdir()
    texts: dict[str, str] = {}
    for kind, arguments in {
        "ed25519": (),
        "ecdsa": ("-t", "ecdsa"),
        "rsa": ("-t", "rsa", "-b", "2048"),
        "weak": ("-t", "rsa", "-b", "1024"),
    }.items():
        generate_key(folder / kind, *arguments)
        texts[kind] = (folder / f"{kind}.pub").read_text().strip()
    good = texts["ed25519"]
    body = good.split()[1]
    refused = {**_by_hand(), **_mangled(good, body), **_private(folder), "rsa of 1024 bits": texts["weak"]}
    for kind in ("ed25519", "ecdsa", "rsa"):
        blob = base64.b64decode(texts[kind].split()[1])
        refused |= {f"{kind} cut at {end}": _line(texts[kind].split()[0], blob[:end]) for end in range(0, len(blob), 13)}
    rfc4716 = _converted(folder / "ed25519.pub", "RFC4716")
    pem = _converted(folder / "rsa.pub", "PKCS8")
    accepted = {**{kind: texts[kind] for kind in ("ed25519", "ecdsa", "rsa")}, "body alone": body, "rfc4716": rfc4716, "pem": pem}
    accepted["blanks around it"] = f"  {good}\n"
    table = [Case(f"public key: {title}", {"public_key": text}, KEY) for title, text in refused.items()]
    return table + [Case(f"public key: {title}, good", {"public_key": text}, OK) for title, text in accepted.items()]


def _converted(file: Path, form: str) -> str:
    return subprocess.run(["ssh-keygen", "-e", "-m", form, "-f", str(file)], check=True, capture_output=True, text=True).stdout


def _by_hand() -> dict[str, str]:
    modulus = (1 << 2047) + 9
    p256 = b"ecdsa-sha2-nistp256"
    return {
        **{f"exponent {exponent}": _rsa(exponent, modulus) for exponent in (0, 1, 2, 3, 65536, modulus + 2)},
        "even modulus": _rsa(65537, modulus - 1),
        "small factor": _rsa(65537, 3 * ((1 << 2047) // 3)),
        "square modulus": _rsa(65537, ((1 << 1023) + 1155) ** 2),
        "modulus of 16385 bits": _rsa(65537, (1 << 16384) + 1),
        "modulus of 0": _rsa(65537, 0),
        "zeros before the modulus": _line("ssh-rsa", _wire(b"ssh-rsa", _number(65537), b"\0\0" + _number(modulus))),
        "negative modulus": _line("ssh-rsa", _wire(b"ssh-rsa", _number(65537), _number(modulus)[1:])),
        "ed25519 of 31 bytes": _ed25519(b"\1" * 31),
        "ed25519 of 33 bytes": _ed25519(b"\1" * 33),
        "ed25519 zero": _ed25519(bytes(32)),
        "ed25519 identity": _ed25519(b"\1" + bytes(31)),
        "ed25519 of small order": _ed25519(bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")),
        "ed25519 beyond the field": _ed25519(b"\xff" * 32),
        "length of 4 GiB": _line("ssh-ed25519", b"\xff\xff\xff\xff"),
        "trailing bytes": _line("ssh-ed25519", _wire(b"ssh-ed25519", b"\1" * 32) + b"x"),
        "another label": _line("ssh-rsa", _wire(b"ssh-ed25519", b"\1" * 32)),
        "ecdsa infinity": _line(p256.decode(), _wire(p256, b"nistp256", b"\0")),
        "ecdsa off the curve": _line(p256.decode(), _wire(p256, b"nistp256", b"\4" + b"\1" * 64)),
        "ecdsa of another curve": _line(p256.decode(), _wire(p256, b"nistp384", b"\4" + b"\1" * 64)),
        "dsa": _line("ssh-dss", _wire(b"ssh-dss", b"\1")),
        "certificate": _line("ssh-ed25519-cert-v01@openssh.com", _wire(b"ssh-ed25519-cert-v01@openssh.com", b"\1" * 32)),
    }


def _mangled(good: str, body: str) -> dict[str, str]:
    return {
        "empty": "",
        "blank": " \n ",
        "two keys": f"{good}\n{good}",
        "two keys on a line": f"{good} {good}",
        "options": f'command="x" {good}',
        "authority": f"cert-authority {good}",
        "comment sign": f"# {good}",
        "newline in the comment": f"{good} a\nb",
        "NUL in the comment": f"{good} a\0b",
        "escape in the comment": f"{good} a\x1b[31m",
        "long comment": f"{good} {'c' * 1025}",
        "1 MB": f"{good} {'c' * 1048576}",
        "binary": "\x00\x01\x02\xff",
        "byte order mark": f"\ufeff{good}",
        "full-width letters": good.replace("A", "\uff21"),
        "url-safe": good.replace("+", "-").replace("/", "_").replace("AAAAC3", "AAAA_C3"),
        "padding too much": f"ssh-ed25519 {body}=",
        "split": f"ssh-ed25519 {body[:20]} {body[20:]}",
        "X.509 words": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "PEM without end": "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA",
        "list as text": f"['{good}']",
        "template": "{{ '{{ x }}' }}",
    }


def _private(folder: Path) -> dict[str, str]:
    generate_key(folder / "locked", "-N", "12345678")
    generate_key(folder / "pem", "-t", "rsa", "-m", "PEM")
    texts = {name: (folder / name).read_text() for name in ("ed25519", "ecdsa", "rsa", "locked", "pem")}
    return {
        **{f"private key: {name}": text for name, text in texts.items()},
        "PuTTY": "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none",
    }


def target_cases(folder: Path) -> list[Case]:
    """Return files and directories in the place of a private key, each of which must stay as it is."""
    folder.mkdir()
    files = list(_targets(folder))
    table = [Case(f"target: {title}", {"private_key_file": str(path)}, expected) for title, path, expected in files]
    for name in ("fifo", "directory", "socket", "device", "device-itself"):
        if (folder / name).exists():
            options = {"adopt_private_key_file": str(folder / name)}
            table.append(Case(f"adopted file: {name}", options, "PrivateKeyFile.Unreadable"))
    for title, path, expected in _directories(folder):
        table.append(Case(f"directory: {title}", {"private_key_dir": str(path)}, expected))
    return table


def _targets(folder: Path) -> Iterator[tuple[str, Path, str]]:
    victim = folder / "victim"
    victim.write_text("precious\n")
    (folder / "symlink").symlink_to(victim)
    (folder / "dangling").symlink_to(folder / "nowhere")
    (folder / "loop").symlink_to(folder / "loop")
    os.link(victim, folder / "hard-link")
    os.mkfifo(folder / "fifo")
    (folder / "directory").mkdir()
    generate_key(folder / "foreign")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "socket"))
    for name in ("symlink", "dangling", "loop", "hard-link", "fifo", "directory", "foreign", "socket", "victim"):
        yield name, folder / name, EXISTS
    (folder / "device").symlink_to("/dev/full")
    yield "a device by a symbolic link", folder / "device", EXISTS
    if _is_device(folder / "device-itself"):
        yield "a device", folder / "device-itself", EXISTS
    yield "below a file", folder / "victim" / "key.pem", UNWRITABLE


def _is_device(path: Path) -> bool:
    """Make an endless device of a path, which only root can."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))
    except PermissionError:
        return False
    return True


def _directories(folder: Path) -> Iterator[tuple[str, Path, str]]:
    for title, mode, owner, expected in (
        ("writable by everyone", 0o777, 0, UNSAFE),
        ("writable by everyone, but sticky", 0o1777, 0, OK),
        ("another user's", 0o755, 65534, UNSAFE),
    ):
        path = folder / title.replace(" ", "-").replace("'", "").replace(",", "")
        path.mkdir()
        path.chmod(mode)
        if os.geteuid() == 0:
            os.chown(path, owner, -1)
        if os.geteuid() == 0 or owner == 0:
            yield title, path, expected
    (folder / "to-another-users").symlink_to(folder / "another-users")
    if os.geteuid() == 0:
        yield "symbolic link to another user's", folder / "to-another-users", UNSAFE
    (folder / "to-nowhere").symlink_to(folder / "nowhere")
    yield "dangling symbolic link", folder / "to-nowhere", UNWRITABLE
    (folder / "round").symlink_to(folder / "round")
    yield "symbolic link to itself", folder / "round", UNWRITABLE


def document_cases(stage: Stage, folder: Path) -> list[Case]:
    """Return registries whose one document, or whose directory, is not as the collection left it."""
    folder.mkdir()
    world = next(stage.worlds_for(stage.operations[4], "document"))
    good = world.document.read_bytes()
    loaded = json.loads(good)
    table: list[Case] = []
    for title, data, expected in _contents(good, loaded):
        registry = folder / f"{len(table)}"
        registry.mkdir(mode=0o700)
        (registry / "eu-1.json").write_bytes(data)
        (registry / "eu-1.json").chmod(0o600)
        table.append(Case(f"document: {title}", {"registry": str(registry)}, expected))
    for title, registry, expected in _kinds(folder, good):
        table.append(Case(f"document: {title}", {"registry": str(registry)}, expected))
    return table


def _contents(good: bytes, loaded: dict[str, Any]) -> Iterator[tuple[str, bytes, str]]:
    for end in range(0, len(good) - 1, 29):
        yield f"cut at {end}", good[:end], CORRUPT
    for field in loaded:
        yield f"no {field}", json.dumps({key: value for key, value in loaded.items() if key != field}).encode(), CORRUPT
        values: tuple[Any, ...] = (None, [], True, -1, "\ud800")
        for wrong in values:
            yield f"{field} is {wrong!a}", json.dumps({**loaded, field: wrong}).encode(), CORRUPT
    record = loaded["key_pairs"]["ops"]
    for field in record:
        for title, changed in (("no", {k: v for k, v in record.items() if k != field}), ("wrong", {**record, field: [1]})):
            yield f"{title} {field} in a record", json.dumps({**loaded, "key_pairs": {"ops": changed}}).encode(), CORRUPT
    yield "newer schema", json.dumps({**loaded, "schema_version": 999}).encode(), "Registry.NewerSchema"
    yield "a private key in a field", good.replace(b' mine"', b' BEGIN PRIVATE KEY"'), "Registry.SecretFound"
    yield "a name with a path", json.dumps({**loaded, "key_pairs": {"../../x": record}}).encode(), CORRUPT
    yield "a name twice", good.replace(b'"bystander": {', b'"ops": {', 1), CORRUPT
    for title, data in {
        "not UTF-8": good.replace(b"mine", b"\xff\xfe"),
        "byte order mark": b"\xef\xbb\xbf" + good,
        "NaN": good.replace(b'"serial": 2', b'"serial": NaN'),
        "5000 digits": good.replace(b'"serial": 2', b'"serial": ' + b"9" * 5000),
        "nested 100000 times": b"[" * 100000,
        "text after it": good + b"x",
        "50 MB": b" " * 52428800,
    }.items():
        yield title, data, CORRUPT


def _kinds(folder: Path, good: bytes) -> Iterator[tuple[str, Path, str]]:
    def registry(name: str) -> Path:
        made = folder / name
        made.mkdir(mode=0o700)
        return made

    unsafe = "Registry.Unsafe"
    (registry("is-directory") / "eu-1.json").mkdir()
    os.mkfifo(registry("is-fifo") / "eu-1.json")
    (registry("is-symlink") / "eu-1.json").symlink_to(folder / "0" / "eu-1.json")
    (registry("is-device") / "eu-1.json").symlink_to("/dev/zero")
    for name in ("is-directory", "is-fifo", "is-symlink", "is-device"):
        yield name, folder / name, unsafe
    if _is_device(registry("is-device-itself") / "eu-1.json"):
        yield "a device", folder / "is-device-itself", unsafe
    loose = registry("writable-by-everyone") / "eu-1.json"
    loose.write_bytes(good)
    loose.chmod(0o666)
    yield "writable by everyone", loose.parent, unsafe
    open_to_all = registry("directory-writable-by-everyone")
    open_to_all.chmod(0o777)
    yield "directory writable by everyone", open_to_all, unsafe
    (folder / "file").touch()
    yield "registry is a file", folder / "file", "Registry.Unreadable"
    if os.geteuid() == 0:
        foreign = registry("foreign") / "eu-1.json"
        foreign.write_bytes(good)
        os.chown(foreign, 65534, -1)
        yield "owned by another user", foreign.parent, unsafe
