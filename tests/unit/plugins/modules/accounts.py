# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An account whose home is a folder of the test's: who runs the tests, under another name."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.modules import ssh_keypair_binding as module
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import material

NAME = "deploy"
FOREIGN = material(1).line("laptop")
OPS = material(2).line("ops")
TWO = material(3).line("two")


class Account:
    """What is in the home of the account :data:`NAME`."""

    def __init__(self, home: Path) -> None:
        home.mkdir()
        self.home = home
        self.folder = home / ".ssh"
        self.file = self.folder / "authorized_keys"

    def entry(self, name: str) -> pwd.struct_passwd:
        if name != NAME:
            raise KeyError(name)
        return pwd.struct_passwd((NAME, "*", os.getuid(), os.getgid(), "", str(self.home), "/bin/sh"))

    def put(self, content: bytes | None, mode: int = 0o600, folder_mode: int = 0o700) -> None:
        """Put a file there, or only its folder."""
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(folder_mode)
        if content is not None:
            self.file.write_bytes(content)
            self.file.chmod(mode)

    @property
    def content(self) -> bytes | None:
        return self.file.read_bytes() if self.file.is_file() else None

    def left_over(self) -> list[str]:
        """Return what is in the folder beside the file."""
        return sorted(path.name for path in self.folder.iterdir() if path != self.file) if self.folder.is_dir() else []


def edit(**options: Any) -> dict[str, Any]:
    """Return an edit as the action sends it."""
    return {"user": NAME, "path": None, "grant": None, "revoke": [], "exclusive": False, "only_look": False, **options}


def undo_of(done: dict[str, Any]) -> dict[str, Any]:
    """Return the edit that undoes another, from what that one returned."""
    return {"user": NAME, "path": None, "undo": {field: done[field] for field in ("before", "after", "removed", "added")}}


def run(**options: Any) -> dict[str, Any]:
    """Do an edit."""
    return module.apply(edit(**options), check_mode=False)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    made = Account(tmp_path / "home")
    monkeypatch.setattr(pwd, "getpwnam", made.entry)
    return made
