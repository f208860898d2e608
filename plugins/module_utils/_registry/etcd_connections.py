# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections to the members of a cluster of etcd, which can be cut when an answer takes too long.

The limit that the library knows is one for each piece of an answer: a server that sends a byte now and then is waited for
without an end.
"""

from __future__ import annotations

import contextlib
import functools
import socket
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.etcd_files import check_certificates
from ansible_collections.keywright.ssh.plugins.module_utils._registry.etcd_place import EtcdPlace
from ansible_collections.keywright.ssh.plugins.module_utils._registry.patience import PAUSE_SECONDS


class Member:
    """A member of a cluster; ``client`` is one of ``etcd3gw``, to ask it with. Nothing is connected before the first question."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.name = f"{client.host}:{client.port}"
        self.authenticated = False
        self._connections: list[Any] = []
        for adapter in client.session.adapters.values():
            pools = adapter.poolmanager.pool_classes_by_scheme
            adapter.poolmanager.pool_classes_by_scheme = {scheme: self._pools_of(kind) for scheme, kind in pools.items()}

    @contextlib.contextmanager
    def limited(self, seconds: float) -> Iterator[Callable[[], bool]]:
        """Cut the connection if the block takes longer; what is given to the block tells whether that happened."""
        self.client.timeout = seconds
        is_done, is_over = threading.Event(), threading.Event()
        watch = threading.Thread(target=self._watch, args=(seconds, is_done, is_over), daemon=True)
        watch.start()
        try:
            yield is_over.is_set
        finally:
            is_done.set()
            watch.join()

    def close(self) -> None:
        """Close the connections."""
        self.client.session.close()

    def _pools_of(self, kind: Callable[..., Any]) -> Callable[..., Any]:
        def pool(*arguments: Any, **options: Any) -> Any:
            made = kind(*arguments, **options)
            made.ConnectionCls = functools.partial(self._connection, made.ConnectionCls)
            return made

        return pool

    def _connection(self, kind: Callable[..., Any], **options: Any) -> Any:
        self._connections = [kind(**options)]  # a question is asked through one at a time
        return self._connections[0]

    def _watch(self, seconds: float, is_done: threading.Event, is_over: threading.Event) -> None:
        if is_done.wait(seconds):
            return
        is_over.set()
        while not is_done.is_set():  # for a connection may come about after its time
            for connection in self._connections:
                if connection.sock is not None:
                    with contextlib.suppress(OSError):  # what is above the socket, TLS, is the other thread's
                        socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)
            is_done.wait(PAUSE_SECONDS)


def members_of(place: EtcdPlace) -> tuple[list[Member], Any]:
    """Return the members that a place names, and the module of the library's errors; raises :class:`KeyPairError`."""
    try:
        library = import_module("etcd3gw")
        errors = import_module("etcd3gw.exceptions")
        requests = import_module("requests")
    except ImportError:
        library = None
    if library is None:
        raise KeyPairError(
            ErrorCode.DEPENDENCY_MISSING,
            "A registry in etcd needs the Python library etcd3gw on the controller; install it with 'pip install etcd3gw' for the "
            "Python that runs Ansible.",
        )
    check_certificates(place)
    members = []
    for host, port in place.endpoints:
        session = requests.Session()
        session.trust_env = False  # or REQUESTS_CA_BUNDLE would stand above the CA that was stated
        session.verify = place.ca_file or True
        if place.cert_file is not None:
            session.cert = (place.cert_file, place.key_file or place.cert_file)
        members.append(Member(library.Etcd3Client(host, port, "https" if place.tls else "http", session=session)))
    return members, errors
