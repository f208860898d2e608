# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bind is killed while it logs on: the next run binds, and nothing is left in the temporary folders."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .controller import Run, Task
from .operations import Operation, Stage
from .table import Row
from .worlds import World

PASSPHRASE = "correct horse battery"
OPEN, LOCKED = "an open key", "an encrypted key"
KEYS: dict[str, dict[str, Any]] = {OPEN: {"name": "ops"}, LOCKED: {"name": "locked", "passphrase": PASSPHRASE}}
# Ansible's own folder on the controller. In the long one there is no room for a socket.
FOLDERS = {"a short path": "l", "a long path": "long" * 25}
SECONDS_TO_END = 5
# In the place of ssh. It lets everybody in, or kills the process that asks.
SSH = """#!/bin/sh
case "$1" in -G) exec {ssh} "$@" ;; esac
[ ! -e {kill} ] || kill -KILL "$PPID"
"""


@dataclass(frozen=True, eq=False)
class Login:
    """One try: a key pair is bound, with temporary folders of its own."""

    label: str
    options: Mapping[str, Any]
    world: World
    folder: Path
    local: Path

    @property
    def kill(self) -> Path:
        """Return the file whose being there says that the login is killed."""
        return self.folder / "kill"

    @property
    def temporary(self) -> Path:
        """Return the system's temporary folder."""
        return self.folder / "t"

    def prepare(self, ssh: str) -> None:
        """Make the folders, and the program in the place of ssh."""
        for folder in (self.folder / "bin", self.temporary, self.local, self.world.account):
            folder.mkdir(parents=True)
        program = self.folder / "bin" / "ssh"
        program.write_text(SSH.format(ssh=ssh, kill=self.kill))
        program.chmod(0o755)

    def run(self, stage: Stage, task: Task) -> Run:
        """Run a task with these folders."""
        path = f"{self.folder / 'bin'}:{stage.controller.environment()['PATH']}"
        return stage.controller.playbook(
            [task], variables={"PATH": path, "TMPDIR": str(self.temporary), "ANSIBLE_LOCAL_TEMP": str(self.local)}
        )


def sweep(stage: Stage, sample: bool) -> Row:
    """Kill at the login, with an open and an encrypted key, and with a short and a long path; a sample has the last of these."""
    row = Row("killed at the login: bind")
    ssh = shutil.which("ssh")
    if ssh is None:
        row.skipped = "needs ssh"
        return row
    logins = _logins(stage)[3 if sample else 0 :]
    stage.controller.playbook([login.world.task(login.label, login.options) for login in logins])
    for login in logins:
        login.prepare(ssh)
        row.tried(login.label, _problems(stage, login))
    return row


def _logins(stage: Stage) -> list[Login]:
    made = []
    for number, (key, path) in enumerate((key, path) for key in KEYS for path in FOLDERS):
        folder = stage.controller.folder / f"login{number}"
        world = stage.copy_to(Operation("", "ops"), folder / "world")
        made.append(Login(f"{key}, {path}", KEYS[key], world, folder, folder / FOLDERS[path]))
    return made


def _problems(stage: Stage, login: Login) -> list[str]:
    task = login.world.binding("bind", {**login.options, "verify": True})
    login.kill.touch()
    killed = login.run(stage, task)
    login.kill.unlink()
    found = [] if killed.of("bind") is None and "dead state" in killed.output else [f"it was not killed: {killed.output[-300:]}"]
    again = login.run(stage, task).of("bind")
    if again is None or again.failed or not again.result["binding"]["verified"]:
        found.append(f"the next run failed: {again.result if again else 'it ended early'}")
    deadline = time.monotonic() + SECONDS_TO_END
    while (left := _left(login)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found + left


def _left(login: Login) -> list[str]:
    """Return what is left of logins: files, whatever their names are, and agents."""
    files = [f"{path} is left" for folder in (login.temporary, login.local) for path in folder.iterdir()]
    return files + [f"process {process} is left" for process in os.listdir("/proc") if process.isdigit() and _is_of(login, process)]


def _is_of(login: Login, process: str) -> bool:
    try:
        words = Path("/proc", process, "cmdline").read_bytes()
    except OSError:  # it has ended meanwhile
        return False
    return words.startswith(b"ssh-agent") and os.fsencode(login.folder) in words
