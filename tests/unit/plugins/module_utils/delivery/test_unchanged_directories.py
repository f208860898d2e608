# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._delivery.directories import Directories
from ansible_collections.keywright.ssh.plugins.module_utils._files.directory import Directory


def _replace(path: Path) -> None:
    path.with_name("new").touch()
    path.with_name("new").rename(path)


def _make_again(place: Path) -> None:
    place.rename(place.with_name("moved"))
    place.mkdir()
    (place / "one").touch()


CHANGES: dict[str, tuple[bool, Callable[[Path], object]]] = {
    "nothing": (False, lambda _place: None),
    "a file is written": (False, lambda place: (place / "one").write_text("other")),
    "a file is there": (True, lambda place: (place / "two").touch()),
    "a file is gone": (True, lambda place: (place / "one").unlink()),
    "a file has another name": (True, lambda place: (place / "one").rename(place / "two")),
    "a file is another one": (True, lambda place: _replace(place / "one")),
    "a file was away": (True, lambda place: (place / "one").rename(place / "two").rename(place / "one")),
    "the directory is gone": (True, lambda place: place.rename(place.with_name("moved"))),
    "another directory is there": (True, _make_again),
    "what was not listed is there": (False, lambda place: (place.parent / "new").touch()),
}


@pytest.mark.parametrize("locked", [False, True], ids=["free", "locked"])
@pytest.mark.parametrize("title", CHANGES)
def test_it_is_told_whether_listed_directories_have_the_same_files_still(title: str, locked: bool, tmp_path: Path) -> None:
    changed, act = CHANGES[title]
    place = tmp_path / "place"
    place.mkdir()
    (place / "one").touch()
    with Directory(str(place)) as opened:
        directories = Directories({opened.path: opened} if locked else {})
        assert directories.get(str(tmp_path)) is not None
        directories.names(str(tmp_path / "nowhere"))
        os.utime(place, (0, 0))  # so that the clock moves on
        directories.names(str(place))
        act(place)
        assert directories.are_unchanged() is not changed
        directories.close()


def test_a_directory_that_is_there_now_is_a_change_and_one_that_cannot_be_listed_any_more_is_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_place: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with contextlib.closing(Directories()) as directories:
        directories.names(str(tmp_path / "later"))
        assert directories.are_unchanged()
        (tmp_path / "later").mkdir()
        (tmp_path / "later" / "one").touch()
        assert not directories.are_unchanged()
    with contextlib.closing(Directories()) as directories:
        directories.names(str(tmp_path))
        monkeypatch.setattr(os, "scandir", broken)
        assert not directories.are_unchanged()
