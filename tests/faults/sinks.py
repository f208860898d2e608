# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server on the loopback that writes down whatever clients send it, and answers as much as they need to go on sending."""

from __future__ import annotations

import gzip
import socket
import socketserver
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from .certificates import make_certificate

HOST = "127.0.0.1"
SECONDS = 30
# What was sent last may be in a queue of the kernel still, and nothing tells when a server has read all of that.
SETTLED = 0.2
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
TLS_HANDSHAKE = b"\x16"

Handle = Callable[[Any], None]


class _Streams(socketserver.ThreadingTCPServer):
    request_queue_size = 64

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self.connected: set[Any] = set()
        super().__init__((HOST, 0), socketserver.BaseRequestHandler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        self.connected.add(request)
        request.settimeout(SECONDS)
        try:
            self._handle(request)
        except OSError:  # the client has gone; what it sent before is written already
            return
        finally:
            self.connected.remove(request)


class _Datagrams(socketserver.UDPServer):
    max_packet_size = 1 << 16

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        super().__init__((HOST, 0), socketserver.BaseRequestHandler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        self._handle(request[0])


class Sink:
    """Ports that take HTTP (over TLS as well, and as a proxy) and raw text, mail, and datagrams; ``file`` gets all of it.

    ``certificate`` is a file that is made; clients have to trust it. A body is written decompressed, for a search would not
    find anything in it otherwise.
    """

    def __init__(self, file: Path, certificate: Path) -> None:
        self.file = file
        self._lock = threading.Lock()
        make_certificate(certificate)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate)
        self._streams = (_Streams(self._take), _Streams(self._take_mail))
        self._servers = (*self._streams, _Datagrams(self._record))
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        self.stream, self.mail, self.datagrams = (int(server.server_address[1]) for server in self._servers)

    def settle(self) -> None:
        """Wait until all is written that clients have sent, once those have ended."""
        size, written = -1, 0
        while size != written or any(server.connected for server in self._streams):
            size = written
            time.sleep(SETTLED)
            written = self.file.stat().st_size if self.file.exists() else 0

    def close(self) -> None:
        """Stop all servers."""
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def _record(self, data: bytes) -> None:
        with self._lock, self.file.open("ab") as file:
            file.write(data + b"\n")

    def _take(self, client: socket.socket) -> None:
        if client.recv(1, socket.MSG_PEEK) == TLS_HANDSHAKE:
            client = self._tls.wrap_socket(client, server_side=True)
        with client.makefile("rb") as stream:
            first = stream.readline()
            self._record(first)
            if b" HTTP/1." not in first:
                for line in stream:
                    self._record(line)
                return
            self._record(_body(stream))
        if first.startswith(b"CONNECT "):
            client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            self._take(client)
        else:
            client.sendall(OK)

    def _take_mail(self, client: socket.socket) -> None:
        client.sendall(b"220 sink\r\n")
        with client.makefile("rb") as stream:
            told = False
            for line in stream:
                self._record(line)
                command = line.strip().upper()
                if told and command != b".":
                    continue
                told = command == b"DATA"
                client.sendall(b"354 go on\r\n" if told else b"221 bye\r\n" if command == b"QUIT" else b"250 sink\r\n")


def _body(stream: BinaryIO) -> bytes:
    """Read the rest of a request of HTTP and return its headers and its decompressed body."""
    lines = list(iter(stream.readline, b"\r\n"))
    headers = {name.strip().lower(): value.strip().lower() for name, _colon, value in (line.partition(b":") for line in lines)}
    if headers.get(b"transfer-encoding") == b"chunked":
        body = b"".join(_chunks(stream))
    else:
        body = stream.read(int(headers.get(b"content-length", b"0")))
    encoding = headers.get(b"content-encoding")
    if encoding == b"gzip":
        body = gzip.decompress(body)
    elif encoding == b"deflate":
        body = zlib.decompress(body)
    return b"".join(lines) + body


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while size := int(stream.readline().split(b";")[0], 16):
        yield stream.read(size)
        stream.readline()
    stream.readline()


@contextmanager
def sink(file: Path, certificate: Path) -> Iterator[Sink]:
    """Give a sink that is open while the block runs."""
    opened = Sink(file, certificate)
    try:
        yield opened
    finally:
        opened.close()
