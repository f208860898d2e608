# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._files.directory import Directory
from ansible_collections.keywright.ssh.plugins.module_utils._files.rename import rename_without_replacing
from ansible_collections.keywright.ssh.plugins.module_utils._files.trust import directory_problem, is_group_writable, trusted_owner
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.explain import explained
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import tree

NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="giving a file to another user needs root")


def test_a_rename_without_replacing_gives_the_new_name(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"ours")
    with Directory(str(tmp_path)) as folder:
        rename_without_replacing(folder.fd, "old", "new \u00e4")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("new \u00e4", b"ours")]


@pytest.mark.parametrize("kind", ["file", "directory", "dangling symlink", "itself"])
def test_a_rename_without_replacing_replaces_nothing(kind: str, tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"ours")
    makers: dict[str, Callable[[], object]] = {
        "file": (tmp_path / "new").touch,
        "directory": (tmp_path / "new").mkdir,
        "dangling symlink": lambda: (tmp_path / "new").symlink_to("nowhere"),
        "itself": lambda: os.link(tmp_path / "old", tmp_path / "new"),
    }
    makers[kind]()
    before = tree(tmp_path)
    with Directory(str(tmp_path)) as folder, pytest.raises(FileExistsError):
        rename_without_replacing(folder.fd, "old", "new")
    assert tree(tmp_path) == before


def test_a_rename_of_what_is_not_there_says_so(tmp_path: Path) -> None:
    with Directory(str(tmp_path)) as folder, pytest.raises(FileNotFoundError):
        rename_without_replacing(folder.fd, "old", "new")


def test_a_c_library_that_cannot_rename_without_replacing_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _name, **_options: object())
    with pytest.raises(OSError, match="not implemented") as caught:
        rename_without_replacing(-1, "old", "new")
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSYS, "new")


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK], ids=errno.errorcode.get)
def test_where_there_are_no_hard_links_a_move_renames_and_still_replaces_nothing(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)
    with Directory(str(tmp_path)) as folder:
        folder.create("staged", b"ours")
        assert not folder.can_link("staged", "probe")
        folder.move("staged", "ops.pem")
        folder.create("staged", b"second")
        with pytest.raises(FileExistsError):
            folder.move("staged", "ops.pem")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"ops.pem": b"ours", "staged": b"second"}


@pytest.mark.parametrize(
    ("mode", "problem"),
    [(0o700, None), (0o755, None), (0o2775, None), (0o1777, None), (0o777, "is writable by everyone (mode 0777)"), (0o703, "is writable")],
    ids=lambda value: oct(value) if isinstance(value, int) else "",
)
def test_a_directory_that_everyone_can_change_is_not_trusted_unless_it_is_sticky(mode: int, problem: str | None, tmp_path: Path) -> None:
    tmp_path.chmod(mode)
    found = directory_problem(tmp_path.stat())
    assert found is None if problem is None else found is not None and found.startswith(problem)


@needs_root
def test_what_belongs_to_another_user_is_not_trusted(tmp_path: Path) -> None:
    assert trusted_owner(tmp_path.stat())
    os.chown(tmp_path, NOBODY, -1)
    assert not trusted_owner(tmp_path.stat())
    assert directory_problem(tmp_path.stat()) == "is owned by user 65534, who is neither root nor the user who runs this"


@pytest.mark.parametrize(("owner", "trusted"), [(0, True), (1, False), (1000, True), (NOBODY, False)], ids=str)
def test_what_belongs_to_root_is_trusted_by_every_user(owner: int, trusted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    status = os.stat_result((0o40755, 0, 0, 1, owner, 0, 0, 0, 0, 0))
    assert trusted_owner(status) is trusted
    assert (directory_problem(status) is None) is trusted


@pytest.mark.parametrize(("mode", "writable"), [(0o700, False), (0o750, False), (0o720, True), (0o2770, True)], ids=str)
def test_a_directory_of_a_team_is_recognized(mode: int, writable: bool, tmp_path: Path) -> None:
    tmp_path.chmod(mode)
    assert is_group_writable(tmp_path.stat()) is writable


@pytest.mark.parametrize(
    ("error", "reason"),
    [(OSError(errno.ENOSPC, "No space left on device", "/secret"), "No space left on device"), (OSError("free text"), "OSError")],
    ids=["with a reason", "without a reason"],
)
def test_what_the_system_refused_is_said_with_what_was_tried_and_nothing_else(error: OSError, reason: str) -> None:
    with pytest.raises(KeyPairError) as caught, explained(ErrorCode.FILE_UNWRITABLE, "It cannot be written"):
        raise error
    assert (caught.value.code, caught.value.message) == (ErrorCode.FILE_UNWRITABLE, f"It cannot be written: {reason}.")


@pytest.mark.parametrize(
    "error", [ValueError("x"), KeyboardInterrupt(), KeyPairError(ErrorCode.INTERNAL, "x")], ids=lambda error: type(error).__name__
)
def test_other_errors_pass_through_unexplained(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, explained(ErrorCode.FILE_UNWRITABLE, "It cannot be written"):
        raise error
    assert caught.value is error
