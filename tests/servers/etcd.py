# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster of etcd on loopback."""

from __future__ import annotations

import contextlib
import json
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import programs
from .certificates import Authority
from .processes import Process, ServerError, free_ports, wait_until

SECONDS_TO_ASK = 5.0
HASTE = ("--heartbeat-interval", "50", "--election-timeout", "500")  # milliseconds, half of the defaults: a dead leader is missed sooner


@dataclass
class Member:
    """One member: where clients reach it, and its process."""

    name: str
    port: int
    process: Process


class Etcd:
    """A cluster whose members run; ``authority`` has signed their certificates, if they have any."""

    def __init__(self, members: Sequence[Member], authority: Authority | None) -> None:
        self.members = members
        self.authority = authority

    def part(self, *members: Member) -> Etcd:
        """Return what a client sees of the cluster who knows only some members, in this order."""
        return Etcd(members, self.authority)

    def url(self, prefix: str = "keywright", user: str = "", **options: str) -> str:
        """Return the URL of a registry; ``user`` may have a password."""
        hosts = ",".join(f"127.0.0.1:{member.port}" for member in self.members)
        if self.authority is not None and "ca_file" not in options:
            options["ca_file"] = str(self.authority.certificate)
        query = "&".join(f"{name}={value}" for name, value in options.items())
        scheme = "etcd" if self.authority is None else "etcds"
        return f"{scheme}://{user}{'@' if user else ''}{hosts}/{prefix}{'?' if query else ''}{query}"

    def ask(self, member: Member, path: str, question: Mapping[str, Any], token: str = "") -> Any:
        """Return what a member answers on its JSON gateway; raises :class:`ServerError`."""
        request = urllib.request.Request(f"http://127.0.0.1:{member.port}/v3/{path}", json.dumps(question).encode())
        if token:
            request.add_header("Authorization", token)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS_TO_ASK) as answer:
                return json.load(answer)
        except (OSError, ValueError) as error:
            raise ServerError(f"{member.name}: {error}") from None

    def leader(self) -> Member:
        """Return the member that leads."""
        answers = {member.name: self.ask(member, "maintenance/status", {}) for member in self.members if member.process.runs}
        leaders = {answer["leader"] for answer in answers.values()}
        return next(each for each in self.members if each.name in answers and answers[each.name]["header"]["member_id"] in leaders)

    def wait_for_leader(self) -> None:
        """Wait until all members that run know one leader."""
        wait_until(lambda: all(self._is_well(member) for member in self.members if member.process.runs), "a leader of etcd")

    def pause(self, member: Member) -> None:
        """Let a member keep its connections and do nothing."""
        member.process.send(signal.SIGSTOP)

    def resume(self, member: Member) -> None:
        """Let a paused member go on."""
        member.process.send(signal.SIGCONT)

    def restart(self, member: Member) -> None:
        """Start a member again that was killed."""
        member.process.start()
        self.wait_for_leader()

    def turn_on_auth(self, password: str) -> None:
        """Ask everybody for a password: user ``root``, ``team`` with the prefix ``keywright/``, ``guest`` with nothing."""
        steps: tuple[tuple[str, Mapping[str, Any]], ...] = (
            *(("auth/user/add", {"name": name, "password": password}) for name in ("root", "team", "guest")),
            ("auth/role/add", {"name": "root"}),
            ("auth/role/add", {"name": "team"}),
            ("auth/role/grant", {"name": "team", "perm": {"permType": "READWRITE", "key": _KEYWRIGHT, "range_end": _KEYWRIGHT_END}}),
            ("auth/user/grant", {"user": "root", "role": "root"}),
            ("auth/user/grant", {"user": "team", "role": "team"}),
            ("auth/enable", {}),
        )
        for path, question in steps:
            self.ask(self.members[0], path, question)

    def _is_well(self, member: Member) -> bool:
        if self.authority is not None:
            return _listens(member.port)
        try:
            return bool(self.ask(member, "maintenance/status", {}).get("leader", "0") != "0")
        except ServerError:
            return False


_KEYWRIGHT = "a2V5d3JpZ2h0Lw=="  # Base64 of "keywright/", and of what comes after all keys that begin with it
_KEYWRIGHT_END = "a2V5d3JpZ2h0MA=="


@contextlib.contextmanager
def running(folder: Path, count: int, authority: Authority | None = None, arguments: Sequence[str] = ()) -> Iterator[Etcd]:
    """Run a cluster of so many members for the block, with TLS if an authority is given."""
    program = str(programs.etcd())
    ports = free_ports(2 * count)
    names = [f"member{number}" for number in range(count)]
    peers = {name: f"http://127.0.0.1:{port}" for name, port in zip(names, ports[count:], strict=True)}
    cluster = ",".join(f"{name}={peer}" for name, peer in peers.items())
    members = []
    for name, port in zip(names, ports, strict=False):
        own = folder / name
        own.mkdir(parents=True)
        url = f"{'http' if authority is None else 'https'}://127.0.0.1:{port}"
        command = [program, "--name", name, "--data-dir", str(own / "data"), "--log-level", "error", *HASTE, *arguments]
        command += ["--listen-client-urls", url, "--advertise-client-urls", url]
        command += ["--listen-peer-urls", peers[name], "--initial-advertise-peer-urls", peers[name], "--initial-cluster", cluster]
        if authority is not None:
            certificate, key = authority.issue(name, common_name="127.0.0.1")
            command += ["--cert-file", str(certificate), "--key-file", str(key), "--trusted-ca-file", str(authority.certificate)]
            command += ["--client-cert-auth"]
        members.append(Member(name, port, Process(command, own / "log")))
    etcd = Etcd(members, authority)
    try:
        for member in members:
            member.process.start()
        etcd.wait_for_leader()
        yield etcd
    finally:
        for member in members:
            member.process.send(signal.SIGKILL)
        for member in members:
            member.process.wait()


def _listens(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1)
    except urllib.error.HTTPError:
        return True
    except urllib.error.URLError as error:
        return not isinstance(error.reason, ConnectionRefusedError)
    except OSError:
        return True
    return True
