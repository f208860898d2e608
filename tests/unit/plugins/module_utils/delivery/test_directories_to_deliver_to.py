# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import errno
import os
import unicodedata
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._delivery.directories import Directories, check_can_be_made, check_directory
from ansible_collections.keywright.ssh.plugins.module_utils._delivery.workspace import locked_directories
from ansible_collections.keywright.ssh.plugins.module_utils._files.directory import Directory
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.faults import fork
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import LOCK, mode_of, tree

NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="acting as another user needs root")


def test_a_directory_is_listed_once_and_one_that_is_not_there_has_no_names(tmp_path: Path) -> None:
    directories = Directories()
    (tmp_path / "one").touch()
    assert directories.names(str(tmp_path)) == {"one"}
    (tmp_path / "two").touch()
    assert directories.names(str(tmp_path)) == {"one"}
    for missing in ("nowhere", "one"):
        assert directories.get(str(tmp_path / missing)) is None
        assert directories.names(str(tmp_path / missing)) == frozenset()
        assert not any(directories.has(str(tmp_path / missing), name) for name in ("one", "\u00e9"))
        assert not directories.ignores_case(str(tmp_path / missing))
        assert directories.problem(str(tmp_path / missing)) is None
    directories.close()


def test_a_directory_is_opened_once_closed_again_and_one_that_is_locked_stays_open(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir()
    before = len(os.listdir("/proc/self/fd"))
    with Directory(str(tmp_path / "locked")) as locked:
        directories = Directories({locked.path: locked})
        assert directories.get(locked.path) is locked
        assert directories.get(str(tmp_path)) is directories.get(str(tmp_path))
        directories.close()
        assert len(os.listdir("/proc/self/fd")) == before + 1
        assert locked.names() == []


def test_a_directory_that_is_there_and_cannot_be_opened_has_a_problem(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    directories = Directories()
    assert directories.problem(str(tmp_path / "loop")) == os.strerror(errno.ELOOP)
    assert directories.get(str(tmp_path / "loop")) is None
    assert directories.problem(str(tmp_path)) is None
    directories.close()


def test_a_directory_that_a_group_may_write_to_is_a_warning(tmp_path: Path) -> None:
    directories = Directories()
    directories.get(str(tmp_path))
    assert directories.warnings() == []
    tmp_path.chmod(0o770)
    assert len(directories.warnings()) == 1
    assert f"'{tmp_path}' of private key files is writable by group" in directories.warnings()[0]
    directories.close()


@pytest.mark.parametrize("mode", [0o777, 0o703], ids=oct)
def test_a_directory_that_everyone_may_write_to_takes_no_private_key(mode: int, tmp_path: Path) -> None:
    tmp_path.chmod(mode)
    with Directory(str(tmp_path)) as opened, pytest.raises(KeyPairError, match=r"is writable by everyone.*'private_key_dir'") as caught:
        check_directory(opened)
    assert caught.value.code is ErrorCode.FILE_UNSAFE


@needs_root
def test_a_link_into_another_users_directory_takes_no_private_key(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", NOBODY, -1)
    (tmp_path / "keys").symlink_to("theirs")
    with Directory(str(tmp_path / "keys")) as opened, pytest.raises(KeyPairError, match="is owned by user 65534") as caught:
        check_directory(opened)
    assert caught.value.code is ErrorCode.FILE_UNSAFE


@pytest.mark.parametrize("kind", ["there", "not there", "far from there"])
def test_a_directory_that_can_be_made_is_not_made_by_the_check(kind: str, tmp_path: Path) -> None:
    parts = {"there": "", "not there": "a", "far from there": "a/b/c/d"}
    check_can_be_made(str(tmp_path / parts[kind]))
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_listed_is_not_taken_for_an_empty_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_place: object) -> list[str]:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "scandir", broken)
    with pytest.raises(KeyPairError, match=f"'{tmp_path}' cannot be listed: Input/output error") as caught:
        Directories().names(str(tmp_path))
    assert caught.value.code is ErrorCode.FILE_UNREADABLE


@pytest.mark.parametrize("kind", ["a file", "below a file", "a dangling link", "below a dangling link"])
def test_a_directory_that_cannot_be_made_is_refused_with_what_is_in_the_way(kind: str, tmp_path: Path) -> None:
    place = tmp_path / "place"
    if kind.endswith("file"):
        place.touch()
    else:
        place.symlink_to("nowhere")
    path = place / "a" / "b" if kind.startswith("below") else place
    with pytest.raises(KeyPairError, match=f"'{path}': '{place}' is not a directory") as caught:
        check_can_be_made(str(path))
    assert caught.value.code is ErrorCode.FILE_UNWRITABLE


@needs_root
def test_a_directory_that_this_user_may_not_write_to_is_refused(tmp_path: Path) -> None:
    told = tmp_path / "told"
    child = fork()
    if child == 0:
        with told.open("w") as file:  # opened by root, since the other user may look into nothing here
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            try:
                check_can_be_made("/etc/keys/ops")
            except KeyPairError as error:
                file.write(f"{error.code.value}: {error.message}")
        os._exit(0)
    os.waitpid(child, 0)
    assert told.read_text() == (
        "PrivateKeyFile.Unwritable: No private key can be put into the directory '/etc/keys/ops': '/etc' is not writable."
    )


def test_locked_directories_are_made_private_locked_once_each_and_opened_by_every_name(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("keys")
    paths = {str(tmp_path / name) for name in ("keys", "link", "other/deep")}
    for _second in range(2):
        with locked_directories(paths, paths - {str(tmp_path / "link")}, 1) as workspace:
            assert workspace.is_free(str(tmp_path / "link" / "ops.pem"))
            with pytest.raises(KeyPairError, match="was not free within"), locked_directories({str(tmp_path / "keys")}, set(), 0):
                pytest.fail("locked twice")
    assert [mode_of(tmp_path / name) for name in ("keys", "other", "other/deep", f"keys/{LOCK}")] == [0o700, 0o700, 0o700, 0o600]


def test_a_needed_directory_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with locked_directories({str(tmp_path / "nowhere")}, set(), 1):
        pass
    assert list(tmp_path.iterdir()) == []


def test_an_unsafe_directory_is_not_locked_and_the_others_are_let_go(tmp_path: Path) -> None:
    for name, mode in (("a", 0o700), ("b", 0o777)):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(mode)
    paths = {str(tmp_path / "a"), str(tmp_path / "b")}
    with pytest.raises(KeyPairError) as caught, locked_directories(paths, paths, 1):
        pytest.fail("locked")
    assert caught.value.code is ErrorCode.FILE_UNSAFE
    assert list(tree(tmp_path / "b")) == []
    with locked_directories({str(tmp_path / "a")}, set(), 0):
        pass


class _AnyCase(Directory):
    """A directory on a file system that takes names in any case for the same, and whose entries may be dead mounts."""

    dead: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()

    def entry(self, name: str) -> os.stat_result | None:
        self.asked = (*self.asked, name)
        alike = [each for each in self.names() if each.casefold() == name.casefold()]
        if set(alike) & set(self.dead):
            raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
        return super().entry(alike[0]) if alike else None


@pytest.mark.parametrize(("kind", "ignores"), [(Directory, False), (_AnyCase, True)])
def test_whether_a_directory_ignores_case_is_told_by_a_name_that_is_there(kind: type[Directory], ignores: bool, tmp_path: Path) -> None:
    for name in ("Key.pem", "1.2"):
        (tmp_path / name).touch()
    with kind(str(tmp_path)) as directory:
        directories = Directories({directory.path: directory})
        assert directories.ignores_case(directory.path) is ignores
        assert directories.has(directory.path, "Key.pem")
        assert directories.has(directory.path, "KEY.pem") is ignores
        assert not directories.has(directory.path, "other.pem")
        assert directories.is_one_file(f"{tmp_path}/a.pem", f"{tmp_path}/A.pem") is ignores
        assert directories.is_one_file(f"{tmp_path}/a.pem", f"{tmp_path}/a.pem")
        for other in (f"{tmp_path}/b.pem", f"{tmp_path}/other/A.pem", f"{str(tmp_path).upper()}/A.pem"):
            assert not directories.is_one_file(f"{tmp_path}/a.pem", other)


@pytest.mark.parametrize("names", [(), ("1.2", "34")], ids=["empty", "without letters"])
def test_a_directory_without_a_name_in_letters_does_not_tell(names: tuple[str, ...], tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).touch()
    with _AnyCase(str(tmp_path)) as directory:
        assert not Directories({directory.path: directory}).ignores_case(directory.path)


def test_the_lock_tells_first_and_what_cannot_be_looked_at_does_not_tell(tmp_path: Path) -> None:
    (tmp_path / "aaa").touch()
    with contextlib.closing(_AnyCase(str(tmp_path))) as directory:
        directory.dead = ("aaa",)
        assert not Directories({directory.path: directory}).ignores_case(directory.path)
        (tmp_path / "bbb").touch()
        assert Directories({directory.path: directory}).ignores_case(directory.path)
        (tmp_path / LOCK).touch()
        before = len(directory.asked)
        assert Directories({directory.path: directory}).ignores_case(directory.path)
        assert directory.asked[before:] == (LOCK.swapcase(),)
    with Directory(str(tmp_path)) as other:
        (tmp_path / ("\u0390" * 80)).touch()  # six times as long in upper case, which is no name any more
        (tmp_path / LOCK).unlink()
        assert not Directories({other.path: other}).ignores_case(other.path)


class _Odd(_AnyCase):
    """A directory that cannot be asked for the lock in another case, as if that name were too long."""

    def entry(self, name: str) -> os.stat_result | None:
        if name == LOCK.swapcase():
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        return super().entry(name)


def test_another_name_tells_whether_case_is_ignored_if_one_cannot(tmp_path: Path) -> None:
    for name in (LOCK, "ops.pem"):
        (tmp_path / name).touch()
    with contextlib.closing(_Odd(str(tmp_path))) as directory:
        assert Directories({directory.path: directory}).ignores_case(directory.path)


class _AnyForm(Directory):
    """A directory on a file system that minds case, and takes one name in another form of Unicode for the same."""

    def entry(self, name: str) -> os.stat_result | None:
        return super().entry(unicodedata.normalize("NFC", name))


def test_a_name_that_is_not_ascii_is_looked_up_though_the_file_system_minds_case(tmp_path: Path) -> None:
    (tmp_path / "\u00e9").touch()
    with contextlib.closing(_AnyForm(str(tmp_path))) as directory:
        directories = Directories({directory.path: directory})
        assert directories.has(directory.path, "e\u0301")
        assert not directories.has(directory.path, "E\u0301")


def test_a_name_that_is_not_ascii_is_looked_up_as_the_file_system_spells_it(tmp_path: Path) -> None:
    (tmp_path / "\u00e9").touch()
    with contextlib.closing(_AnyCase(str(tmp_path))) as directory:
        directories = Directories({directory.path: directory})
        assert directories.has(directory.path, "\u00c9")
        directory.dead = ("\u00e9",)
        with pytest.raises(KeyPairError, match=r"cannot be searched: Transport endpoint is not connected") as caught:
            directories.has(directory.path, "\u00c9")
        assert caught.value.code is ErrorCode.FILE_UNREADABLE
