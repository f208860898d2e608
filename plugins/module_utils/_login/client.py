# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration with which we log on: how to reach the host is taken over, how to authenticate is ours alone.

With a user's own configuration, agent or open control connection, a key that is not bound would seem to log on.
"""

from __future__ import annotations

import itertools
import re
import shlex
import subprocess  # nosec B404 # each command is a list, without a shell
from collections.abc import Iterable, Mapping, Sequence

CARRIED_OVER = (
    "hostname",
    "port",
    "proxycommand",
    "proxyusefdpass",
    "hostkeyalias",
    "hostkeyalgorithms",
    "userknownhostsfile",
    "globalknownhostsfile",
    "knownhostscommand",
    "stricthostkeychecking",
    "checkhostip",
    "verifyhostkeydns",
    "addressfamily",
    "bindaddress",
    "bindinterface",
    "connecttimeout",
)
OURS = (
    "IdentitiesOnly yes",
    "PreferredAuthentications publickey",
    "PubkeyAuthentication yes",
    "PubkeyAcceptedKeyTypes -*-cert-v01@openssh.com",  # of a certificate beside the key; older clients know this name alone
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "GSSAPIAuthentication no",
    "HostbasedAuthentication no",
    "BatchMode yes",
    "ControlMaster no",
    "ControlPath none",
    "ClearAllForwardings yes",
    "ForwardAgent no",
    "PermitLocalCommand no",
    "UpdateHostKeys no",
    "RequestTTY no",
    "LogLevel ERROR",
)
_SECONDS = 10


def effective_options(host: str, arguments: Iterable[str]) -> dict[str, str]:
    """Return how the user's ssh would reach a host when called with these arguments (source: ``ssh -G``); empty if it cannot tell."""
    command = ["ssh", "-G", *arguments, "--", host]
    try:
        done = subprocess.run(  # nosec B603 # options are checked, and none can be taken for another
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line) if done.returncode == 0 else {}


def configuration(options: Mapping[str, str], identity_file: str, agent: str | None, arguments: Sequence[str] = ()) -> str:
    """Return the text of a client configuration that offers one key and nothing else; ``arguments`` are those of the user's ssh."""
    lines = [f"{option} {options[option]}" for option in CARRIED_OVER if option in options]
    jump = options.get("proxyjump", "none")
    if jump != "none" and options.get("proxycommand", "none") == "none":
        lines.append(f"ProxyCommand {through(jump, configuration_file(arguments))}")
    lines += [*OURS, f"IdentityFile {_quoted(identity_file)}", f"IdentityAgent {'none' if agent is None else _quoted(agent)}"]
    return "Host *\n" + "".join(f"  {line}\n" for line in lines)


def _quoted(path: str) -> str:
    path = path.replace("%", "%%").replace('"', '\\"')
    return f'"{path}"'


def configuration_file(arguments: Sequence[str]) -> str | None:
    """Return the configuration that arguments of ssh name, None if it is the usual one."""
    for argument, following in itertools.zip_longest(arguments, arguments[1:], fillvalue=""):
        if argument.startswith("-F"):
            return argument[2:] or following
    return None


def through(jump: str, configured_in: str | None = None) -> str:
    """Return the command that connects through jump hosts; those are logged on to with the user's own configuration."""
    *before, last = jump.split(",")
    options = [] if configured_in is None else ["-F", shlex.quote(configured_in).replace("%", "%%")]
    options += ["-J", ",".join(before)] if before else []
    last = re.sub(r"\[([0-9.]+)\]", r"\1", last.removeprefix("ssh://"))  # ssh -G puts an IPv4 address in brackets
    return " ".join(["ssh", *options, "-W", "[%h]:%p", f"ssh://{last}"])
