# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two libraries that keys need, and what to do when one is not installed."""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib import import_module

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.explain import explained
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_types import OPENSSH


def is_installed(library: str) -> bool:
    """Tell whether a library can be imported; raise Dependency.Missing if it is there and cannot be read."""
    try:
        with _loadable(library):
            import_module(library)
    except ImportError:
        return False
    return True


def encryption_available(private_key_format: str) -> bool:
    """Tell whether private keys can be encrypted in this format: ``openssh`` needs bcrypt, the others nothing more."""
    return private_key_format != OPENSSH or is_installed("bcrypt")


def require_bcrypt() -> None:
    """Raise Dependency.Missing, with the ways out, unless private keys can be encrypted in OpenSSH's format."""
    if not is_installed("bcrypt"):
        raise KeyPairError(
            ErrorCode.DEPENDENCY_MISSING,
            "Option 'passphrase' needs the Python library bcrypt on the controller when 'private_key_format' is openssh; install it with "
            "'pip install bcrypt' for the Python that runs Ansible, or use 'private_key_format: pkcs8' with an rsa or ecdsa key.",
        )


def require_cryptography() -> None:
    """Raise Dependency.Missing unless keys can be made and checked at all."""
    if not is_installed("cryptography"):
        raise KeyPairError(
            ErrorCode.DEPENDENCY_MISSING,
            "Key pairs need the Python library cryptography on the controller; install it with 'pip install cryptography' for the Python "
            "that runs Ansible.",
        )


def loadable_cryptography() -> AbstractContextManager[None]:
    """Raise Dependency.Missing if the block, which loads a part of the library when that is first needed, cannot read it."""
    return _loadable("cryptography")


def _loadable(library: str) -> AbstractContextManager[None]:
    return explained(ErrorCode.DEPENDENCY_MISSING, f"The Python library {library} cannot be loaded on the controller")
