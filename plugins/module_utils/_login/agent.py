# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An ssh-agent of our own, for one key, that ends when this process does."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess  # nosec B404 # each command is a list, without a shell
from collections.abc import Iterator

_SECONDS = 10
_TELL_AND_WAIT = ("sh", "-c", 'echo "$SSH_AGENT_PID"; exec cat >/dev/null')


@contextlib.contextmanager
def private_agent(folder: str, private_key: bytes) -> Iterator[str]:
    """Run an agent that holds a private key, and yield the path of its socket in ``folder``.

    The key goes through a pipe. The agent is ended with the block. Should this process be killed, then the pipe that the
    agent's command reads from closes, the command ends, and the agent within the ten seconds in which it looks after it.
    Raises :class:`OSError`.
    """
    socket = os.path.join(folder, "agent")
    command = ["ssh-agent", "-a", socket, *_TELL_AND_WAIT]
    with subprocess.Popen(  # nosec B603 # the command is made here
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as holder:
        process = int(holder.stdout.readline().strip() or 0) if holder.stdout is not None else 0
        if not process:
            raise OSError("ssh-agent did not start")
        try:
            _add(socket, private_key)
            yield socket
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)


def _add(socket: str, private_key: bytes) -> None:
    environment = {**os.environ, "SSH_AUTH_SOCK": socket}
    added = subprocess.run(  # nosec B603 B607 # no input of users; it is where the user's PATH says, as ssh is
        ["ssh-add", "-q", "-"], input=private_key, env=environment, capture_output=True, timeout=_SECONDS, check=False
    )
    if added.returncode != 0:
        raise OSError("ssh-add did not take the private key")
