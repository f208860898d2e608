# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""New private keys: one generator per type that can be made."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING

from ansible_collections.keywright.ssh.plugins.module_utils._keys.curves import nist_curve
from ansible_collections.keywright.ssh.plugins.module_utils._keys.dependencies import loadable_cryptography, require_cryptography
from ansible_collections.keywright.ssh.plugins.module_utils._keys.public_key import PublicKey
from ansible_collections.keywright.ssh.plugins.module_utils._keys.wire import decode_base64, describe_blob, ed25519_blob

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey | RSAPrivateKey

PUBLIC_EXPONENT = 65537


def _generate_ed25519(_size: int) -> PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.generate()


def _generate_ecdsa(size: int) -> PrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(nist_curve(size))


def _generate_rsa(size: int) -> PrivateKey:
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(PUBLIC_EXPONENT, size)


GENERATORS: dict[str, Callable[[int], PrivateKey]] = {
    "ed25519": _generate_ed25519,
    "ecdsa": _generate_ecdsa,
    "rsa": _generate_rsa,
}


def known_key() -> PrivateKey:
    """Return the ed25519 key of 32 zeros, which is fit for nothing but to load and set up what makes others; raises ImportError."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(bytes(32))


def generate(key_type: str, size: int) -> PrivateKey:
    """Return a new private key of a creatable type of ``KEY_TYPES`` and one of its sizes in bits."""
    with loadable_cryptography():
        require_cryptography()
        return GENERATORS[key_type](size)


def generate_all(kinds: Sequence[tuple[str, int]]) -> Generator[PrivateKey, None, None]:
    """Yield new private keys of these types and sizes, in their order; rsa keys are made on all processors.

    The library lets go of the interpreter's lock while it makes an rsa key since its release 47. What has not been begun
    when the generator is closed is not made.
    """
    workers = min(os.cpu_count() or 1, sum(key_type == "rsa" for key_type, _size in kinds))
    if workers < 2:
        yield from (generate(*kind) for kind in kinds)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(lambda kind: generate(*kind), kinds)


def public_key_of(private_key: PrivateKey, comment: str) -> PublicKey:
    """Return the public half of a private key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    public_key = private_key.public_key()
    # The library takes ten times as long to write the line, and longer to import what writes it, which each item of a loop would do.
    if isinstance(public_key, Ed25519PublicKey):
        blob = ed25519_blob(public_key.public_bytes_raw())
    else:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        line = public_key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        blob = decode_base64(line.split(b" ")[1].decode("ascii"))
    return PublicKey(*describe_blob(blob), blob, comment)
