# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import random
import time
from math import gcd

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._keys import strength
from ansible_collections.keywright.ssh.plugins.module_utils._keys.strength import check_strength
from ansible_collections.keywright.ssh.plugins.module_utils._keys.wire import Blob, MalformedKeyError, mpint, read_blob, string

_RANDOM = random.Random(20260101)


def _hard_number(bits: int) -> int:
    """Return a number of exactly so many bits without small factors; whether it is prime does not matter here."""
    while True:
        number = _RANDOM.getrandbits(bits) | 1 << bits - 1 | 1
        if gcd(number, strength._small_primes_product()) == 1:
            return number


def _rsa(modulus: int, exponent: int = 65537) -> Blob:
    return read_blob(string(b"ssh-rsa") + mpint(exponent) + mpint(modulus))


@pytest.mark.parametrize("bits", [2048, 2049, 3072, 4096, 16384])
def test_rsa_of_every_size_within_the_limits_is_taken_at_once(bits: int) -> None:
    started = time.monotonic()
    check_strength(_rsa(_hard_number(bits)))
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("bits", [1, 512, 1024, 1536, 2047, 16385, 40000])
def test_rsa_of_any_other_size_is_refused_naming_size_and_limits(bits: int) -> None:
    with pytest.raises(MalformedKeyError, match=f"has {bits} bits, and from 2048 to 16384"):
        check_strength(_rsa(_hard_number(bits) if bits > 1 else 1))


@pytest.mark.parametrize("exponent", [17, 35, 37, 257, 65537, 2**64 - 1])
def test_exponents_that_are_in_use_are_taken(exponent: int) -> None:
    check_strength(_rsa(_hard_number(2048), exponent))


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 5, 15, 18, 65536, 2**64 + 1, 2**2048 + 1])
def test_absurd_exponents_are_refused(exponent: int) -> None:
    with pytest.raises(MalformedKeyError, match="exponent"):
        check_strength(_rsa(_hard_number(2048), exponent))


def test_an_even_modulus_is_refused() -> None:
    with pytest.raises(MalformedKeyError, match="even"):
        check_strength(_rsa(_hard_number(2048) - 1))


@pytest.mark.parametrize("factor", [3, 5, 7, 257, 9973])
def test_a_modulus_with_a_small_factor_is_refused(factor: int) -> None:
    with pytest.raises(MalformedKeyError, match="small factor"):
        check_strength(_rsa(_hard_number(2100) * factor))


@pytest.mark.parametrize("distance", [0, 2, 2**40, 2**500])
def test_a_modulus_of_two_numbers_close_together_is_refused(distance: int) -> None:
    product = 0
    while gcd(product, strength._small_primes_product()) != 1:
        low = _hard_number(1025)
        product = low * (low + distance)
    with pytest.raises(MalformedKeyError, match="close together"):
        check_strength(_rsa(product))


_CURVE_BYTES = {256: 32, 384: 48, 521: 66}


@pytest.mark.parametrize("size", _CURVE_BYTES)
@pytest.mark.parametrize("byte", [b"\x00", b"\x01", b"\xff"])
def test_a_point_off_the_nist_curves_is_refused(size: int, byte: bytes) -> None:
    with pytest.raises(MalformedKeyError, match="not on the curve"):
        check_strength(Blob(f"ecdsa-sha2-nistp{size}", size, b"\x04" + byte * 2 * _CURVE_BYTES[size]))
