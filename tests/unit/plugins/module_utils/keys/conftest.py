# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Key material that is slow to make, made once per run, and the system's own ssh-keygen as the second opinion."""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._keys.generation import generate, public_key_of
from ansible_collections.keywright.ssh.plugins.module_utils._keys.public_key import PublicKey
from ansible_collections.keywright.ssh.plugins.module_utils._keys.wire import string


@pytest.fixture(scope="session")
def private_key() -> Callable[[str, int], Any]:
    """Return the run's one private key of a type and size."""
    return functools.cache(generate)


@pytest.fixture(scope="session")
def public_key(private_key: Callable[[str, int], Any]) -> Callable[[str, int], PublicKey]:
    """Return the public key of the run's private key of a type and size."""
    return functools.cache(lambda key_type, size: public_key_of(private_key(key_type, size), "ops@example"))


@pytest.fixture(scope="session")
def ed25519(public_key: Callable[[str, int], PublicKey]) -> PublicKey:
    return public_key("ed25519", 256)


@pytest.fixture(scope="session")
def security_key(public_key: Callable[[str, int], PublicKey]) -> Callable[[str], bytes]:
    """Return the blob of a security key of either type, with the points of ordinary keys."""
    blobs = {
        "ed25519-sk": string(b"sk-ssh-ed25519@openssh.com") + public_key("ed25519", 256).blob[15:],
        "ecdsa-sk": string(b"sk-ecdsa-sha2-nistp256@openssh.com") + public_key("ecdsa", 256).blob[23:],
    }
    return lambda key_type: blobs[key_type] + string(b"ssh:")


@pytest.fixture
def ssh_keygen() -> Callable[..., str]:
    """Run the real ssh-keygen and return what it prints; a failure of it fails the test."""

    def run(*arguments: str | Path) -> str:
        done = subprocess.run(["ssh-keygen", *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def private_file(tmp_path: Path) -> Callable[[bytes], Path]:
    """Write a private key file as ssh-keygen wants it, readable by its owner alone."""

    def write(content: bytes) -> Path:
        path = tmp_path / "key.pem"
        path.touch(mode=0o600)
        path.write_bytes(content)
        return path

    return write
