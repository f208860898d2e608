# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._files.real_path import real_path


def _exchanged_at(looks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the first looks at a path meet a link that is exchanged for a directory in that moment."""
    remaining = [OSError(errno.EINVAL, os.strerror(errno.EINVAL))] * looks
    realpath = os.path.realpath

    def look(path: str) -> str:
        if remaining:
            raise remaining.pop()
        return realpath(path)

    monkeypatch.setattr(os.path, "realpath", look)


@pytest.mark.parametrize("looks", [0, 1, 99])
def test_a_path_is_returned_without_links_once_a_look_meets_none_that_is_exchanged(
    looks: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "place").mkdir()
    (tmp_path / "link").symlink_to("place")
    _exchanged_at(looks, monkeypatch)
    assert real_path(str(tmp_path / "link" / "missing")) == str(tmp_path / "place" / "missing")


def test_a_link_that_is_exchanged_at_each_of_a_hundred_looks_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _exchanged_at(100, monkeypatch)
    with pytest.raises(OSError, match="Invalid argument"):
        real_path(str(tmp_path))
