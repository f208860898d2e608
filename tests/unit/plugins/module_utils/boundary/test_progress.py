# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.call import Call
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.progress import Progress
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.ssh_keypair import ssh_keypair


def test_a_line_is_told_after_a_second_and_then_once_a_second_but_never_at_the_end() -> None:
    told: list[str] = []
    now = 100.0
    progress = Progress(told.append, lambda: now)
    for done in range(1, 31):
        now = 100.0 + done / 10
        progress("private keys made", done, 30)
    assert told == ["10 of 30 private keys made", "20 of 30 private keys made"]


def test_what_is_done_within_a_second_is_not_told() -> None:
    told: list[str] = []
    progress = Progress(told.append, lambda: 5.0)
    progress("private keys written", 1, 500)
    assert told == []


def test_a_batch_tells_of_the_keys_made_and_of_the_files_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{ssh_keypair.__module__}.Progress", lambda tell: lambda what, done, total: tell(f"{done}/{total} {what}"))
    told: list[str] = []
    arguments = {"name": ["one", "two"], "region": "eu-1", "registry": str(tmp_path / "registry"), "private_key_dir": str(tmp_path)}
    tmp_path.chmod(0o700)
    ssh_keypair(arguments, Call(os.path.abspath, False, False, told.append))
    assert told == ["1/2 private keys made", "2/2 private keys made", "1/2 private keys written", "2/2 private keys written"]
    told.clear()
    ssh_keypair(arguments, Call(os.path.abspath, False, False, told.append))
    assert told == []
    ssh_keypair({**arguments, "name": ["one", "two", "three"]}, Call(os.path.abspath, False, False, told.append))
    assert told == ["1/1 private keys made", "1/1 private keys written"]
