# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.codec import encode
from ansible_collections.keywright.ssh.plugins.module_utils._registry.file_store import FileStore
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import REGION, document, imported
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import tree

GOOD = encode(document(imported()))
NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="giving a file to another user needs root")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "registry").mkdir(mode=0o700)
    return tmp_path / "registry" / f"{REGION}.json"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FileStore]:
    opened = FileStore(str(tmp_path / "registry"))
    yield opened
    opened.close()


def _write(data: bytes, mode: int = 0o600) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.write_bytes(data)
        path.chmod(mode)

    return make


def _link(path: Path) -> None:
    (path.parent / "victim.json").write_bytes(GOOD)
    path.symlink_to("victim.json")


def _sparse(path: Path) -> None:
    path.touch(0o600)
    os.truncate(path, 100 * 2**20)


def _foreign(path: Path) -> None:
    path.write_bytes(GOOD)
    path.chmod(0o644)
    os.chown(path, NOBODY, -1)


REFUSED: dict[str, tuple[Callable[[Path], object], ErrorCode, str]] = {
    "empty": (_write(b""), ErrorCode.REGISTRY_CORRUPT, "is not JSON: .*restore it from a backup or version control"),
    "truncated": (_write(GOOD[:-30]), ErrorCode.REGISTRY_CORRUPT, "is not JSON: .*restore it"),
    "newer schema": (_write(GOOD.replace(b'version": 1', b'version": 999')), ErrorCode.REGISTRY_NEWER_SCHEMA, "use a newer release"),
    "private key": (_write(b"-----BEGIN PRIVATE KEY-----"), ErrorCode.REGISTRY_SECRET, "no private key may ever be in a registry"),
    "100 MB": (_sparse, ErrorCode.REGISTRY_CORRUPT, "is larger than 33554432 bytes; restore it"),
    "symlink": (_link, ErrorCode.REGISTRY_UNSAFE, "is a symbolic link; put the file itself there"),
    "dangling symlink": (lambda path: path.symlink_to("nowhere"), ErrorCode.REGISTRY_UNSAFE, "is a symbolic link"),
    "link to /dev/zero": (lambda path: path.symlink_to("/dev/zero"), ErrorCode.REGISTRY_UNSAFE, "is a symbolic link"),
    "fifo": (os.mkfifo, ErrorCode.REGISTRY_UNSAFE, "is a FIFO"),
    "directory": (lambda path: path.mkdir(), ErrorCode.REGISTRY_UNSAFE, "is a directory"),
    "world-writable": (_write(GOOD, 0o666), ErrorCode.REGISTRY_UNSAFE, r"is writable by everyone \(mode 0666\)"),
    "foreign owner": (_foreign, ErrorCode.REGISTRY_UNSAFE, "is owned by user 65534"),
}


@pytest.mark.parametrize(
    ("make", "code", "message"),
    [pytest.param(*case, id=name, marks=[needs_root] if name == "foreign owner" else []) for name, case in REFUSED.items()],
)
def test_a_document_that_cannot_be_trusted_is_an_error_that_says_what_to_do_and_stays_as_it_is(
    make: Callable[[Path], object], code: ErrorCode, message: str, store: FileStore, path: Path
) -> None:
    make(path)
    before = tree(path.parent)
    for _second in range(2):
        with pytest.raises(KeyPairError, match=message) as caught:
            store.read(REGION)
        assert caught.value.code is code
        assert str(path) in caught.value.message
        assert "\n" not in caught.value.message
    assert tree(path.parent) == before


def test_a_document_of_32_mib_is_read_and_one_of_a_byte_more_is_refused(store: FileStore, path: Path) -> None:
    _write(GOOD.ljust(32 * 2**20))(path)
    assert store.read(REGION).document == document(imported())
    _write(GOOD.ljust(32 * 2**20 + 1))(path)
    with pytest.raises(KeyPairError, match="is larger than 33554432 bytes"):
        store.read(REGION)


@pytest.mark.parametrize("case", ["100 MB", "symlink", "dangling symlink", "fifo", "directory", "world-writable"])
def test_such_a_document_is_not_written_over_either(case: str, store: FileStore, path: Path) -> None:
    REFUSED[case][0](path)
    with store.exclusive(REGION, 1):
        before = tree(path.parent)
        with pytest.raises(KeyPairError) as caught:
            store.write(REGION, document(imported()), None)
        assert tree(path.parent) == before
    assert caught.value.code is REFUSED[case][1]


@pytest.mark.parametrize("length", [0, 1, 100, len(GOOD) // 2, len(GOOD) - 2])
def test_a_truncated_document_is_never_taken_for_an_empty_one(length: int, store: FileStore, path: Path) -> None:
    _write(GOOD[:length])(path)
    before = tree(path.parent)
    with pytest.raises(KeyPairError):
        store.read(REGION)
    assert tree(path.parent) == before


@needs_root
def test_a_document_of_another_member_of_the_team_is_read_in_the_teams_directory(store: FileStore, path: Path) -> None:
    _foreign(path)
    path.parent.chmod(0o2770)
    assert store.read(REGION).document == document(imported())


@pytest.mark.parametrize("kind", ["world-writable", pytest.param("foreign", marks=needs_root)])
def test_a_registry_that_others_could_change_is_refused_and_left_alone(kind: str, store: FileStore, path: Path) -> None:
    path.write_bytes(GOOD)
    if kind == "foreign":
        os.chown(path.parent, NOBODY, -1)
    else:
        path.parent.chmod(0o777)
    before = tree(path.parent)
    for _second in range(2):
        with pytest.raises(KeyPairError, match="change that before it is used") as caught:
            store.read(REGION)
        assert caught.value.code is ErrorCode.REGISTRY_UNSAFE
        with pytest.raises(KeyPairError), store.exclusive(REGION, 1):
            pytest.fail("locked")
    assert tree(path.parent) == before


@pytest.mark.parametrize("kind", ["file", "fifo", "dangling symlink", "below a file"])
def test_a_registry_that_is_not_a_directory_is_an_error(kind: str, tmp_path: Path) -> None:
    place = tmp_path / "place"
    if kind == "fifo":
        os.mkfifo(place)
    elif kind == "dangling symlink":
        place.symlink_to("nowhere")
    else:
        place.touch()
    store = FileStore(str(place / "below" if kind == "below a file" else place))
    before = tree(tmp_path)
    with pytest.raises(KeyPairError, match=re.escape(str(place))), store.exclusive(REGION, 1):
        pytest.fail("locked")
    assert tree(tmp_path) == before
    if kind != "dangling symlink":
        with pytest.raises(KeyPairError, match="cannot be opened") as caught:
            store.read(REGION)
        assert caught.value.code is ErrorCode.REGISTRY_UNREADABLE
