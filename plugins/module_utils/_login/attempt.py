# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Log on to a host with one key pair and nothing else, and see whether it works."""

from __future__ import annotations

import contextlib
import os
import subprocess  # nosec B404 # each command is a list, without a shell
import tempfile
from typing import NamedTuple

from ansible_collections.keywright.ssh.plugins.module_utils._keys.identify import identify_private_key, unlocked
from ansible_collections.keywright.ssh.plugins.module_utils._login.agent import PREFIX, private_agent
from ansible_collections.keywright.ssh.plugins.module_utils._login.client import configuration, effective_options

_SECONDS = 60
_SHOWN_CHARACTERS = 400


class Route(NamedTuple):
    """How to reach a host: what ssh calls it, and the arguments that the connection uses; ``user`` is the account."""

    host: str
    user: str
    arguments: tuple[str, ...] = ()


class Verdict(NamedTuple):
    """Whether the login worked; ``words`` are what ssh said if it did not, ``untried`` is why it was not tried."""

    verified: bool
    words: str | None = None
    untried: str | None = None


def attempt(
    route: Route, public_key: str, private_key_file: str, private_key: bytes, passphrase: str | None, temporary: str | None = None
) -> Verdict:
    """Log on with a private key; an encrypted one needs its passphrase and is opened in memory alone.

    What ssh reads is made below ``temporary``, None for the system's temporary folder; a process that is killed leaves it there.
    """
    if not identify_private_key(private_key, passphrase).encrypted:
        return _with_configuration(route, private_key_file, None, temporary)
    opened = None if passphrase is None else unlocked(private_key, passphrase)
    if opened is None:
        return Verdict(
            False, untried="it is encrypted, and the option 'passphrase' " + ("is not given" if passphrase is None else "does not open it")
        )
    try:
        with tempfile.TemporaryDirectory(prefix=PREFIX, dir=temporary) as folder, private_agent(opened, temporary) as agent:
            identity = os.path.join(folder, "identity.pub")
            with open(identity, "x", encoding="utf-8") as file:
                file.write(public_key + "\n")
            return _with_configuration(route, identity, agent, temporary)
    except (OSError, subprocess.TimeoutExpired):
        return Verdict(False, untried="no ssh-agent could be used for it")


def _with_configuration(route: Route, identity_file: str, agent: str | None, temporary: str | None) -> Verdict:
    options = effective_options(route.host, route.arguments)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=temporary) as folder:
        path = os.path.join(folder, "config")
        with open(path, "x", encoding="utf-8") as file:
            file.write(configuration(options, identity_file, agent, route.arguments))
        return _log_on(["ssh", "-F", path, "-T", "-l", route.user, "--", route.host, "true"])


def _log_on(command: list[str]) -> Verdict:
    # Jump hosts are logged on to with the user's own agent; our login does not look at it, since its configuration names another or none.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SSH_") or name == "SSH_AUTH_SOCK"}
    words = ""
    with contextlib.suppress(subprocess.TimeoutExpired):
        try:
            done = subprocess.run(  # nosec B603 # options are checked, and none can be taken for another
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_SECONDS,
                check=False,
            )
        except FileNotFoundError:
            return Verdict(False, untried="there is no ssh client on the controller")
        if done.returncode == 0:
            return Verdict(True)
        words = " ".join(done.stderr.split()) or " ".join(done.stdout.split()) or f"ssh ended with status {done.returncode}"
    return Verdict(False, words=(words or f"no answer within {_SECONDS} seconds")[-_SHOWN_CHARACTERS:])
