# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read a private key file that is to be adopted; it is left where it is, as it is."""

from __future__ import annotations

import os

from ansible_collections.keywright.ssh.plugins.module_utils._delivery.inspection import MAX_PRIVATE_KEY_BYTES, mode_problem
from ansible_collections.keywright.ssh.plugins.module_utils._files.directory import Directory
from ansible_collections.keywright.ssh.plugins.module_utils._files.trust import directory_problem
from ansible_collections.keywright.ssh.plugins.module_utils._keys.identify import derive_public_key
from ansible_collections.keywright.ssh.plugins.module_utils._keys.public_key import PublicKey
from ansible_collections.keywright.ssh.plugins.module_utils._keys.strength import check_strength
from ansible_collections.keywright.ssh.plugins.module_utils._keys.wire import MalformedKeyError, read_blob
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.explain import explained


def public_half_of(file: str, passphrase: str | None) -> tuple[PublicKey, str | None]:
    """Return the public key that is computed from the private key in a file, and what is wrong with the file's mode.

    Raises :class:`KeyPairError` with ``PrivateKeyFile.Unreadable`` or ``.UnsafeDirectory``.
    """
    folder, name = os.path.split(file)
    with (
        explained(ErrorCode.FILE_UNREADABLE, f"Option 'adopt_private_key_file' names '{file}', which cannot be read"),
        Directory(folder) as directory,
    ):
        problem = directory_problem(directory.status())
        if problem is not None:
            raise KeyPairError(ErrorCode.FILE_UNSAFE, f"Option 'adopt_private_key_file' names '{file}', whose directory {problem}.")
        data, status = directory.read(name, MAX_PRIVATE_KEY_BYTES)
    try:
        public_key = derive_public_key(data, passphrase)
        check_strength(read_blob(public_key.blob))
        return public_key, mode_problem(status)
    except MalformedKeyError as error:
        code, problem = ErrorCode.PARAMETER_INVALID, f"{error}."
    except KeyPairError as error:
        code, problem = error.code, error.message
    if code is ErrorCode.PARAMETER_INVALID:
        raise KeyPairError(ErrorCode.FILE_UNREADABLE, f"Option 'adopt_private_key_file' names '{file}', which cannot be adopted: {problem}")
    raise KeyPairError(code, problem)
