# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An ssh-agent of our own, for one key, that ends when this process does."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator

_SECONDS = 10


@contextlib.contextmanager
def private_agent(folder: str, private_key: bytes) -> Iterator[str]:
    """Run an agent that holds a private key, and yield the path of its socket in ``folder``.

    The key goes through a pipe. The agent runs for as long as its command, which reads from a pipe of ours; so it ends
    when the pipe closes, even if this process is killed. Raises :class:`OSError`.
    """
    socket = os.path.join(folder, "agent")
    agent = subprocess.Popen(
        ["ssh-agent", "-a", socket, "cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(socket)
        environment = {**os.environ, "SSH_AUTH_SOCK": socket}
        added = subprocess.run(
            ["ssh-add", "-q", "-"], input=private_key, env=environment, capture_output=True, timeout=_SECONDS, check=False
        )
        if added.returncode != 0:
            raise OSError("ssh-add did not take the private key")
        yield socket
    finally:
        with contextlib.suppress(OSError):
            if agent.stdin is not None:
                agent.stdin.close()
        agent.wait()


def _wait_for(path: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while not os.path.exists(path):
        if time.monotonic() > deadline:
            raise OSError("ssh-agent did not start")
        time.sleep(0.005)
