# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which store a registry is kept in, by what the option ``registry`` looks like."""

from __future__ import annotations

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._registry import urls
from ansible_collections.keywright.ssh.plugins.module_utils._registry.file_store import FileStore
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Store

DEFAULT_PATIENCE = 10


def open_store(registry: str, patience: float = DEFAULT_PATIENCE) -> Store:
    """Return the store of a registry, which is an absolute path or a URL; nothing is opened, connected or made yet.

    ``patience`` is how many seconds to keep trying when a server does not answer. What only a shared store needs is
    imported here, for one that needs it.
    """
    scheme = urls.scheme_of(registry)
    if scheme is None:
        return FileStore(registry)
    if scheme == urls.FILE:
        return FileStore(urls.file_path(registry))
    if scheme in urls.ETCD:
        from ansible_collections.keywright.ssh.plugins.module_utils._registry.etcd_place import etcd_place
        from ansible_collections.keywright.ssh.plugins.module_utils._registry.etcd_store import EtcdStore

        return EtcdStore(etcd_place(registry), patience)
    if scheme in urls.POSTGRESQL:
        urls.check_postgresql(registry)
        from ansible_collections.keywright.ssh.plugins.module_utils._registry.postgresql_store import PostgresqlStore

        return PostgresqlStore(registry, patience)
    known = ", ".join((urls.FILE, *urls.ETCD, urls.POSTGRESQL[0]))
    raise KeyPairError(
        ErrorCode.REGISTRY_UNKNOWN_BACKEND,
        f"Option 'registry' names a backend '{scheme}' that this release does not have; it has {known}, and the path of a directory.",
    )
