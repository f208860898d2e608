# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which key a private key file holds, told as cheaply as its format allows, and never by an exception."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ansible_collections.keywright.ssh.plugins.module_utils._keys.dependencies import is_installed, require_bcrypt, require_cryptography
from ansible_collections.keywright.ssh.plugins.module_utils._keys.generation import public_key_of
from ansible_collections.keywright.ssh.plugins.module_utils._keys.openssh_container import BEGIN, read_container
from ansible_collections.keywright.ssh.plugins.module_utils._keys.public_key import PublicKey
from ansible_collections.keywright.ssh.plugins.module_utils._keys.wire import (
    MalformedKeyError,
    UnsupportedKeyError,
    describe_blob,
    sha256_fingerprint,
)
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_types import CREATABLE_TYPES
from ansible_collections.keywright.ssh.plugins.module_utils._rules.comments import comment_problem

MAX_FILE = 64 * 1024  # an rsa key of 16384 bits needs less than 16 KiB

NOT_A_KEY = "is not a private key"
DAMAGED = "is damaged"
PUTTY = "is a private key in PuTTY's format"
LOCKED = "is encrypted and the passphrase is not given"
WRONG_PASSPHRASE = "does not open with the passphrase given"  # nosec B105 # a message
UNREADABLE = "cannot be read, because the Python library cryptography is not installed"
UNSUPPORTED = "is a private key of a type that cannot be registered"

_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----")
_END = re.compile(rb"-----END ([A-Z0-9]+ )*PRIVATE KEY-----\s*\Z")
_ENCRYPTED = re.compile(rb"-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: ?4, ?ENCRYPTED", re.MULTILINE)


class Identity(NamedTuple):
    """What a file holds: ``fingerprint`` and ``blob`` of its key, or the ``problem``, which goes on after "The file …"."""

    fingerprint: str | None
    problem: str | None
    encrypted: bool
    blob: bytes | None


def identify_private_key(data: bytes, passphrase: str | None) -> Identity:
    """Return which key the content of a file is, or why that cannot be told; never raises.

    OpenSSH's format shows its public key in the clear, so no passphrase is tried on it. Other formats are opened.
    """
    if len(data) > MAX_FILE:
        return _problem(NOT_A_KEY)
    if _is_openssh(data):
        return _identify_openssh(data)
    if data.lstrip().startswith(b"PuTTY-User-Key-File-"):
        return _problem(PUTTY)
    if not _BEGIN.search(data):
        return _problem(NOT_A_KEY)
    if not _END.search(data):
        return _problem(DAMAGED)
    return _identify_pem(data, passphrase)


def _problem(problem: str, encrypted: bool = False) -> Identity:
    return Identity(None, problem, encrypted, None)


def _identify_openssh(data: bytes) -> Identity:
    try:
        container = read_container(data)
    except UnsupportedKeyError:
        return _problem(UNSUPPORTED)
    except MalformedKeyError:
        return _problem(DAMAGED)
    return Identity(sha256_fingerprint(container.blob), None, container.encrypted, container.blob)


def _identify_pem(data: bytes, passphrase: str | None) -> Identity:
    encrypted = _ENCRYPTED.search(data) is not None
    if encrypted and passphrase is None:
        return _problem(LOCKED, encrypted)
    if not is_installed("cryptography"):
        return _problem(UNREADABLE, encrypted)
    key = _load(data, passphrase if encrypted else None, validate=False)
    if key is None:
        return _problem(WRONG_PASSPHRASE if encrypted else DAMAGED, encrypted)
    try:
        blob = public_key_of(key, "").blob
    except Exception:  # dsa, dh, x25519, other curves: each says so in its own way
        return _problem(UNSUPPORTED, encrypted)
    return Identity(sha256_fingerprint(blob), None, encrypted, blob)


def _load(data: bytes, passphrase: str | None, validate: bool) -> Any:
    """Return cryptography's private key of a file in any format, None if it does not open; ``validate`` checks rsa numbers."""
    from cryptography.hazmat.primitives import serialization

    try:
        secret = None if passphrase is None else passphrase.encode()
        if _is_openssh(data):
            return serialization.load_ssh_private_key(data, secret)
        return serialization.load_pem_private_key(data, secret, unsafe_skip_rsa_key_validation=not validate)
    except Exception:  # a loader of foreign bytes: what it raises is unbounded, and may hold some of them
        return None


def unlocked(data: bytes, passphrase: str) -> bytes | None:
    """Return an encrypted private key in OpenSSH's format and in the clear, for a pipe; None if it does not open."""
    from cryptography.hazmat.primitives import serialization

    key = _load(data, passphrase, validate=False)
    if key is None:
        return None
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH
    opened: bytes = key.private_bytes(encoding, form, serialization.NoEncryption())
    return opened


def derive_public_key(data: bytes, passphrase: str | None) -> PublicKey:
    """Return the public key of a private key that really opens and fits together; the comment is kept where it is readable.

    Raises :class:`KeyPairError`: InvalidParameter with what is wrong with the private key, or Dependency.Missing.
    """
    require_cryptography()
    opened = _open(data, passphrase)
    if isinstance(opened, str):
        raise KeyPairError(ErrorCode.PARAMETER_INVALID, f"The private key file {opened}.")
    return opened


def _open(data: bytes, passphrase: str | None) -> PublicKey | str:
    """Return the public key computed from the private one, or the problem."""
    identity = identify_private_key(data, passphrase)
    if identity.blob is None:
        return identity.problem or NOT_A_KEY
    if identity.encrypted and passphrase is None:
        return LOCKED
    if describe_blob(identity.blob)[0] not in CREATABLE_TYPES:
        return UNSUPPORTED
    if identity.encrypted and _is_openssh(data):
        require_bcrypt()
    key = _load(data, passphrase if identity.encrypted else None, validate=True)
    if key is None:
        return WRONG_PASSPHRASE if identity.encrypted else DAMAGED
    public_key = public_key_of(key, _comment(data))
    return public_key if public_key.blob == identity.blob else DAMAGED


def _comment(data: bytes) -> str:
    comment = read_container(data).comment.decode("utf-8", "replace") if _is_openssh(data) else ""
    return "" if comment_problem(comment) else comment


def _is_openssh(data: bytes) -> bool:
    return data.lstrip().startswith(BEGIN)
