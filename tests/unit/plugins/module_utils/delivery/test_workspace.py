# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens to files in locked directories: nothing of anybody else's is replaced, moved or removed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._delivery import workspace as workspaces
from ansible_collections.keywright.ssh.plugins.module_utils._delivery.workspace import Workspace, locked_directories
from ansible_collections.keywright.ssh.plugins.module_utils._files import directory as directories
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import material, private_key_bytes
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import LOCK

OWN, OTHER = private_key_bytes(), private_key_bytes(1)
FINGERPRINT = material().fingerprint
STAGED = ".keywright.staged"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir(mode=0o700)
    return tmp_path / "keys"


@pytest.fixture
def workspace(keys: Path) -> Iterator[Workspace]:
    with locked_directories({str(keys), str(keys / "gone")}, set(), 1) as held:
        yield held


def _files(keys: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in keys.iterdir() if path.name != LOCK}


def test_a_directory_that_is_gone_has_room_for_every_file_and_takes_none(workspace: Workspace, keys: Path) -> None:
    assert workspace.is_free(str(keys / "gone" / "ops.pem"))
    for act in (
        lambda: workspace.stage(str(keys / "gone"), STAGED, OWN),
        lambda: workspace.publish(STAGED, str(keys / "gone" / "ops.pem"), FINGERPRINT, None),
    ):
        with pytest.raises(KeyPairError, match="is gone; run the task again") as caught:
            act()
        assert caught.value.code is ErrorCode.FILE_UNWRITABLE


def test_a_name_is_free_until_something_has_it(workspace: Workspace, keys: Path) -> None:
    assert workspace.is_free(str(keys / "ops.pem"))
    (keys / "ops.pem").symlink_to("nowhere")
    assert not workspace.is_free(str(keys / "ops.pem"))


def _without_hard_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)


@pytest.mark.parametrize("left", [(), (workspaces.PROBE_NAME,), (workspaces.PROBE_NAME, workspaces.MOVED_PROBE_NAME)], ids=len)
@pytest.mark.parametrize("links", [True, False], ids=["hard links", "no hard links"])
def test_whether_a_file_can_be_published_is_tried_without_leaving_anything(
    links: bool, left: tuple[str, ...], workspace: Workspace, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in left:  # by a run that was stopped
        (keys / name).touch()
    if not links:
        _without_hard_links(monkeypatch)
    for _second in range(2):
        workspace.check_can_publish(str(keys))
        assert _files(keys) == {}


def test_a_file_system_that_could_only_publish_by_replacing_is_refused_and_nothing_is_left(
    workspace: Workspace, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_directory: int, _source: str, _target: str) -> None:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    _without_hard_links(monkeypatch)
    monkeypatch.setattr(directories, "rename_without_replacing", refuse)
    with pytest.raises(KeyPairError, match="cannot take private key files safely: Invalid argument") as caught:
        workspace.check_can_publish(str(keys))
    assert caught.value.code is ErrorCode.FILE_UNWRITABLE
    assert _files(keys) == {}


def test_a_staged_key_gets_its_name_unless_another_file_has_it(workspace: Workspace, keys: Path) -> None:
    workspace.stage(str(keys), STAGED, OWN)
    (keys / "ops.pem").write_bytes(OTHER)
    with pytest.raises(KeyPairError, match="was put there while its key pair was being registered") as caught:
        workspace.publish(STAGED, str(keys / "ops.pem"), FINGERPRINT, None)
    assert caught.value.code is ErrorCode.FILE_EXISTS
    assert _files(keys) == {STAGED: OWN, "ops.pem": OTHER}
    (keys / "ops.pem").unlink()
    workspace.publish(STAGED, str(keys / "ops.pem"), FINGERPRINT, None)
    assert _files(keys) == {"ops.pem": OWN}


def test_the_same_key_put_there_by_hand_is_as_good_and_nothing_stays_staged(workspace: Workspace, keys: Path) -> None:
    workspace.stage(str(keys), STAGED, OWN)
    (keys / "ops.pem").write_bytes(OWN)
    (keys / "ops.pem").chmod(0o600)
    workspace.publish(STAGED, str(keys / "ops.pem"), FINGERPRINT, None)
    assert _files(keys) == {"ops.pem": OWN}


@pytest.mark.parametrize(("content", "kept"), [(OWN, "ops.pem.old"), (OTHER, "ops.pem")], ids=["the replaced key", "another key"])
def test_only_the_file_of_the_replaced_key_is_moved_aside(content: bytes, kept: str, workspace: Workspace, keys: Path) -> None:
    (keys / "ops.pem").write_bytes(content)
    workspace.set_aside(str(keys / "ops.pem"), str(keys / "ops.pem.old"), FINGERPRINT, None)
    assert _files(keys) == {kept: content}
    workspace.set_aside(str(keys / "gone" / "ops.pem"), str(keys / "gone" / "ops.pem.old"), FINGERPRINT, None)


def test_a_file_that_is_taken_away_can_be_put_back(workspace: Workspace, keys: Path) -> None:
    (keys / "ops.pem").write_bytes(OWN)
    workspace.take_away(str(keys / "ops.pem"), STAGED, FINGERPRINT, None)
    assert _files(keys) == {STAGED: OWN}
    workspace.put_back(STAGED, str(keys / "ops.pem"))
    assert _files(keys) == {"ops.pem": OWN}


def test_a_file_that_was_exchanged_before_it_is_taken_away_stays(workspace: Workspace, keys: Path) -> None:
    (keys / "ops.pem").write_bytes(OTHER)
    with pytest.raises(KeyPairError, match="was exchanged while it was to be removed; nothing was removed") as caught:
        workspace.take_away(str(keys / "ops.pem"), STAGED, FINGERPRINT, None)
    assert caught.value.code is ErrorCode.FILE_EXISTS
    assert _files(keys) == {"ops.pem": OTHER}


@pytest.mark.parametrize("content", [OTHER, OWN], ids=["another key", "the same key"])
def test_a_file_that_is_exchanged_while_it_is_taken_away_is_put_back(
    content: bytes, workspace: Workspace, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, file = os.link, keys / "ops.pem"
    file.write_bytes(OWN)

    def exchanged(source: str, target: str, **options: Any) -> None:
        if target == STAGED:
            (keys / "theirs").write_bytes(content)
            (keys / "theirs").rename(file)
        link(source, target, **options)

    monkeypatch.setattr(os, "link", exchanged)
    with pytest.raises(KeyPairError, match="was exchanged") as caught:
        workspace.take_away(str(file), STAGED, FINGERPRINT, None)
    assert caught.value.code is ErrorCode.FILE_EXISTS
    assert _files(keys) == {"ops.pem": content}


def test_a_directory_that_is_not_there_keeps_no_other_from_being_locked(keys: Path) -> None:
    needed = {str(keys), str(keys.with_name("a")), str(keys.with_name("z"))}
    with (
        locked_directories(needed, set(), 1),
        pytest.raises(KeyPairError, match="was not free within"),
        locked_directories({str(keys)}, set(), 0),
    ):
        pytest.fail("locked twice")


def test_a_directory_that_is_there_and_cannot_be_opened_is_an_error(keys: Path) -> None:
    (keys / "loop").symlink_to("loop")
    with (
        pytest.raises(KeyPairError, match=f"'{keys}/loop' of private key files cannot be opened: Too many levels") as caught,
        locked_directories({str(keys / "loop")}, set(), 1),
    ):
        pytest.fail("locked")
    assert caught.value.code is ErrorCode.FILE_UNWRITABLE


def test_no_descriptor_stays_open_once_the_directories_are_let_go(keys: Path) -> None:
    before = os.listdir("/proc/self/fd")
    with locked_directories({str(keys)}, set(), 1) as held:
        assert held.is_free(str(keys / "ops.pem"))
    assert len(os.listdir("/proc/self/fd")) == len(before)
