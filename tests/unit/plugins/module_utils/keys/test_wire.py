# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._keys.wire import (
    MalformedKeyError,
    Reader,
    UnsupportedKeyError,
    decode_base64,
    describe_blob,
    mpint,
    string,
    uint32,
)


@pytest.mark.parametrize(
    ("number", "encoded"),
    # The examples of RFC 4251, section 5, that are not negative, and the edges of a byte.
    [
        pytest.param(0, "00000000", id="zero"),
        pytest.param(0x9A378F9B2E332A7, "0000000809a378f9b2e332a7", id="rfc 4251"),
        pytest.param(0x80, "000000020080", id="high bit"),
        pytest.param(0x7F, "000000017f", id="no high bit"),
        pytest.param(0x100, "000000020100", id="two bytes"),
    ],
)
def test_a_number_is_written_as_rfc_4251_says_and_read_back(number: int, encoded: str) -> None:
    assert mpint(number).hex() == encoded
    assert Reader(bytes.fromhex(encoded)).mpint() == number


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param("00000001ff", id="minus one"),
        pytest.param("0000000100", id="zero as a byte"),
        pytest.param("00000002007f", id="leading zero"),
        pytest.param("00000003000080", id="two leading zeros"),
        pytest.param("0000000201", id="cut short"),
        pytest.param("ffffffff01", id="huge length"),
        pytest.param("0000", id="half a length"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_number_in_any_other_form_is_refused(encoded: str) -> None:
    with pytest.raises(MalformedKeyError):
        Reader(bytes.fromhex(encoded)).mpint()


def test_a_reader_that_has_not_read_everything_refuses_to_finish() -> None:
    reader = Reader(string(b"one") + uint32(7) + b"rest")
    assert (reader.string(), reader.uint32()) == (b"one", 7)
    with pytest.raises(MalformedKeyError):
        reader.finish()
    assert reader.rest() == b"rest"
    reader.finish()


@pytest.mark.parametrize("data", [b"a", b"ab", b"abc", bytes(range(256))])
def test_standard_base64_is_decoded(data: bytes) -> None:
    assert decode_base64(base64.b64encode(data).decode()) == data


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("YQ", id="no padding"),
        pytest.param("YR==", id="stray bits"),
        pytest.param("YQ==YQ==", id="two texts"),
        pytest.param("YQ===", id="too much padding"),
        pytest.param("YW\nI=", id="line break"),
        pytest.param("YW I=", id="space"),
        pytest.param("_-8=", id="url-safe"),
        pytest.param("YWI=!", id="other characters"),
        pytest.param("\uff39\uff37\uff29=", id="full-width letters"),
        pytest.param("\ud800", id="lone surrogate"),
        pytest.param("Y", id="one character"),
    ],
)
def test_base64_that_encoding_would_not_give_again_is_refused(text: str) -> None:
    with pytest.raises(MalformedKeyError):
        decode_base64(text)


_POINT = bytes(32)
_MODULUS = (1 << 2047) + 1


@pytest.mark.parametrize(
    ("blob", "description"),
    [
        pytest.param(string(b"ssh-ed25519") + string(_POINT), ("ed25519", 256), id="ed25519"),
        pytest.param(string(b"ssh-rsa") + mpint(65537) + mpint(_MODULUS), ("rsa", 2048), id="rsa"),
        pytest.param(string(b"ecdsa-sha2-nistp521") + string(b"nistp521") + string(b"\x04" + bytes(132)), ("ecdsa", 521), id="ecdsa"),
        pytest.param(string(b"sk-ssh-ed25519@openssh.com") + string(_POINT) + string(b"ssh:"), ("ed25519-sk", 256), id="ed25519-sk"),
        pytest.param(
            string(b"sk-ecdsa-sha2-nistp256@openssh.com") + string(b"nistp256") + string(b"\x04" + bytes(64)) + string(b"ssh:work"),
            ("ecdsa-sk", 256),
            id="ecdsa-sk",
        ),
    ],
)
def test_a_blob_is_described_by_its_structure_alone(blob: bytes, description: tuple[str, int]) -> None:
    assert describe_blob(blob) == description


@pytest.mark.parametrize(
    ("blob", "reason"),
    [
        pytest.param(string(b"ssh-dss") + bytes(40), "dsa", id="dsa"),
        pytest.param(string(b"ssh-ed25519-cert-v01@openssh.com") + bytes(40), "certificate", id="certificate"),
        pytest.param(string(b"ssh-ed448") + bytes(61), "type is none of", id="unknown type"),
        pytest.param(string(b"ssh-\xff"), "type is none of", id="type is not text"),
        pytest.param(b"0\x82\x01\x22", "DER", id="der"),
    ],
)
def test_types_that_are_not_taken_are_refused_with_the_reason(blob: bytes, reason: str) -> None:
    with pytest.raises(UnsupportedKeyError, match=reason):
        describe_blob(blob)
