# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of a binding that runs on the host: which lines come and go, as a pure function of bytes."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._rules.authorized_keys import edited, fingerprint_of
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import material

FOREIGN = material(1, comment="laptop").line("laptop").encode()
OPS = material(2).line("ops").encode()
TWO = material(3).line("two").encode()
BARE = b" ".join(OPS.split()[:2])
REVOKED = [material(2).fingerprint]
LINES = {
    "bare": BARE,
    "with a comment": OPS,
    "with spaces around it": b" \t" + OPS + b"  ",
    "with other spaces in it": OPS.replace(b" ", b" \t "),
    "with a comment of several words": BARE + b" a key of\ttwo words",
    "with a comment that is not UTF-8": BARE + b" \xff\xfe",
    "of a Windows editor": OPS + b"\r",
    "ecdsa": material(2, "ecdsa", 256).line("x").encode(),
    "rsa": material(2, "rsa", 2048).line("x").encode(),
}
WITH_OPTIONS = {
    "one option": b"no-pty " + OPS,
    "options": b"no-pty,restrict " + OPS,
    "an option with a value": b'from="10.0.0.0/8" ' + OPS,
    "a value with spaces": b'command="echo two words" ' + OPS,
    "a value with quotes": b'command="echo \\"quoted words\\"",no-pty ' + OPS,
    "a value that names a key": b'command="ssh-ed25519 AAAA" ' + OPS,
    "spaces after the options": b"no-pty \t " + OPS,
    "a certificate authority": b"cert-authority " + OPS,
}
NO_KEYS = {
    "nothing": b"",
    "spaces": b" \t ",
    "a comment": b"# " + OPS,
    "an indented comment": b"  # " + OPS,
    "a type alone": b"ssh-ed25519",
    "options alone": b'from="10.0.0.0/8"',
    "options and a type": b"no-pty ssh-ed25519",
    "no Base64": b"ssh-ed25519 not-base64!",
    "half of Base64": BARE[:-1],
    "an open quote": b'command="echo ' + OPS,
    "two words": b"no-pty no-x11 " + OPS,
    "a name like a type": b"sshed25519 " + BARE.split()[1],
    "other bytes": b"\xff\xfe\x00\x01",
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_a_key_is_found_in_a_line_however_it_is_written(line: bytes) -> None:
    fingerprint = {b"ecdsa": material(2, "ecdsa", 256), b"ssh-r": material(2, "rsa", 2048)}.get(line.strip()[:5], material(2)).fingerprint
    assert fingerprint_of(line) == (fingerprint, True)


@pytest.mark.parametrize("line", WITH_OPTIONS.values(), ids=WITH_OPTIONS)
def test_a_key_is_found_behind_options(line: bytes) -> None:
    assert fingerprint_of(line) == (material(2).fingerprint, False)


@pytest.mark.parametrize("line", NO_KEYS.values(), ids=NO_KEYS)
def test_what_is_no_key_is_none(line: bytes) -> None:
    assert fingerprint_of(line) is None


def test_ssh_keygen_finds_the_same_keys(tmp_path: Path) -> None:
    lines = [*LINES.values(), *(line for line in WITH_OPTIONS.values() if b" \t" not in line)]  # which sshd takes, and ssh-keygen does not
    path = tmp_path / "authorized_keys"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    listed = subprocess.run(["ssh-keygen", "-l", "-f", path], capture_output=True, check=True).stdout
    found = [fingerprint_of(line) for line in lines]
    assert [line.split()[1].decode() for line in listed.split(b"\n")[:-1]] == [each[0] for each in found if each is not None]


GRANTS = {
    "nothing": (b"", OPS + b"\n"),
    "other lines": (FOREIGN + b"\n", FOREIGN + b"\n" + OPS + b"\n"),
    "no newline at the end": (FOREIGN, FOREIGN + b"\n" + OPS + b"\n"),
    "Windows line ends": (FOREIGN + b"\r\n", FOREIGN + b"\r\n" + OPS + b"\n"),
    "empty lines at the end": (b"\n\n\n", b"\n\n\n" + OPS + b"\n"),
    "the line": (OPS + b"\n", OPS + b"\n"),
    "the line without a newline": (OPS, OPS),
    "the line in the middle": (OPS + b"\n" + FOREIGN, OPS + b"\n" + FOREIGN),
    "the key with another comment": (BARE + b" mine\n", BARE + b" mine\n"),
    "the key twice": (OPS + b"\n" + OPS + b"\n", OPS + b"\n" + OPS + b"\n"),
    "the key with options": (b"no-pty " + OPS + b"\n", b"no-pty " + OPS + b"\n" + OPS + b"\n"),
    "the key in a comment": (b"#" + OPS + b"\n", b"#" + OPS + b"\n" + OPS + b"\n"),
    "a comment that a carriage return seems to end": (b"# old\r" + OPS + b"\n", b"# old\r" + OPS + b"\n" + OPS + b"\n"),
    "other bytes": (b"\xff\0\xfe\x85\x0b\x0c\x1c", b"\xff\0\xfe\x85\x0b\x0c\x1c\n" + OPS + b"\n"),
}


@pytest.mark.parametrize(("content", "after"), GRANTS.values(), ids=GRANTS)
def test_a_granted_line_is_added_at_the_end_if_sshd_would_not_find_the_key(content: bytes, after: bytes) -> None:
    assert edited(content, OPS, [], False) == after
    assert edited(after, OPS, [], False) == after


REVOCATIONS = {
    "nothing": (b"", b""),
    "the line": (OPS + b"\n", b""),
    "the line without a newline": (FOREIGN + b"\n" + OPS, FOREIGN + b"\n"),
    "the key with another comment": (FOREIGN + b"\n" + BARE + b" mine\n" + TWO, FOREIGN + b"\n" + TWO),
    "the key twice": (OPS + b"\n" + FOREIGN + b"\n" + OPS + b"\n", FOREIGN + b"\n"),
    "the key with options, which is not ours": (b"no-pty " + OPS + b"\n", b"no-pty " + OPS + b"\n"),
    "the key in a comment": (b"#" + OPS + b"\n", b"#" + OPS + b"\n"),
    "a comment that a carriage return seems to end": (b"# old\r" + OPS + b"\n", b"# old\r" + OPS + b"\n"),
    "a line behind a carriage return": (FOREIGN + b" a\r" + OPS + b"\n" + OPS + b"\n", FOREIGN + b" a\r" + OPS + b"\n"),
    "other keys": (FOREIGN + b"\n" + TWO, FOREIGN + b"\n" + TWO),
    "other bytes": (b"\xff\n\n\r\n" + OPS + b"\n\xfe", b"\xff\n\n\r\n\xfe"),
}


@pytest.mark.parametrize(("content", "after"), REVOCATIONS.values(), ids=REVOCATIONS)
def test_the_lines_of_a_revoked_key_go_and_no_others(content: bytes, after: bytes) -> None:
    assert edited(content, None, REVOKED, False) == after
    assert edited(after, None, REVOKED, False) == after


def test_one_line_replaces_another() -> None:
    before = b"# first\n" + OPS + b"\n" + FOREIGN
    assert edited(before, TWO, REVOKED, False) == b"# first\n" + FOREIGN + b"\n" + TWO + b"\n"


def test_a_key_that_is_granted_is_not_revoked() -> None:
    assert edited(OPS + b"\n", OPS, REVOKED, False) == OPS + b"\n"


def test_alone_a_key_leaves_comments_and_no_other_keys() -> None:
    others = [FOREIGN, *WITH_OPTIONS.values()]
    kept = b"# night shift\n\nno-key-at-all\n"
    assert edited(kept + b"".join(line + b"\n" for line in others) + TWO, OPS, [], True) == kept + OPS + b"\n"


def test_of_any_bytes_only_whole_lines_with_keys_change() -> None:
    dice = random.Random(20261124)
    pieces = [FOREIGN, OPS, TWO, b"\n", b"\r", b"\r\n", b"#", b" ", b"\t", b'"', b"\xff", b"\0", b"no-pty ", b"\x0b", b"\x85"]
    for _round in range(5000):
        content = b"".join(dice.choices(pieces, k=dice.randrange(12)))
        granted = edited(content, OPS, [], False)
        assert granted in (content, content + OPS + b"\n", content + b"\n" + OPS + b"\n")
        assert edited(granted, OPS, [], False) == granted
        revoked = edited(content, None, REVOKED, False)
        assert edited(revoked, None, REVOKED, False) == revoked
        lines = [line + b"\n" for line in content.split(b"\n")]
        assert b"".join(line for line in lines if fingerprint_of(line) != (REVOKED[0], True))[: len(revoked)] == revoked
        assert len(revoked) == len(content) or OPS in content or BARE in content
