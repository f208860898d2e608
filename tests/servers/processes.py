# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server's process: started, killed, paused, resumed, stopped."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

SECONDS_TO_START = 30.0
SECONDS_TO_STOP = 20.0
NOBODY = 65534
LEAST_PORT, FIRST_PORT_OF_ANY = 10_000, 32_768  # ip(7), ip_local_port_range
_CHANCE = random.SystemRandom()  # other tests seed the usual one


class ServerError(Exception):
    """A server does not do what a test needs of it."""


def free_ports(count: int) -> list[int]:
    """Return ports of 127.0.0.1 that nobody listens on, below those that the system gives to whoever asks for any port."""
    found: list[int] = []
    with contextlib.ExitStack() as stack:
        while len(found) < count:
            port = _CHANCE.randrange(LEAST_PORT, FIRST_PORT_OF_ANY)
            with contextlib.suppress(OSError):
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
                found.append(port)
    return found


def wait_until(is_so: Callable[[], bool], what: str, seconds: float = SECONDS_TO_START) -> None:
    """Wait until something is so; raises :class:`ServerError` if it does not come."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise ServerError(f"{what} did not come within {seconds:g} seconds")
        time.sleep(0.05)


def is_root() -> bool:
    """Tell whether we are root, whom PostgreSQL refuses to be."""
    return os.geteuid() == 0


def as_nobody(command: Sequence[str]) -> list[str]:
    """Return a command that runs as a user without rights, if we are root."""
    drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    return [*drop, *command] if is_root() else list(command)


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended, be it that nobody has asked yet how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


class Process:
    """A process in a group of its own, which ends with us, however we end; what it prints goes to ``log``."""

    def __init__(self, command: Sequence[str], log: Path, variables: Mapping[str, str] | None = None) -> None:
        self._command = list(command)
        self._log = log
        self._variables = {**os.environ, **(variables or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def runs(self) -> bool:
        """Tell whether the process runs, or is paused."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._variables,
                cwd=self._log.parent,
                start_new_session=True,
            )
        # Its input ends when we do.
        guarding = ["sh", "-c", f"read -r _line; kill -KILL -{self._process.pid}"]
        self._guard = subprocess.Popen(guarding, stdin=subprocess.PIPE, start_new_session=True)

    def children(self) -> list[int]:
        """Return the processes that the process has started, as they are now."""
        if self._process is None or not self.runs:
            return []
        return list(map(int, Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()))

    def send(self, number: signal.Signals, to_children: bool = True) -> None:
        """Send a signal to the process, and to its children as well unless told otherwise."""
        if self._process is None or not self.runs:
            return
        for pid in (self._process.pid, *(self.children() if to_children else ())):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        """End the process at once."""
        self.send(signal.SIGKILL)
        self.wait()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ask the process to end, by force if it does not."""
        self.send(signal.SIGCONT)
        self.send(number, to_children=False)
        try:
            self.wait()
        except subprocess.TimeoutExpired:
            self.kill()

    def wait(self) -> None:
        """Wait for the end of the process."""
        if self._process is not None:
            self._process.wait(SECONDS_TO_STOP)
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.kill()
            self._guard.wait()
            self._guard.stdin.close()
            self._guard = None
