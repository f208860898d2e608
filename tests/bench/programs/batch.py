# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make key pairs with as little code as will do it durably: generate, serialise, write and flush each, and one JSON file.

Usage: batch.py FOLDER COUNT TYPE THREADS FIGURES. What the loop cost, without the start of Python, is written to the file FIGURES.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

GENERATORS: dict[str, Callable[[], ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey]] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
}


def write(file: Path, data: bytes) -> None:
    """Write a new private file and flush it to disk."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make(folder: Path, name: str, key_type: str) -> dict[str, str]:
    """Make one key pair and return its record."""
    key = GENERATORS[key_type]()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    write(folder / f"{name}.pem", private)
    digest = hashlib.sha256(base64.b64decode(public.split()[1])).digest()
    return {"name": name, "public_key": public.decode(), "fingerprint": "SHA256:" + base64.b64encode(digest).decode().rstrip("=")}


def main() -> None:
    """Do it and say what it cost."""
    folder, count, key_type, threads, figures = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), Path(sys.argv[5])
    cpu, wall = time.process_time(), time.perf_counter()
    names = [f"key-{number:04}" for number in range(count)]
    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            records = list(pool.map(lambda name: make(folder, name, key_type), names))
    else:
        records = [make(folder, name, key_type) for name in names]
    write(folder / "registry.json", json.dumps(records).encode())
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    figures.write_text(json.dumps({"loop_cpu": cpu, "loop_wall": wall}), encoding="utf-8")


if __name__ == "__main__":
    main()
