# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A log of the system's for one scene: whoever is started to write to it does so, and nobody else on the machine."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import RawIOBase

from .controller import CHECKOUT
from .leak_scenes import Scene

SCRIPT = CHECKOUT / "tests" / "faults" / "private_log.sh"
LARGEST = 1 << 18  # more than a datagram may have
MARK, END = b"mark", b"end"


class Log:
    """A log of a scene: what arrives stands in the scene's file ``syslog``, where the search finds it."""

    def __init__(self, scene: Scene) -> None:
        self.file = scene.folder / "syslog"
        self._socket_file = scene.folder / "log"
        self._folders = (scene.folder / f"dev{number}" for number in range(1000))
        self._marked = threading.Event()

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Write down what arrives while the block runs."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as received, self.file.open("ab", buffering=0) as written:
            received.bind(str(self._socket_file))
            thread = threading.Thread(target=self._receive, args=(received, written))
            thread.start()
            try:
                yield
            finally:
                self._send(END)
                thread.join()
        self._socket_file.unlink()

    def taken(self) -> bytes:
        """Return what has arrived since the last call, and have it no more in the file; what came first is read first."""
        self._marked.clear()
        self._send(MARK)
        self._marked.wait()
        content = self.file.read_bytes()
        os.truncate(self.file, 0)
        return content

    def _receive(self, received: socket.socket, written: RawIOBase) -> None:
        while (told := received.recv(LARGEST)) != END:
            if told == MARK:
                self._marked.set()
            else:
                written.write(told + b"\n")

    def _send(self, told: bytes) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sent:
            sent.sendto(told, str(self._socket_file))

    @property
    def prefix(self) -> tuple[str, ...]:
        """Return a command that starts programs that find the log where they look for it."""
        return ("unshare", "--mount", str(SCRIPT), str(self._socket_file), str(next(self._folders)))


def impossible() -> str:
    """Return why a process cannot be given a log of its own on this machine, nothing if it can."""
    if os.geteuid() != 0:
        return "needs root"
    done = subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/dev"], check=False, capture_output=True)
    return "the machine lets no process have mounts of its own" if done.returncode else ""
