# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration with which a login is tried, as the real ssh understands it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._login.client import (
    configuration,
    configuration_file,
    effective_options,
    through,
)

# What would let another key in, or do more than log on.
USERS = """
Host web1
  HostName 192.0.2.1
  Port 2222
  User somebody
  IdentityFile ~/.ssh/another
  CertificateFile ~/.ssh/another-cert.pub
  IdentityAgent /run/agent
  ControlMaster auto
  ControlPath /tmp/%C
  ControlPersist 60
  PreferredAuthentications password,keyboard-interactive,gssapi-with-mic,hostbased,publickey
  PubkeyAuthentication no
  GSSAPIAuthentication yes
  HostbasedAuthentication yes
  ForwardAgent yes
  LocalForward 8080 localhost:80
  PermitLocalCommand yes
  LocalCommand touch /tmp/local
  RemoteCommand touch /tmp/remote
  RequestTTY force
  LogLevel QUIET
  BatchMode no
  UpdateHostKeys yes
  StrictHostKeyChecking accept-new
  UserKnownHostsFile /etc/known /etc/known2
  HostKeyAlias one.example
  ConnectTimeout 7
  AddressFamily inet
  HostKeyAlgorithms ssh-ed25519
"""
CARRIED = {
    "hostname": "192.0.2.1",
    "port": "2222",
    "hostkeyalias": "one.example",
    "userknownhostsfile": "/etc/known /etc/known2",
    "stricthostkeychecking": "accept-new",
    "connecttimeout": "7",
    "addressfamily": "inet",
    "hostkeyalgorithms": "ssh-ed25519",
}
OURS = {
    "identityfile": "/keys/ops.pem",
    "identitiesonly": "yes",
    "identityagent": "none",
    "preferredauthentications": "publickey",
    "passwordauthentication": "no",
    "kbdinteractiveauthentication": "no",
    "hostbasedauthentication": "no",
    "gssapiauthentication": "no",
    "batchmode": "yes",
    "controlmaster": "false",
    "clearallforwardings": "yes",
    "forwardagent": "no",
    "permitlocalcommand": "no",
    "updatehostkeys": "false",
    "requesttty": "false",
    "loglevel": "ERROR",
}
NEVER = ("certificatefile", "controlpath", "controlpersist", "remotecommand", "localcommand", "localforward", "proxyjump")


def _understood(text: str, folder: Path, host: str = "web1") -> dict[str, str]:
    """Return the options that ssh makes of a configuration, which must be one that it takes."""
    path = folder / "config"
    path.write_text(text)
    done = subprocess.run(["ssh", "-G", "-F", path, host], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)


def _ours(users: str, folder: Path, agent: str | None = None, identity_file: str = "/keys/ops.pem") -> dict[str, str]:
    users_file = folder / "users"
    users_file.write_text(users)
    options = effective_options("web1", ["-F", str(users_file)])
    return _understood(configuration(options, identity_file, agent), folder)


def test_how_to_reach_the_host_is_taken_over(tmp_path: Path) -> None:
    understood = _ours(USERS, tmp_path)
    assert {option: understood.get(option) for option in CARRIED} == CARRIED


def test_how_to_authenticate_is_ours_alone(tmp_path: Path) -> None:
    understood = _ours(USERS, tmp_path)
    assert {option: understood.get(option) for option in OURS} == OURS
    assert understood["pubkeyauthentication"] in ("yes", "true")
    assert [option for option in NEVER if understood.get(option, "none") not in ("none", "no")] == []
    text = configuration(effective_options("web1", ["-F", str(tmp_path / "users")]), "/keys/ops.pem", None)
    assert text.lower().count("identityfile") == 1


@pytest.mark.parametrize("path", ["/with space/ops.pem", '/with "quotes"/ops.pem', "/100%/%h/ops.pem", "/~/ops.pem", "/\u00fc/#/ops.pem"])
def test_the_private_key_file_may_have_any_name(tmp_path: Path, path: str) -> None:
    key = tmp_path / path.lstrip("/")
    key.parent.mkdir(parents=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    config = tmp_path / "ours"
    config.write_text(configuration({"hostname": "127.0.0.1", "port": "1"}, str(key), None))
    spoken = ["-o", "LogLevel=DEBUG1", "-o", "ProxyCommand=true"]  # to nobody, after a look at the private key file
    debug = subprocess.run(["ssh", *spoken, "-F", config, "web1"], capture_output=True, text=True, check=False).stderr
    assert "/ops.pem type 3" in debug


def test_an_agent_is_used_only_if_it_is_ours(tmp_path: Path) -> None:
    assert _ours(USERS, tmp_path)["identityagent"] == "none"
    for agent in ("/tmp/x y/agent", "/tmp/100%h/agent", '/tmp/"x"/agent'):
        assert _ours(USERS, tmp_path, agent)["identityagent"] == agent


PROXIES = {
    "a command": ("ProxyCommand nc -X connect %h %p", "nc -X connect %h %p"),
    "a jump": ("ProxyJump gate", "ssh -W '[%h]:%p' ssh://gate"),
    "a jump with user and port": ("ProxyJump me@gate.example:2200", "ssh -W '[%h]:%p' ssh://me@gate.example:2200"),
    "a jump with address and port": ("ProxyJump me@192.0.2.1:2222", "ssh -W '[%h]:%p' ssh://me@192.0.2.1:2222"),
    "several jumps": ("ProxyJump first,second", "ssh -J first -W '[%h]:%p' ssh://second"),
    "no jump": ("ProxyJump none", None),
}


@pytest.mark.parametrize(("users", "command"), PROXIES.values(), ids=PROXIES)
def test_the_way_through_other_hosts_is_taken_over(tmp_path: Path, users: str, command: str | None) -> None:
    understood = _ours(f"Host web1\n  {users}\n", tmp_path)
    found = understood.get("proxycommand", "none")
    assert (None if found == "none" else found.replace("'", "")) == (None if command is None else command.replace("'", ""))
    assert "proxyjump" not in understood or understood["proxyjump"] == "none"


def test_a_jump_that_the_shell_might_read_otherwise_stays_one_word() -> None:
    words = subprocess.run(["sh", "-c", f"printf '%s\\n' {through('a,me@[fe80::1]:22')}"], capture_output=True, text=True, check=True)
    assert words.stdout.split() == ["ssh", "-J", "a", "-W", "[%h]:%p", "ssh://me@[fe80::1]:22"]


def test_what_ssh_does_not_take_leaves_the_defaults() -> None:
    assert effective_options("web1", ["-o", "NoSuchOption=1"]) == {}


def test_arguments_of_ansible_come_before_the_users_configuration(tmp_path: Path) -> None:
    (tmp_path / "users").write_text(USERS)
    options = effective_options("web1", ["-F", str(tmp_path / "users"), "-p", "2022", "-o", "StrictHostKeyChecking=no"])
    assert (options["port"], options["stricthostkeychecking"], options["hostname"]) == ("2022", "false", "192.0.2.1")


def test_a_host_that_looks_like_an_option_is_a_host() -> None:
    assert "proxycommand" not in effective_options("-oProxyCommand=touch /tmp/no", [])


def test_a_certificate_beside_the_key_is_not_offered(tmp_path: Path) -> None:
    accepted = {**_ours(USERS, tmp_path)}
    algorithms = accepted.get("pubkeyacceptedalgorithms") or accepted["pubkeyacceptedkeytypes"]
    assert "ssh-ed25519" in algorithms
    assert "cert-v01" not in algorithms


@pytest.mark.parametrize("arguments", [("-C", "-F", "/my config"), ("-F/my config", "-C")])
def test_a_jump_host_is_sought_in_the_configuration_that_ansible_uses(arguments: tuple[str, ...]) -> None:
    assert through("gate", configuration_file(arguments)) == "ssh -F '/my config' -W [%h]:%p ssh://gate"
    assert configuration_file(("-C", "-o", "ProxyJump=x")) is None
