# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from itertools import product

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._keys import edwards
from ansible_collections.keywright.ssh.plugins.module_utils._keys.edwards import check_point
from ansible_collections.keywright.ssh.plugins.module_utils._keys.generation import generate, public_key_of
from ansible_collections.keywright.ssh.plugins.module_utils._keys.wire import MalformedKeyError

_P = 2**255 - 19
_ORDER_8 = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"
# The y of every point whose order divides 8, canonical or not (libsodium's list of ge25519_has_small_order).
_SMALL_ORDER = {
    "order 4": bytes(32),
    "identity": (1).to_bytes(32, "little"),
    "order 8": bytes.fromhex(_ORDER_8),
    "order 8 negated": bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    "order 2": (_P - 1).to_bytes(32, "little"),
    "order 4 not canonical": _P.to_bytes(32, "little"),
    "identity not canonical": (_P + 1).to_bytes(32, "little"),
}


def _encode(point: tuple[int, int, int, int]) -> bytes:
    x, y, z, _t = point
    inverse = pow(z, -1, _P)
    return (y * inverse % _P | (x * inverse % _P & 1) << 255).to_bytes(32, "little")


@pytest.mark.parametrize("seed", range(20))
def test_every_public_key_that_a_private_key_has_is_taken(seed: int) -> None:
    check_point(public_key_of(generate("ed25519", 256), "").blob[-32:])


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param("5866666666666666666666666666666666666666666666666666666666666666", id="base point"),
        pytest.param("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", id="rfc 8032 test 1"),
        pytest.param("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", id="rfc 8032 test 2"),
        pytest.param("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", id="rfc 8032 test 3"),
    ],
)
def test_published_points_are_taken(encoded: str) -> None:
    check_point(bytes.fromhex(encoded))


@pytest.mark.parametrize(("name", "sign"), list(product(_SMALL_ORDER, (0, 0x80))), ids=str)
def test_points_of_small_order_are_refused_in_every_encoding(name: str, sign: int) -> None:
    encoded = bytearray(_SMALL_ORDER[name])
    encoded[31] |= sign
    with pytest.raises(MalformedKeyError):
        check_point(bytes(encoded))


@pytest.mark.parametrize("times", range(1, 8))
def test_a_good_point_with_a_part_of_small_order_is_refused(times: int) -> None:
    torsion = edwards._multiply(times, edwards._decode(bytes.fromhex(_ORDER_8)))
    good = edwards._decode(public_key_of(generate("ed25519", 256), "").blob[-32:])
    with pytest.raises(MalformedKeyError, match="prime order"):
        check_point(_encode(edwards._add(good, torsion)))


@pytest.mark.parametrize("y", range(_P, 2**255))
def test_every_y_that_is_not_reduced_is_refused(y: int) -> None:
    with pytest.raises(MalformedKeyError, match="canonical"):
        check_point(y.to_bytes(32, "little"))


def test_a_point_off_the_curve_is_refused() -> None:
    with pytest.raises(MalformedKeyError, match="not on the curve"):
        check_point((2).to_bytes(32, "little"))
