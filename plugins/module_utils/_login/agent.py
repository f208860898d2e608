# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An ssh-agent of our own, for one key, that ends when this process does."""

from __future__ import annotations

import contextlib
import os
import subprocess  # nosec B404 # each command is a list, without a shell
import tempfile
from collections.abc import Iterator

PREFIX = "keywright-"

_SECONDS = 10
_SOCKET = "agent"
_SOCKET_BYTES = 103  # macOS takes no longer paths of sockets; Linux takes four bytes more
# Outlives the process that it was made for, whatever is sent to that one's group.
_HOLD = """
trap '' HUP INT TERM
echo "$SSH_AGENT_PID"
cat >/dev/null
kill "$SSH_AGENT_PID"
rm -rf -- "$0"
"""


@contextlib.contextmanager
def private_agent(private_key: bytes, temporary: str | None) -> Iterator[str]:
    """Run an agent that holds a private key, and yield the path of its socket.

    The key goes through a pipe. When the block ends, or this process is killed, the pipe that the agent's command reads from
    closes, and the command ends the agent and removes the folder of the socket. That is below ``temporary``, or below the
    system's temporary folder if it is None or its path is too long for a socket. Raises :class:`OSError`.
    """
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=_with_room(temporary)) as folder:
        socket = os.path.join(folder, _SOCKET)
        command = ["ssh-agent", "-a", socket, "sh", "-c", _HOLD, folder]
        with subprocess.Popen(  # nosec B603 # the command is made here
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as holder:
            if holder.stdout is None or not holder.stdout.readline().strip():
                raise OSError("ssh-agent did not start")
            _add(socket, private_key)
            yield socket


def _with_room(temporary: str | None) -> str | None:
    """Return the folder if a socket can be in a folder below it, which gets a name of eight characters behind the prefix."""
    longest = os.path.join(temporary or "", PREFIX + "x" * 8, _SOCKET)
    return temporary if len(os.fsencode(longest)) <= _SOCKET_BYTES else None


def _add(socket: str, private_key: bytes) -> None:
    environment = {**os.environ, "SSH_AUTH_SOCK": socket}
    added = subprocess.run(  # nosec B603 B607 # no input of users; it is where the user's PATH says, as ssh is
        ["ssh-add", "-q", "-"], input=private_key, env=environment, capture_output=True, timeout=_SECONDS, check=False
    )
    if added.returncode != 0:
        raise OSError("ssh-add did not take the private key")
