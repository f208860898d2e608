# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A login that is tried, with a program in the place of ssh that notes how it was called."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._login import attempt as login
from ansible_collections.keywright.ssh.plugins.module_utils._login.agent import private_agent
from ansible_collections.keywright.ssh.plugins.module_utils._login.attempt import Route, Verdict, attempt
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import material, private_key_bytes
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.faults import fork

PUBLIC = material(0).line("ops")
PASSPHRASE = "correct horse battery"
# Answers -G as the real one; else notes arguments, environment, configuration and the agent's keys, and does what the test says.
SSH = """#!/bin/sh
case "$1" in -G) exec {real} "$@";; esac
printf '%s\\n' "$@" > {folder}/arguments
env > {folder}/environment
cat "$2" > {folder}/config
agent=$(sed -n '/^  IdentityAgent "/{{s/^[^"]*"//; s/"$//; s/%%/%/g; p}}' "$2")
[ -z "$agent" ] || SSH_AUTH_SOCK=$agent ssh-add -L > {folder}/agent
[ -z "$agent" ] || echo "$agent" > {folder}/socket
. {folder}/behaviour
"""


class Client:
    """The program in the place of ssh."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        program = folder / "bin" / "ssh"
        program.parent.mkdir()
        program.write_text(SSH.format(real=shutil.which("ssh"), folder=folder))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        monkeypatch.setenv("TMPDIR", str(folder / "tmp"))
        monkeypatch.setattr(tempfile, "tempdir", None)
        (folder / "tmp").mkdir()
        self.does("exit 0")

    def does(self, behaviour: str) -> None:
        (self.folder / "behaviour").write_text(behaviour)

    def noted(self, name: str) -> str:
        return (self.folder / name).read_text()

    def left_over(self) -> list[Path]:
        return list((self.folder / "tmp").iterdir())

    def attempt(self, key: bytes | None = None, passphrase: str | None = None, temporary: Path | None = None) -> Verdict:
        content = private_key_bytes() if key is None else key
        below = None if temporary is None else str(temporary)
        return attempt(Route("192.0.2.1", "deploy", ("-p", "2222")), PUBLIC, "/keys/ops.pem", content, passphrase, below)

    def attempt_and_die(self, passphrase: str | None, temporary: Path) -> None:
        """Log on in a process that is killed when ssh is called."""
        self.does("kill -KILL $PPID")
        child = fork()
        if child == 0:
            try:
                self.attempt(private_key_bytes(passphrase=passphrase), passphrase, temporary)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    return Client(tmp_path, monkeypatch)


def test_ssh_is_called_with_our_configuration_and_as_the_account(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/user/agent")
    monkeypatch.setenv("SSH_ASKPASS", "/bin/askpass")
    assert client.attempt() == Verdict(True)
    arguments = client.noted("arguments").splitlines()
    assert (arguments[0], arguments[2:]) == ("-F", ["-T", "-l", "deploy", "--", "192.0.2.1", "true"])
    assert 'IdentityFile "/keys/ops.pem"' in client.noted("config")
    assert "port 2222" in client.noted("config")
    assert re.findall("SSH_\\w+", client.noted("environment")) == ["SSH_AUTH_SOCK"]  # for jump hosts alone
    assert client.left_over() == []


FAILURES = {
    "words": ("echo 'deploy@192.0.2.1: Permission denied (publickey).' >&2; exit 255", "deploy@192.0.2.1: Permission denied (publickey)."),
    "several lines": ("printf 'one\\r\\ntwo\\n\\n  three\\n' >&2; exit 255", "one two three"),
    "words on the other stream": ("echo 'This account is not available.'; exit 1", "This account is not available."),
    "no words": ("exit 3", "ssh ended with status 3"),
    "other bytes": ("printf '\\377denied\\n' >&2; exit 255", "\ufffddenied"),
    "many words": ("printf '%01000d denied' 0 >&2; exit 255", "0" * 393 + " denied"),
}


@pytest.mark.parametrize(("behaviour", "words"), FAILURES.values(), ids=FAILURES)
def test_a_login_that_fails_tells_the_words_of_ssh(client: Client, behaviour: str, words: str) -> None:
    client.does(behaviour)
    assert client.attempt() == Verdict(False, words=words)
    assert client.left_over() == []


def test_a_login_that_hangs_ends(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "_SECONDS", 0.2)
    client.does("exec sleep 30")
    started = time.monotonic()
    assert client.attempt() == Verdict(False, words="no answer within 0.2 seconds")
    assert time.monotonic() - started < 10


def test_a_controller_without_ssh_does_not_try(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(client.folder))
    assert client.attempt() == Verdict(False, untried="there is no ssh client on the controller")


ENCRYPTED = {
    "openssh": ("ed25519", 256, "openssh"),
    "openssh ecdsa": ("ecdsa", 256, "openssh"),
    "pkcs8": ("ecdsa", 256, "pkcs8"),
    "pkcs1": ("rsa", 2048, "pkcs1"),
}


@pytest.mark.parametrize(("key_type", "size", "form"), ENCRYPTED.values(), ids=ENCRYPTED)
def test_an_encrypted_key_goes_to_an_agent_of_our_own_that_ends_with_it(client: Client, key_type: str, size: int, form: str) -> None:
    assert client.attempt(private_key_bytes(0, key_type, size, form, PASSPHRASE), PASSPHRASE).verified
    assert client.noted("agent").split()[:2] == material(0, key_type, size).line("").split()[:2]
    assert 'IdentityFile "/keys/ops.pem"' not in client.noted("config")
    seen = client.noted("arguments") + client.noted("environment") + client.noted("config")
    assert PASSPHRASE not in seen
    assert "PRIVATE KEY" not in seen
    assert client.left_over() == []
    assert _ends(client.noted("socket").strip())


@pytest.mark.parametrize(("passphrase", "why"), [(None, "is not given"), ("wrong", "does not open it")])
def test_an_encrypted_key_that_does_not_open_is_not_tried(client: Client, passphrase: str | None, why: str) -> None:
    verdict = client.attempt(private_key_bytes(passphrase=PASSPHRASE), passphrase)
    assert verdict == Verdict(False, untried=f"it is encrypted, and the option 'passphrase' {why}")
    assert not (client.folder / "arguments").exists()


def test_a_passphrase_that_is_not_needed_does_not_matter(client: Client) -> None:
    assert client.attempt(passphrase=PASSPHRASE).verified
    assert not (client.folder / "agent").exists()


@pytest.mark.parametrize("missing", ["ssh-agent", "ssh-add"])
def test_a_controller_without_an_agent_does_not_try(client: Client, missing: str) -> None:
    program = client.folder / "bin" / missing
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    verdict = client.attempt(private_key_bytes(passphrase=PASSPHRASE), PASSPHRASE)
    assert verdict == Verdict(False, untried="no ssh-agent could be used for it")
    assert client.left_over() == []


def test_what_a_killed_login_leaves_is_where_it_was_told_to_be(client: Client, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    client.attempt_and_die(None, tmp_path / "run")
    assert [path.name for path in (tmp_path / "run").rglob("*") if path.is_file()] == ["config"]
    assert client.left_over() == []


@pytest.mark.parametrize("name", ["100% of %h", "long" * 25], ids=["in its folder", "where there is room for a socket"])
def test_the_agent_of_a_killed_login_ends_and_leaves_nothing(client: Client, tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    client.attempt_and_die(PASSPHRASE, tmp_path / name)
    assert client.noted("agent").split()[:2] == PUBLIC.split()[:2]
    assert _becomes(lambda: client.left_over() == [])
    assert {path.name for path in (tmp_path / name).rglob("*") if not path.is_dir()} == {"config", "identity.pub"}


def test_an_agent_ends_when_what_it_was_for_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyError), private_agent(private_key_bytes(), str(tmp_path)) as socket:
        assert _answers(socket)
        raise KeyError
    assert _ends(socket)
    assert list(tmp_path.iterdir()) == []


def test_an_agent_does_not_take_what_is_no_key(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="did not take"), private_agent(b"no key", str(tmp_path)):
        pass
    assert list(tmp_path.iterdir()) == []


def _answers(socket: str) -> bool:
    """Tell whether an agent listens; ssh-add ends with 2 if there is none."""
    return subprocess.run(["ssh-add", "-l"], env={**os.environ, "SSH_AUTH_SOCK": socket}, capture_output=True, check=False).returncode != 2


def _ends(socket: str) -> bool:
    return _becomes(lambda: not _answers(socket))


def _becomes(so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 1
    while not so() and time.monotonic() < deadline:
        time.sleep(0.02)
    return so()
