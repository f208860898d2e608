# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may stand where a member of etcd should: a server of any other kind, or a gateway that answers in the member's place."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

Reply = tuple[int, bytes]
VERSION = b'{"etcdserver": "3.5.0", "etcdcluster": "3.5.0"}'


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with what :meth:`reply` returns."""

    def reply(self, body: bytes) -> Reply:
        """Return a status and a body."""
        raise NotImplementedError

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def send(self, status: int, body: bytes) -> None:
        """Send a whole answer."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        return

    def _answer(self, body: bytes) -> None:
        with contextlib.suppress(OSError):
            self.send(*self.reply(body))


class Fixed(Handler):
    """Tells a version, and gives one answer to everything else."""

    version = VERSION
    answer = b""

    def reply(self, body: bytes) -> Reply:
        return 200, self.answer if body else self.version


class Dripping(Fixed):
    """Sends its answer byte by byte, from the status line on or from the body on, and does not end."""

    begins = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"

    def send(self, status: int, body: bytes) -> None:
        self.wfile.write(self.begins)
        for _second in range(400):
            self.wfile.write(b" ")
            self.wfile.flush()
            time.sleep(0.1)


class Gateway(Handler):
    """Forwards all requests to a member, but those that ``strike`` wants: to these it gives ``error``, and keeps them in ``held``."""

    port = 0
    error: dict[str, Any]
    held: list[tuple[str, bytes]]
    strike: Callable[[bytes], bool]

    def reply(self, body: bytes) -> Reply:
        if type(self).strike(body):
            self.held.append((self.path, body))
            return 500, json.dumps(self.error).encode()
        return self.forward(self.port, self.path, body, self.headers.get("Authorization"))

    @staticmethod
    def forward(port: int, path: str, body: bytes, token: str | None = None) -> Reply:
        """Ask a member and return what it answers."""
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body or None)
        if token:
            request.add_header("Authorization", token)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


@contextlib.contextmanager
def website(kind: type[Handler], **attributes: Any) -> Iterator[int]:
    """Run a server for the block; give its port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (kind,), attributes)) as server:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()
