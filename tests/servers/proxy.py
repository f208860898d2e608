# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proxy in front of a server, which refuses, is silent, loses replies, or delivers requests long after their sender has gone."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

from .processes import free_ports

PASS = "pass"
REFUSE = "refuse"
CUT = "cut"
SILENT = "silent"
LOSE_REPLY = "lose reply"
HOLD_REQUEST = "hold request"


class Proxy:
    """What happens to a chunk of a request is decided by ``mode`` when it arrives, for those that ``concerns`` says yes to.

    CUT ends the connection instead, REFUSE takes no connections either, SILENT swallows it. LOSE_REPLY forwards it and cuts the
    client off; HOLD_REQUEST cuts the client off, after the ``last_words``, and keeps it until :meth:`release`.
    """

    def __init__(self, target: int) -> None:
        (self.port,) = free_ports(1)
        self.mode = PASS
        self.struck = 0
        self.last_words = b""
        self.concerns: Callable[[bytes], bool] = lambda _request: True
        self._target = target
        self._held: list[tuple[socket.socket, bytes]] = []
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self._open: set[socket.socket] = set()
        self._losing: set[socket.socket] = set()
        self._done = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def release(self) -> None:
        """Deliver the requests that were held, and wait for what the server says to them."""
        held, self._held = self._held, []
        for server, request in held:
            server.sendall(request)
            server.settimeout(2)
            with contextlib.suppress(OSError):
                server.recv(65536)
            server.close()

    def close(self) -> None:
        """Cut all connections and take no more."""
        self._listener.close()
        for each in list(self._open):
            _cut(each)

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            if self.mode == REFUSE:
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._target), timeout=5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            self._open |= {client, server}
            for one, act in ((client, self._requests), (server, self._replies)):
                other = server if one is client else client
                threading.Thread(target=act, args=(one, other), daemon=True).start()

    def _requests(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := client.recv(1 << 20):
                mode = self.mode if self.concerns(chunk) else PASS
                if mode in (CUT, REFUSE, SILENT):
                    self.struck += 1
                    if mode != SILENT:
                        break
                    continue
                if mode == HOLD_REQUEST:
                    self.struck += 1
                    self._held.append((server, chunk))
                    self._open.discard(server)
                    client.sendall(self.last_words)
                    _cut(client)
                    return
                if mode == LOSE_REPLY:
                    self.struck += 1
                    self._lose_reply(client, server, chunk)
                    return
                server.sendall(chunk)
        _cut(client)
        _cut(server)

    def _lose_reply(self, client: socket.socket, server: socket.socket, chunk: bytes) -> None:
        """Forward a request, let the server do it, and cut the client off without what the server says."""
        self._losing.add(server)
        server.sendall(chunk)
        self._done.wait(5)
        self._done.clear()
        _cut(client)
        _cut(server)

    def _replies(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := server.recv(1 << 20):
                if server in self._losing:
                    self._losing.discard(server)
                    self._done.set()
                    return
                client.sendall(chunk)
        if not any(server is held for held, _request in self._held):
            _cut(client)


@contextlib.contextmanager
def in_front_of(port: int) -> Iterator[Proxy]:
    """Run a proxy for the block."""
    proxy = Proxy(port)
    try:
        yield proxy
    finally:
        proxy.close()


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
