# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._files.directory import flush_made_directories
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.faults import NOBODY, as_nobody

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="acting as another user, or above all directories, needs root")


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the paths that are flushed from now on."""
    paths: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: paths.append(os.readlink(f"/proc/self/fd/{descriptor}")))
    return paths


@pytest.fixture
def open_place() -> Iterator[Path]:
    """Return a directory that every user can come to."""
    made = Path(tempfile.mkdtemp(dir="/tmp"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


def test_what_is_above_directories_that_a_run_can_have_made_is_flushed(tmp_path: Path, flushed: list[str]) -> None:
    top = tmp_path.resolve() / "top"
    (top / "a" / "b").mkdir(parents=True)
    for path, mode in ((top, 0o755), (top / "a", 0o700), (top / "a" / "b", 0o700)):
        path.chmod(mode)
    flush_made_directories(str(top / "a" / "b"))
    assert flushed == [str(top / "a"), str(top)]


@needs_root
def test_it_ends_where_there_is_nothing_above(tmp_path: Path, flushed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    path, look = tmp_path.resolve(), os.lstat

    def private(path: str, **options: int) -> os.stat_result:
        status = list(look(path, **options))
        status[0], status[2], status[4] = 0o40700, 1, os.geteuid()
        return os.stat_result(status)

    with monkeypatch.context() as patched:
        patched.setattr(os, "lstat", private)
        flush_made_directories(str(path))
    assert flushed == [str(parent) for parent in path.parents]


@needs_root
def test_what_may_not_be_read_is_left_to_whoever_made_it(open_place: Path) -> None:
    mine = open_place / "mine"
    mine.mkdir(mode=0o700)
    os.chown(mine, NOBODY, NOBODY)
    assert as_nobody(lambda: flush_made_directories(str(mine))) == 0
