# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files that a URL of etcd names: certificates, looked at before anybody is asked, and a password."""

from __future__ import annotations

import errno
import os
import ssl
import stat

from ansible_collections.keywright.ssh.plugins.module_utils._files.directory import NotRegularFileError, kind_of
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.explain import explained
from ansible_collections.keywright.ssh.plugins.module_utils._registry.etcd_place import EtcdPlace

_MAX_PASSWORD_BYTES = 4096


def check_certificates(place: EtcdPlace) -> None:
    """Raise :class:`KeyPairError` if the files of certificates and keys cannot be used; nobody is asked for a passphrase."""
    for file in (place.ca_file, place.cert_file, place.key_file):
        if file is not None:
            _content(file, 1)
    problem = None
    context = ssl.create_default_context()
    try:
        if place.ca_file is not None:
            problem = f"The file '{place.ca_file}', which the registry's URL names as 'ca_file', holds no certificates in PEM"
            context.load_verify_locations(place.ca_file)
        if place.cert_file is not None:
            problem = f"The file '{place.cert_file}', which the registry's URL names as 'cert_file', and its private key are no pair in PEM"
            context.load_cert_chain(place.cert_file, place.key_file or place.cert_file, password=lambda: "")
        problem = None
    except ssl.SSLError:
        pass
    if problem is not None:
        raise KeyPairError(ErrorCode.REGISTRY_UNREADABLE, f"{problem}, or the key is encrypted.")


def password_in(file: str) -> str:
    """Return the password that a file holds, without the end of its line."""
    return _content(file, _MAX_PASSWORD_BYTES).decode("utf-8", "replace").rstrip("\r\n")


def _content(file: str, size: int) -> bytes:
    """Return how a regular file begins; nothing else is waited for."""
    with explained(ErrorCode.REGISTRY_UNREADABLE, f"The file '{file}', which the registry's URL names, cannot be read"):
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        with open(descriptor, "rb") as opened:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                raise NotRegularFileError(errno.EINVAL, f"is {kind_of(mode)}")
            return opened.read(size)
