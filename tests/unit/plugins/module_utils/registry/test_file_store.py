# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError, StoreConflictError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Document
from ansible_collections.keywright.ssh.plugins.module_utils._registry.file_store import FileStore
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import REGION, document, imported
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.faults import fork
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import mode_of, tree

Save = Callable[..., str]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FileStore]:
    opened = FileStore(str(tmp_path / "registry"))
    yield opened
    opened.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry" / f"{REGION}.json"


@pytest.fixture
def save(store: FileStore) -> Save:
    def write(written: Document, expected: str | None = None) -> str:
        with store.exclusive(REGION, 1):
            return store.write(REGION, written, expected)

    return write


def test_a_registry_that_is_not_there_holds_nothing_and_is_not_made_by_reading(store: FileStore, tmp_path: Path) -> None:
    for _second in range(2):
        snapshot = store.read(REGION)
        assert (snapshot.version, snapshot.document) == (None, Document(REGION, "", 0))
    assert list(tmp_path.iterdir()) == []


def test_what_was_written_is_read_by_another_store_with_the_same_version(store: FileStore, save: Save, tmp_path: Path) -> None:
    version = save(document(imported()))
    other = FileStore(str(tmp_path / "registry"))
    for reader in (store, other):
        assert (reader.read(REGION).document, reader.read(REGION).version) == (document(imported()), version)
    other.close()


def test_what_is_settled_is_what_is_on_disk(store: FileStore, save: Save) -> None:
    assert store.settle(REGION) == store.read(REGION)
    version = save(document(imported()))
    assert (store.settle(REGION).document, store.settle(REGION).version) == (document(imported()), version)


@pytest.mark.parametrize("umask", [0o000, 0o077], ids=oct)
def test_a_new_registry_is_private_whatever_the_umask(umask: int, save: Save, path: Path) -> None:
    old = os.umask(umask)
    try:
        save(document(imported()))
    finally:
        os.umask(old)
    assert (mode_of(path.parent), mode_of(path)) == (0o700, 0o600)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o444], ids=oct)
@pytest.mark.parametrize("umask", [0o000, 0o077], ids=oct)
def test_a_rewrite_keeps_the_mode_of_the_document_whatever_the_umask(mode: int, umask: int, save: Save, path: Path) -> None:
    version = save(document(imported()))
    path.chmod(mode)
    old = os.umask(umask)
    try:
        save(document(imported(), serial=8), version)
    finally:
        os.umask(old)
    assert mode_of(path) == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a file to another group needs root")
def test_a_rewrite_keeps_the_group_of_the_document(save: Save, path: Path) -> None:
    version = save(document(imported()))
    os.chown(path, -1, 12345)
    save(document(imported(), serial=8), version)
    assert (path.stat().st_uid, path.stat().st_gid) == (os.geteuid(), 12345)


def test_a_rewrite_leaves_nothing_else_in_the_registry(save: Save, path: Path) -> None:
    version = save(document(imported()))
    save(document(imported(), serial=8), version)
    assert sorted(each.name for each in path.parent.iterdir()) == [f"{REGION}.json", f"{REGION}.lock"]


@pytest.mark.parametrize("kind", ["file", "symlink"])
def test_a_temporary_file_that_a_crash_left_is_in_nobodys_way(kind: str, save: Save, path: Path, tmp_path: Path) -> None:
    version = save(document(imported()))
    left = path.with_name(f".{REGION}.json.new")
    (tmp_path / "victim").write_bytes(b"victim")
    if kind == "file":
        left.write_bytes(b'{"half')
    else:
        left.symlink_to(tmp_path / "victim")
    save(document(imported(), serial=8), version)
    assert sorted(each.name for each in path.parent.iterdir()) == [f"{REGION}.json", f"{REGION}.lock"]
    assert (tmp_path / "victim").read_bytes() == b"victim"


@pytest.mark.parametrize("expected", [None, "", "0" * 64], ids=["none", "empty", "other"])
def test_a_write_with_another_version_than_the_documents_is_a_conflict_and_changes_nothing(
    expected: str | None, save: Save, path: Path
) -> None:
    save(document(imported()))
    before = path.read_bytes()
    with pytest.raises(StoreConflictError, match="was changed by another run"):
        save(document(imported(), serial=8), expected)
    assert path.read_bytes() == before


def test_a_document_that_somebody_changed_or_removed_by_hand_since_it_was_read_is_a_conflict(save: Save, path: Path) -> None:
    version = save(document(imported()))
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(StoreConflictError):
        save(document(imported(), serial=8), version)
    path.unlink()
    with pytest.raises(StoreConflictError):
        save(document(imported(), serial=8), version)
    assert not path.exists()


def test_a_write_without_the_lock_of_its_region_is_a_defect_and_writes_nothing(store: FileStore, path: Path) -> None:
    with pytest.raises(RuntimeError, match="without its lock"):
        store.write(REGION, document(imported()), None)
    with store.exclusive("eu-2", 1), pytest.raises(RuntimeError, match="without its lock"):
        store.write(REGION, document(imported()), None)
    with store.exclusive(REGION, 1):
        pass
    with pytest.raises(RuntimeError, match="without its lock"):
        store.write(REGION, document(imported()), None)
    assert not path.exists()


def test_regions_are_locked_apart(store: FileStore, tmp_path: Path) -> None:
    other = FileStore(str(tmp_path / "registry"))
    with store.exclusive("eu-1", 0), other.exclusive("eu-2", 0):
        pass
    other.close()


def test_every_way_to_a_registry_is_one_registry(tmp_path: Path) -> None:
    (tmp_path / "registry").mkdir()
    (tmp_path / "link").symlink_to("registry")
    assert FileStore(str(tmp_path / "link")).identity == FileStore(str(tmp_path / "registry")).identity
    assert FileStore(str(tmp_path / "other")).identity != FileStore(str(tmp_path / "registry")).identity


def test_a_registry_that_is_not_there_is_named_and_one_that_is_there_is_not(store: FileStore, save: Save, path: Path) -> None:
    assert store.missing() == f"The registry '{path.parent}' does not exist, so nothing is registered in it."
    assert store.warnings() == []
    save(document(imported()))
    assert store.missing() is None


def test_the_regions_are_those_that_have_a_document(store: FileStore, save: Save, path: Path) -> None:
    assert store.regions() == []
    save(document(imported()))
    for name in ("eu-2.json", "a.json", ".eu-3.json.new", "eu-4.lock", "EU.json", "notes.txt", "plain", ".json", "eu-5.json.bak"):
        path.with_name(name).touch()
    assert store.regions() == ["a", REGION, "eu-2"]


def test_an_account_is_locked_apart_from_other_accounts_and_from_regions(store: FileStore, path: Path) -> None:
    other = FileStore(str(path.parent))
    with store.exclusive_account("deploy@web1", 1):
        with pytest.raises(KeyPairError, match="was not free within"), other.exclusive_account("deploy@web1", 0):
            pytest.fail("locked twice")
        with other.exclusive_account("deploy@web2", 0), other.exclusive(REGION, 0):
            pass
    assert path.with_name(".account-c4ba996958b3572f.lock").is_file()  # every release must take the same one
    assert store.regions() == []
    other.close()


def test_a_registry_that_is_removed_while_it_is_locked_is_not_made_anew(store: FileStore, path: Path) -> None:
    with store.exclusive(REGION, 1):
        shutil.rmtree(path.parent)
        store.close()
        with pytest.raises(StoreConflictError):
            store.write(REGION, document(imported()), None)
    assert not path.parent.exists()


def test_no_descriptor_stays_open(store: FileStore, save: Save, path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    save(document(imported()))
    for _again in range(3):
        store.read(REGION)
    store.close()
    store.close()
    path.parent.chmod(0o777)
    for _again in range(3):
        with pytest.raises(KeyPairError):
            store.read(REGION)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOENT, errno.EEXIST], ids=errno.errorcode.get)
def test_a_document_that_cannot_get_its_name_leaves_the_old_one_and_nothing_else(
    number: int, save: Save, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    version = save(document(imported()))
    before = path.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", refuse)
        with pytest.raises(KeyPairError, match=f"cannot be written: {os.strerror(number)}") as caught:
            save(document(imported(), serial=8), version)
    assert caught.value.code is ErrorCode.REGISTRY_UNWRITABLE
    assert path.read_bytes() == before
    assert sorted(each.name for each in path.parent.iterdir()) == [path.name, f"{REGION}.lock"]


def test_a_document_that_cannot_be_read_is_not_taken_for_none(
    store: FileStore, save: Save, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    save(document(imported()))
    with monkeypatch.context() as patched:
        patched.setattr(os, "read", broken)
        with pytest.raises(KeyPairError, match=f"'{path}' cannot be read: Input/output error") as caught:
            store.read(REGION)
    assert caught.value.code is ErrorCode.REGISTRY_UNREADABLE


def test_a_registry_that_a_group_may_write_to_is_a_warning(store: FileStore, save: Save, path: Path) -> None:
    save(document(imported()))
    assert store.warnings() == []
    path.parent.chmod(0o2770)
    assert len(store.warnings()) == 1
    assert f"'{path.parent}' is writable by group" in store.warnings()[0]


def test_reading_touches_nothing(save: Save, store: FileStore, tmp_path: Path) -> None:
    save(document(imported()))
    before = tree(tmp_path)
    for _second in range(2):
        store.read(REGION)
    assert tree(tmp_path) == before


def test_who_reads_while_others_write_sees_old_or_new_and_never_half(save: Save, tmp_path: Path) -> None:
    save(document(imported(tags={"n": "0"}), serial=1))
    child = fork()
    if child == 0:
        writer = FileStore(str(tmp_path / "registry"))
        for number in range(1, 60):
            with writer.exclusive(REGION, 5):
                snapshot = writer.read(REGION)
                record = snapshot.document.key_pairs["ops"]._replace(tags={"n": str(number), "filler": "x" * number})
                writer.write(REGION, document(record, serial=snapshot.document.serial + 1), snapshot.version)
        os._exit(0)
    serials = []
    reader = FileStore(str(tmp_path / "registry"))
    while os.waitpid(child, os.WNOHANG)[0] == 0:
        found = reader.read(REGION).document
        assert found.key_pairs["ops"].tags["n"] == str(found.serial - 1)
        serials.append(found.serial)
    assert serials == sorted(serials)
    assert len(set(serials)) > 3
    assert reader.read(REGION).document.serial == 60
    reader.close()
