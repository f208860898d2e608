# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lock in etcd that cannot be left behind: it ends by itself some seconds after the process that holds it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.etcd_cluster import Cluster
from ansible_collections.keywright.ssh.plugins.module_utils._registry.settling import UnansweredError

LEASE_SECONDS = 10
POLL_SECONDS = 0.1


@contextlib.contextmanager
def leased(cluster: Cluster, key: str, what: str, timeout: float) -> Iterator[None]:
    """Hold a key for the block; wait for it for at most ``timeout`` seconds.

    Raises :class:`KeyPairError` with ``Registry.LockTimeout``. Who loses the connection may lose the lease during the block.
    """
    deadline = time.monotonic() + timeout
    lease = cluster.ask(lambda client: client.lease(LEASE_SECONDS))
    released = threading.Event()
    keeper = threading.Thread(target=_keep, args=(cluster.twin(), lease.id, released), daemon=True)
    keeper.start()  # for the waiting may take longer than the lease lasts
    try:
        while not _created(cluster, key, lease):
            if time.monotonic() >= deadline:
                raise KeyPairError(
                    ErrorCode.LOCK_TIMEOUT,
                    f"The lock of '{what}' was not free within 'lock_timeout', {timeout:g} seconds; another run holds it.",
                )
            time.sleep(POLL_SECONDS)
        yield
    finally:
        released.set()
        keeper.join()
        with contextlib.suppress(KeyPairError, UnansweredError):  # it ends by itself
            cluster.ask_once(lambda client: client.post(client.get_url("/lease/revoke"), json={"ID": lease.id}))


def _created(cluster: Cluster, key: str, lease: Any) -> bool:
    """Take the key if nobody has it; a try whose answer was lost counts, too."""
    created = cluster.ask(lambda client: client.create(key, str(lease.id), lease))
    return bool(created) or cluster.ask(lambda client: client.get(key)) == [str(lease.id).encode()]


def _keep(cluster: Cluster, lease: int, released: threading.Event) -> None:
    with contextlib.closing(cluster):
        while not released.wait(LEASE_SECONDS / 3):
            with contextlib.suppress(KeyPairError):
                cluster.ask(lambda client: client.post(client.get_url("/lease/keepalive"), json={"ID": lease}))
