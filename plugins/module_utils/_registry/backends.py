# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which store a registry is kept in, by what the option ``registry`` looks like."""

from __future__ import annotations

import re

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.file_store import FileStore

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


def is_url(registry: str) -> bool:
    """Tell whether a registry is named by a URL instead of a path."""
    return _URL.match(registry) is not None


def open_store(registry: str) -> FileStore:
    """Return the store of a registry, which is an absolute path or a URL; nothing is opened or made yet."""
    scheme = _URL.match(registry)
    if scheme is not None:
        raise KeyPairError(
            ErrorCode.REGISTRY_UNKNOWN_BACKEND,
            f"Option 'registry' names a backend '{scheme[1]}' that this release does not have; state the path of a directory.",
        )
    return FileStore(registry)
