# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private keys as the bytes of a file, in the formats that OpenSSH reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ansible_collections.keywright.ssh.plugins.module_utils._keys.openssh_container import write_container
from ansible_collections.keywright.ssh.plugins.module_utils._keys.public_key import PublicKey
from ansible_collections.keywright.ssh.plugins.module_utils._keys.wire import mpint, string
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_types import KEY_TYPES, OPENSSH, PKCS1, PKCS8
from ansible_collections.keywright.ssh.plugins.module_utils._rules.comments import check_comment
from ansible_collections.keywright.ssh.plugins.module_utils._rules.passphrases import check_passphrase

if TYPE_CHECKING:
    from ansible_collections.keywright.ssh.plugins.module_utils._keys.generation import PrivateKey

_CANNOT_WRITE = "Option 'private_key_format' cannot be {0} here, because the controller's cryptography library refuses to write it."


def serialize(private_key: PrivateKey, public_key: PublicKey, private_key_format: str, passphrase: str | None) -> bytes:
    """Return the private key file, ending in a newline; encrypted if there is a passphrase.

    ``public_key`` is the key's own public half; its comment is written into the ``openssh`` format, PEM formats hold none.
    Raises :class:`KeyPairError` if the type cannot be written in the format, or passphrase or comment break their rules;
    ``require_bcrypt`` tells beforehand whether ``openssh`` can be encrypted.
    """
    formats = KEY_TYPES[public_key.type].private_key_formats
    if private_key_format not in formats:
        raise KeyPairError(
            ErrorCode.PARAMETER_INVALID,
            f"Option 'private_key_format' must be one of {', '.join(formats)} for {public_key.type} keys, got {private_key_format}.",
        )
    if passphrase is not None:
        check_passphrase(passphrase)
    secret = None if passphrase is None else passphrase.encode()
    if private_key_format == OPENSSH:
        return _openssh(private_key, public_key, secret)
    return _pem(private_key, private_key_format, secret)


def _openssh(private_key: PrivateKey, public_key: PublicKey, secret: bytes | None) -> bytes:
    check_comment(public_key.comment)
    private_fields = _PRIVATE_FIELDS[public_key.type](private_key, public_key.blob)
    return write_container(public_key.blob, private_fields, public_key.comment.encode(), secret)


def _pem(private_key: PrivateKey, private_key_format: str, secret: bytes | None) -> bytes:
    from cryptography.hazmat.primitives import serialization

    # The "traditional" format is PKCS#1 for rsa and SEC 1 for ecdsa.
    formats = {PKCS8: serialization.PrivateFormat.PKCS8, PKCS1: serialization.PrivateFormat.TraditionalOpenSSL}
    try:
        encryption = serialization.BestAvailableEncryption(secret) if secret else serialization.NoEncryption()
        return private_key.private_bytes(serialization.Encoding.PEM, formats[private_key_format], encryption)
    except Exception:  # a library's error about a key stays here: the failure is raised outside of this block
        message = _CANNOT_WRITE.format(private_key_format)
    raise KeyPairError(ErrorCode.PARAMETER_INVALID, message)


# What follows the check numbers, for each type (OpenSSH's PROTOCOL.key and sshkey_private_serialize).


def _ed25519_fields(private_key: Any, blob: bytes) -> bytes:
    seed: bytes = private_key.private_bytes_raw()
    return blob + string(seed + blob[-32:])


def _ecdsa_fields(private_key: Any, blob: bytes) -> bytes:
    return blob + mpint(private_key.private_numbers().private_value)


def _rsa_fields(private_key: Any, _blob: bytes) -> bytes:
    numbers = private_key.private_numbers()
    public = numbers.public_numbers
    return string(b"ssh-rsa") + b"".join(map(mpint, (public.n, public.e, numbers.d, numbers.iqmp, numbers.p, numbers.q)))


_PRIVATE_FIELDS: dict[str, Callable[[Any, bytes], bytes]] = {
    "ed25519": _ed25519_fields,
    "ecdsa": _ecdsa_fields,
    "rsa": _rsa_fields,
}
