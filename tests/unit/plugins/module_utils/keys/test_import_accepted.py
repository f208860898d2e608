# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._keys.public_key import PublicKey, parse_public_key, public_key_of_line
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_types import CREATABLE_TYPES, KEY_TYPES
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_public_key

_ALL = [(name, size) for name in CREATABLE_TYPES for size in KEY_TYPES[name].sizes]
_COMMENT = "ops@example"


def _bare(key: PublicKey) -> str:
    return base64.b64encode(key.blob).decode()


def _pem(key: PublicKey) -> str:
    return load_ssh_public_key(key.line("").encode()).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _rfc4716(key: PublicKey, *headers: str) -> str:
    body = _bare(key)
    lines = [body[start : start + 70] for start in range(0, len(body), 70)]
    return "\n".join(["---- BEGIN SSH2 PUBLIC KEY ----", *headers, *lines, "---- END SSH2 PUBLIC KEY ----"])


# Every text of a key, and the comment that it brings.
_TEXTS: dict[str, tuple[Callable[[PublicKey], str], str]] = {
    "line": (lambda key: key.line(_COMMENT), _COMMENT),
    "line without comment": (lambda key: key.line(""), ""),
    "line with white space around": (lambda key: f" \t\r\n {key.line(_COMMENT)} \t\r\n\n", _COMMENT),
    "line with crlf": (lambda key: key.line(_COMMENT) + "\r\n", _COMMENT),
    "runs of spaces and tabs between the fields": (lambda key: key.line("").replace(" ", " \t  ") + "\t \t" + _COMMENT, _COMMENT),
    "comment of several words": (lambda key: key.line("laptop  of Zoë, 東京"), "laptop  of Zoë, 東京"),
    "comment of the largest size": (lambda key: key.line("c" * 1024), "c" * 1024),
    "comment with a key type in it": (lambda key: key.line("my ssh-rsa key"), "my ssh-rsa key"),
    "base64 alone": (_bare, ""),
    "base64 alone with newline": (lambda key: _bare(key) + "\n", ""),
    "pem": (_pem, ""),
    "pem with crlf": (lambda key: "\n" + _pem(key).replace("\n", "\r\n"), ""),
    "rfc 4716": (_rfc4716, ""),
    "rfc 4716 with crlf": (lambda key: _rfc4716(key).replace("\n", "\r\n") + "\r\n", ""),
    "rfc 4716 with comment": (lambda key: _rfc4716(key, f"Comment: {_COMMENT}"), _COMMENT),
    "rfc 4716 with quoted comment": (lambda key: _rfc4716(key, "Subject: me", f'COMMENT: "{_COMMENT}"', "x-mine: 1"), _COMMENT),
    "rfc 4716 with a quotation mark as comment": (lambda key: _rfc4716(key, 'Comment: "'), '"'),
    "rfc 4716 with continued comment": (lambda key: _rfc4716(key, "Comment: ops\\", "@exa\\", "mple"), _COMMENT),
}


@pytest.mark.parametrize(("key_type", "size"), _ALL, ids=str)
@pytest.mark.parametrize("name", _TEXTS)
def test_every_text_of_a_key_gives_that_key(name: str, key_type: str, size: int, public_key: Callable[[str, int], PublicKey]) -> None:
    key = public_key(key_type, size)
    write, comment = _TEXTS[name]
    assert parse_public_key(write(key)) == PublicKey(key_type, size, key.blob, comment)


@pytest.mark.parametrize("key_type", ["ed25519-sk", "ecdsa-sk"])
def test_security_keys_are_imported(key_type: str, security_key: Callable[[str], bytes]) -> None:
    key = PublicKey(key_type, 256, security_key(key_type), _COMMENT)
    assert parse_public_key(key.line(_COMMENT)) == key
    assert parse_public_key(_bare(key)).blob == key.blob


@pytest.mark.parametrize(("key_type", "size"), _ALL, ids=str)
def test_fingerprints_and_line_are_those_of_ssh_keygen(
    key_type: str, size: int, public_key: Callable[[str, int], PublicKey], ssh_keygen: Callable[..., str], tmp_path: Path
) -> None:
    key = public_key(key_type, size)
    path = tmp_path / "key.pub"
    path.write_text(key.line(_COMMENT) + "\n")
    listed = f"{key.size} {{}} {_COMMENT} ({key_type.upper()})\n"
    assert ssh_keygen("-l", "-f", path) == listed.format(key.fingerprint)
    assert ssh_keygen("-l", "-E", "md5", "-f", path) == listed.format(f"MD5:{key.fingerprint_md5}")


@pytest.mark.parametrize(("key_type", "size"), _ALL, ids=str)
@pytest.mark.parametrize("form", ["RFC4716", "PKCS8"])
def test_what_ssh_keygen_converts_is_imported_as_the_same_key(
    form: str, key_type: str, size: int, public_key: Callable[[str, int], PublicKey], ssh_keygen: Callable[..., str], tmp_path: Path
) -> None:
    if (key_type, form) == ("ed25519", "PKCS8"):
        form = "RFC4716"  # ssh-keygen before 9.6 cannot write ed25519 as PKCS8
    key = public_key(key_type, size)
    path, converted = tmp_path / "key.pub", tmp_path / "converted.pub"
    path.write_text(key.line(_COMMENT) + "\n")
    converted.write_text(ssh_keygen("-e", "-m", form, "-f", path))
    assert parse_public_key(converted.read_text()).blob == key.blob
    assert ssh_keygen("-i", "-m", form, "-f", converted).strip() == key.line("")


@pytest.mark.parametrize(
    "arguments", [("-t", "ed25519"), ("-t", "ecdsa", "-b", "384"), ("-t", "rsa", "-b", "2048")], ids=lambda value: value[1]
)
def test_keys_that_ssh_keygen_makes_are_imported(arguments: tuple[str, ...], ssh_keygen: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "made"
    ssh_keygen("-q", *arguments, "-N", "", "-C", "made by ssh-keygen", "-f", path)
    line = path.with_suffix(".pub").read_text()
    key = parse_public_key(line)
    assert key.line(key.comment) + "\n" == line
    assert key.fingerprint in ssh_keygen("-l", "-f", path)


@pytest.mark.parametrize(("key_type", "size"), _ALL, ids=str)
@pytest.mark.parametrize("comment", ["", "c", "two words", "Zoë", "in  between", '"; rm -rf'])
def test_a_line_that_was_written_is_read_back(comment: str, key_type: str, size: int, public_key: Callable[[str, int], PublicKey]) -> None:
    key = public_key(key_type, size)
    line = key.line(comment)
    assert not line.endswith(key.algorithm + " ")
    assert public_key_of_line(line) == PublicKey(key_type, size, key.blob, comment)
    assert public_key_of_line(line).algorithm == line.split(" ")[0]


def _damages(line: str) -> dict[str, str]:
    algorithm, encoded = line.split(" ")
    return {
        "empty": "",
        "type only": algorithm,
        "base64 only": encoded,
        "other type": f"ssh-rsa {encoded}",
        "two spaces": f"{algorithm}  {encoded}",
        "tab": f"{algorithm}\t{encoded}",
        "trailing space": f"{line} ",
        "newline": f"{line}\n",
        "newline in comment": f"{line} a\nb",
        "cut short": line[:-4],
        "url-safe": f"{algorithm} {encoded[:-1]}_",
    }


@pytest.mark.parametrize("name", _damages("a b"))
def test_a_line_that_was_not_written_so_is_a_value_error(name: str, ed25519: PublicKey) -> None:
    with pytest.raises(ValueError):
        public_key_of_line(_damages(ed25519.line(""))[name])
