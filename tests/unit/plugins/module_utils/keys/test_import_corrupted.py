# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Iterator

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._keys.public_key import PublicKey, parse_public_key, public_key_of_line
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError

_TYPES = [("ed25519", 256), ("ecdsa", 256), ("ecdsa", 521), ("rsa", 2048)]


def _accepted(text: str) -> PublicKey | None:
    """Return the key, or None if it was refused in the one way there is."""
    try:
        return parse_public_key(text)
    except KeyPairError as error:
        assert error.code is ErrorCode.PUBLIC_KEY_MALFORMED
        return None


def _bare(blob: bytes) -> str:
    return base64.b64encode(blob).decode()


@pytest.mark.parametrize(("key_type", "size"), _TYPES, ids=str)
def test_a_blob_cut_at_any_byte_is_refused(key_type: str, size: int, public_key: Callable[[str, int], PublicKey]) -> None:
    blob = public_key(key_type, size).blob
    assert [end for end in range(len(blob)) if _accepted(_bare(blob[:end]))] == []


@pytest.mark.parametrize("key_type", ["ed25519-sk", "ecdsa-sk"])
def test_a_security_key_cut_at_any_byte_is_refused(key_type: str, security_key: Callable[[str], bytes]) -> None:
    blob = security_key(key_type)
    assert [end for end in range(len(blob)) if _accepted(_bare(blob[:end]))] == []


@pytest.mark.parametrize(("key_type", "size"), _TYPES, ids=str)
def test_a_line_cut_at_any_character_is_refused_or_the_same_key(
    key_type: str, size: int, public_key: Callable[[str, int], PublicKey]
) -> None:
    key = public_key(key_type, size)
    text = key.line("ops")
    lengths = [end for end in range(len(text)) if (read := _accepted(text[:end])) and read.blob != key.blob]
    assert lengths == []


def _flips(blob: bytes) -> Iterator[bytes]:
    for bit in range(len(blob) * 8):
        flipped = bytearray(blob)
        flipped[bit // 8] ^= 1 << bit % 8
        yield bytes(flipped)


@pytest.mark.parametrize(("key_type", "size"), _TYPES, ids=str)
def test_a_blob_with_one_bit_flipped_is_refused_or_another_good_key(
    key_type: str, size: int, public_key: Callable[[str, int], PublicKey]
) -> None:
    for blob in _flips(public_key(key_type, size).blob):
        if key := _accepted(_bare(blob)):
            assert (key.blob, key.type) == (blob, key_type)
            assert public_key_of_line(key.line("")) == key


@pytest.mark.parametrize("size", [256, 384, 521])
def test_no_flipped_bit_of_an_ecdsa_key_goes_unnoticed(size: int, public_key: Callable[[str, int], PublicKey]) -> None:
    assert [blob.hex() for blob in _flips(public_key("ecdsa", size).blob) if _accepted(_bare(blob))] == []


def _mangle(chance: random.Random, text: str) -> str:
    """Return the text with a few pieces replaced, doubled or removed."""
    characters = list(text)
    for _round in range(chance.randint(1, 4)):
        at = chance.randrange(len(characters) + 1)
        piece = chance.choice(["", " ", "\n", "\0", "=", "A", "-----", "\ud800", "\U0001f511", "ssh-rsa ", "\\\n", ":", text[at : at + 9]])
        characters[at : at + chance.randint(0, 3)] = piece
    return "".join(characters)


@pytest.mark.parametrize("seed", range(8))
def test_no_mangled_text_gives_any_error_but_the_refusal(seed: int, ed25519: PublicKey) -> None:
    chance = random.Random(seed)
    armored = f'---- BEGIN SSH2 PUBLIC KEY ----\nComment: "x"\n{_bare(ed25519.blob)}\n---- END SSH2 PUBLIC KEY ----'
    pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n"
    for text in (ed25519.line("ops"), _bare(ed25519.blob), armored, pem):
        assert _accepted(text)
        for _round in range(100):
            _accepted(_mangle(chance, text))


@pytest.mark.parametrize("seed", range(4))
def test_no_random_bytes_give_any_error_but_the_refusal(seed: int) -> None:
    chance = random.Random(seed)
    for length in range(1, 200):
        blob = chance.randbytes(length)
        _accepted(_bare(blob))
        _accepted(_bare(b"\0\0\0\x07ssh-rsa" + blob))
        _accepted(f"-----BEGIN PUBLIC KEY-----\n{_bare(blob)}\n-----END PUBLIC KEY-----")
        _accepted(blob.decode("latin-1"))
