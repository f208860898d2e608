# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which well-formed public keys are taken: the tests of numbers and points that structure alone does not show."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import gcd, isqrt, prod

from ansible_collections.keywright.ssh.plugins.module_utils._keys.curves import nist_curve
from ansible_collections.keywright.ssh.plugins.module_utils._keys.dependencies import require_cryptography
from ansible_collections.keywright.ssh.plugins.module_utils._keys.edwards import check_point
from ansible_collections.keywright.ssh.plugins.module_utils._keys.wire import Blob, MalformedKeyError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_types import ALGORITHMS

MODULUS_BITS = (2048, 16384)  # OpenSSH's SSHBUF_MAX_BIGNUM is the upper end
MIN_EXPONENT, EXPONENT_BITS = 17, 64  # OpenSSH once used 35 and PuTTY 37; OpenSSL refuses more than 64 bits with a large modulus
_SMALL_PRIMES_BELOW = 10_000
_FERMAT_ROUNDS = 100


def check_strength(fields: Blob) -> None:
    """Raise :class:`MalformedKeyError` with the reason if a key of this blob is invalid or breakable at a glance."""
    _CHECKS[ALGORITHMS[fields.algorithm].name](fields)


def _check_rsa(fields: Blob) -> None:
    low, high = MODULUS_BITS
    if not low <= fields.size <= high:
        raise MalformedKeyError(f"the rsa key has {fields.size} bits, and from {low} to {high} are taken")
    if fields.modulus % 2 == 0:
        raise MalformedKeyError("the rsa modulus is even")
    exponent = fields.exponent
    if exponent % 2 == 0 or exponent < MIN_EXPONENT or exponent.bit_length() > EXPONENT_BITS:
        raise MalformedKeyError(f"the rsa exponent is not an odd number of at least {MIN_EXPONENT} and at most {EXPONENT_BITS} bits")
    if gcd(fields.modulus, _small_primes_product()) != 1:
        raise MalformedKeyError("the rsa modulus has a small factor")
    if _is_product_of_close_numbers(fields.modulus):
        raise MalformedKeyError("the rsa modulus is the product of two numbers that are too close together")


@cache
def _small_primes_product() -> int:
    is_prime = bytearray([1]) * _SMALL_PRIMES_BELOW
    for number in range(2, isqrt(_SMALL_PRIMES_BELOW) + 1):
        if is_prime[number]:
            is_prime[number * number :: number] = bytes(len(range(number * number, _SMALL_PRIMES_BELOW, number)))
    return prod(number for number in range(2, _SMALL_PRIMES_BELOW) if is_prime[number])


def _is_product_of_close_numbers(modulus: int) -> bool:
    """Tell whether Fermat's method factors an odd modulus within a few rounds (CVE-2022-26320)."""
    middle = isqrt(modulus - 1) + 1
    for mean in range(middle, middle + _FERMAT_ROUNDS):
        square = mean * mean - modulus
        if isqrt(square) ** 2 == square:
            return True
    return False


def _check_ecdsa(fields: Blob) -> None:
    """The curves have no cofactor, so every point on them, infinity apart, is a public key (NIST SP 800-186)."""
    require_cryptography()
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

    try:
        EllipticCurvePublicKey.from_encoded_point(nist_curve(fields.size), fields.point)
        return
    except ValueError:
        reason = "the point is not on the curve"
    raise MalformedKeyError(reason)


def _check_ed25519(fields: Blob) -> None:
    check_point(fields.point)


_CHECKS: dict[str, Callable[[Blob], None]] = {
    "ed25519": _check_ed25519,
    "ecdsa": _check_ecdsa,
    "rsa": _check_rsa,
    "ed25519-sk": _check_ed25519,
    "ecdsa-sk": _check_ecdsa,
}
