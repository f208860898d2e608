# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the callback plugin "jabber" uses of the library ``xmpppy``, with a sink in the server's place.

Messages go to the port of the loopback that the variable KEYWRIGHT_FAULTS_JABBER names, without a login.
"""

from __future__ import annotations

import os
import socket
from typing import Any


class JID:
    """The name of an account."""

    def __init__(self, name: str) -> None:
        self._name = name

    def getNode(self) -> str:  # noqa: N802 # the library's own name
        """Return the account's own part."""
        return self._name.partition("@")[0]

    def getResource(self) -> str:  # noqa: N802 # the library's own name
        """Return no resource."""
        return ""


class Message:
    """A message to somebody."""

    def __init__(self, to: str, body: str) -> None:
        self.text = f"{to} {body}"

    def setAttr(self, name: str, value: str) -> None:  # noqa: N802 # the library's own name
        """Set an attribute of the message."""
        self.text += f" {name}={value}"


class Client:
    """A connection to a server."""

    def __init__(self, _server: str, **_options: Any) -> None:
        self._socket = socket.socket()

    def connect(self, **_options: Any) -> None:
        """Connect to the sink, wherever the server would be."""
        self._socket.connect(("127.0.0.1", int(os.environ["KEYWRIGHT_FAULTS_JABBER"])))

    def auth(self, *_names: str, **_options: Any) -> None:
        """Need no login."""

    def send(self, message: Message) -> None:
        """Send a message."""
        self._socket.sendall(message.text.encode() + b"\n")

    def disconnect(self) -> None:
        """Close the connection."""
        self._socket.close()
