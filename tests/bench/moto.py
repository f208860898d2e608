# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server that plays EC2 for ``amazon.aws.ec2_key``; what it costs itself is not measured."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

from .controller import Controller
from .process import FailedRunError

_SECONDS = 60


class Moto:
    """A running moto server."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    @property
    def variables(self) -> dict[str, str]:
        """Return the variables with which the modules of ``amazon.aws`` find it."""
        return {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_ENDPOINT_URL": self.url, "AWS_REGION": "eu-west-1"}

    def reset(self) -> None:
        """Make it forget all key pairs."""
        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        with urllib.request.urlopen(request, timeout=_SECONDS):
            pass

    def wait(self) -> None:
        """Wait until it answers."""
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                self.reset()
                return
            time.sleep(0.1)
        raise FailedRunError(f"moto does not answer at {self.url}")


@contextlib.contextmanager
def running_moto(controller: Controller) -> Iterator[Moto]:
    """Run a moto server for the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(controller.peers / "moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    with (controller.folder / "logs" / "moto.log").open("wb") as log:
        process = subprocess.Popen(command, env=controller.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            moto = Moto(port)
            moto.wait()
            yield moto
        finally:
            process.terminate()
            process.wait()
