# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which 32 bytes are an Ed25519 public key: points of prime order on edwards25519, encoded in their one canonical way.

Neither ``ssh-keygen`` nor ``cryptography`` tests this. Curve and formulas: RFC 8032, sections 5.1.3 and 5.1.4. The numbers
here are public, so nothing needs constant time.
"""

from __future__ import annotations

from ansible_collections.keywright.ssh.plugins.module_utils._keys.wire import MalformedKeyError

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_SQRT_MINUS_1 = pow(2, (_P - 1) // 4, _P)

_Point = tuple[int, int, int, int]  # extended homogeneous coordinates X, Y, Z, T
_IDENTITY: _Point = (0, 1, 1, 0)


def check_point(encoded: bytes) -> None:
    """Raise :class:`MalformedKeyError` unless the 32 bytes are a public key that some private key could have."""
    point = _decode(encoded)
    if point[:2] == _IDENTITY[:2] or not _is_identity(_multiply(_ORDER, point)):
        raise MalformedKeyError("the point is not of prime order, so no private key belongs to it")


def _decode(encoded: bytes) -> _Point:
    sign, y = encoded[31] >> 7, int.from_bytes(encoded, "little") & (2**255 - 1)
    if y >= _P:
        raise MalformedKeyError("the point is not encoded in the canonical way")
    numerator, denominator = y * y - 1, _D * y * y + 1
    x = numerator * pow(denominator, 3, _P) * pow(numerator * pow(denominator, 7, _P), (_P - 5) // 8, _P) % _P
    if (denominator * x * x + numerator) % _P == 0:
        x = x * _SQRT_MINUS_1 % _P
    if (denominator * x * x - numerator) % _P:
        raise MalformedKeyError("the point is not on the curve")
    if x == 0 and sign:
        raise MalformedKeyError("the point is not encoded in the canonical way")
    x = _P - x if x & 1 != sign else x
    return x, y, 1, x * y % _P


def _add(one: _Point, other: _Point) -> _Point:
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a, b = (y1 - x1) * (y2 - x2) % _P, (y1 + x1) * (y2 + x2) % _P
    c, d = 2 * t1 * t2 * _D % _P, 2 * z1 * z2 % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _multiply(factor: int, point: _Point) -> _Point:
    result = _IDENTITY
    for bit in bin(factor)[2:]:
        result = _add(result, result)
        if bit == "1":
            result = _add(result, point)
    return result


def _is_identity(point: _Point) -> bool:
    _x, y, z, _t = point
    return (y - z) % _P == 0  # no other point of the curve has y = 1
