# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which store a registry is kept in, by what the option ``registry`` looks like."""

from __future__ import annotations

from importlib import import_module

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._registry import urls
from ansible_collections.keywright.ssh.plugins.module_utils._registry.file_store import FileStore
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Store

DEFAULT_PATIENCE = 10
_LIBRARIES = {
    **dict.fromkeys(urls.ETCD, ("etcd3gw", "etcd3gw.exceptions", "requests")),
    **dict.fromkeys(urls.POSTGRESQL, ("psycopg", "psycopg.conninfo")),
}


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


def preload(registry: str) -> None:
    """Load all that the store of a registry needs, for processes that are to be copied from this one; nothing is connected.

    Raises ImportError or :class:`KeyPairError` where that is not possible.
    """
    open_store(registry)
    for library in _LIBRARIES.get(urls.scheme_of(registry) or "", ()):
        import_module(library)
