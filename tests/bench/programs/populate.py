# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fill a registry with key pairs, each with its private key file, faster than the plugins could: nothing is flushed to disk.

Usage: populate.py FOLDER REGIONS PER_REGION. The last region gets one key pair less.
"""

from __future__ import annotations

import sys
import uuid
from pathlib import Path

from ansible_collections.keywright.ssh.plugins.module_utils._delivery.controller import this_controller
from ansible_collections.keywright.ssh.plugins.module_utils._keys.public_key import PublicKey
from ansible_collections.keywright.ssh.plugins.module_utils._keys.wire import string
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import GENERATED, Delivery, Document, KeyPair
from ansible_collections.keywright.ssh.plugins.module_utils._registry import codec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PRIVATE_FILE, PRIVATE_DIRECTORY = 0o600, 0o700


def make(folder: Path, region: str, name: str) -> KeyPair:
    """Write a private key file and return the record of its key pair."""
    key = Ed25519PrivateKey.generate()
    point = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    public = PublicKey("ed25519", 256, string(b"ssh-ed25519") + string(point), name)
    file = folder / f"{name}.pem"
    file.touch(PRIVATE_FILE)
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()))
    return KeyPair(
        name=name,
        region=region,
        id=str(uuid.uuid4()),
        type="ed25519",
        size=256,
        fingerprint=public.fingerprint,
        public_key=public.line(name),
        comment=name,
        creation_type=GENERATED,
        created_at="2026-01-01T00:00:00Z",
        tags={"team": "bench"},
        delivery=Delivery(this_controller(), str(file)),
    )


def main() -> None:
    """Fill all regions."""
    folder, regions, per_region = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    registry = folder / "registry"
    registry.mkdir(PRIVATE_DIRECTORY, parents=True)
    (folder / "keys").mkdir(PRIVATE_DIRECTORY)
    for number in range(1, regions + 1):
        region = f"r-{number:03}"
        keys = folder / "keys" / region
        keys.mkdir(PRIVATE_DIRECTORY)
        names = [f"key-{each:04}" for each in range(per_region - (number == regions))]
        key_pairs = {name: make(keys, region, name) for name in names}
        file = registry / f"{region}.json"
        file.touch(PRIVATE_FILE)
        file.write_bytes(codec.encode(Document(region, str(uuid.uuid4()), 1, key_pairs)))


if __name__ == "__main__":
    main()
