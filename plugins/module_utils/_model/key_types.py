# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one table of key types: what can be made, in which sizes and formats, and what can only be imported."""

from __future__ import annotations

from typing import NamedTuple

OPENSSH = "openssh"
PKCS8 = "pkcs8"
PKCS1 = "pkcs1"
PRIVATE_KEY_FORMATS = (OPENSSH, PKCS8, PKCS1)


class KeyType(NamedTuple):
    """One key type in the words of ``ssh-keygen -t``.

    ``algorithms`` maps the algorithm name of the SSH wire format to its size in bits; RSA's size (0 here) is the
    modulus' own. ``sizes`` are the sizes that can be made, the first is the default; empty: import only.
    """

    name: str
    algorithms: dict[str, int]
    sizes: tuple[int, ...] = ()
    private_key_formats: tuple[str, ...] = ()

    @property
    def default_size(self) -> int:
        """Bits of a new key when the task does not say."""
        return self.sizes[0]


KEY_TYPES: dict[str, KeyType] = {
    key_type.name: key_type
    for key_type in (
        # Ed25519 in PKCS#8 is refused, because OpenSSH before 9.6 cannot read it.
        KeyType("ed25519", {"ssh-ed25519": 256}, (256,), (OPENSSH,)),
        KeyType(
            "ecdsa",
            {"ecdsa-sha2-nistp256": 256, "ecdsa-sha2-nistp384": 384, "ecdsa-sha2-nistp521": 521},
            (256, 384, 521),
            PRIVATE_KEY_FORMATS,
        ),
        KeyType("rsa", {"ssh-rsa": 0}, (3072, 2048, 4096), PRIVATE_KEY_FORMATS),
        KeyType("ed25519-sk", {"sk-ssh-ed25519@openssh.com": 256}),
        KeyType("ecdsa-sk", {"sk-ecdsa-sha2-nistp256@openssh.com": 256}),
    )
}
CREATABLE_TYPES = tuple(name for name, key_type in KEY_TYPES.items() if key_type.sizes)
DEFAULT_TYPE = "ed25519"
ALGORITHMS: dict[str, KeyType] = {algorithm: key_type for key_type in KEY_TYPES.values() for algorithm in key_type.algorithms}
