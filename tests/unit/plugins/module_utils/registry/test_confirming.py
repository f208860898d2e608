# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who has nothing to write sees that what was read is durable, and is not refused where nothing can be flushed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.file_store import FileStore
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import REGION, document, imported

HOLDER = "pid 1 since 2026-11-24T04:52:07Z\n"


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    path = tmp_path / "registry"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def store(registry: Path) -> Iterator[FileStore]:
    opened = FileStore(str(registry))
    yield opened
    opened.close()


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the paths that are flushed from now on."""
    paths: list[str] = []
    flush = os.fsync

    def noting(descriptor: int) -> None:
        paths.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    return paths


def test_the_directory_is_flushed_if_the_lock_of_the_region_names_a_holder(store: FileStore, registry: Path, flushed: list[str]) -> None:
    store.confirm(REGION)
    for text, expected in (("", []), (HOLDER, [str(registry)])):
        (registry / f"{REGION}.lock").write_text(text)
        (registry / "us-1.lock").write_text(HOLDER)
        store.confirm(REGION)
        assert flushed == expected
        assert (registry / f"{REGION}.lock").read_text() == text


def test_it_is_not_flushed_after_a_run_that_went_well_nor_waited_for_one_that_goes_on(
    store: FileStore, registry: Path, flushed: list[str]
) -> None:
    other = FileStore(str(registry))
    with other.exclusive(REGION, 1):
        flushed.clear()
        store.confirm(REGION)
        assert flushed == [str(registry)]
        other.write(REGION, document(imported()), None)
    other.close()
    flushed.clear()
    store.confirm(REGION)
    assert flushed == []


def test_a_registry_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    store = FileStore(str(tmp_path / "nowhere"))
    store.confirm(REGION)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.EROFS, errno.EINVAL], ids=errno.errorcode.get)
def test_an_image_that_cannot_be_flushed_serves(store: FileStore, registry: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    (registry / f"{REGION}.lock").write_text(HOLDER)
    _break(monkeypatch, "fsync", number)
    store.confirm(REGION)


@pytest.mark.parametrize("call", ["fsync", "stat"])
def test_a_disk_that_fails_is_told_of(call: str, store: FileStore, registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (registry / f"{REGION}.lock").write_text(HOLDER)
    store.confirm(REGION)
    _break(monkeypatch, call, errno.EIO)
    with pytest.raises(KeyPairError, match=f"'{registry}' cannot be flushed to disk: Input/output error") as caught:
        store.confirm(REGION)
    monkeypatch.undo()
    assert caught.value.code is ErrorCode.REGISTRY_UNWRITABLE


def _break(monkeypatch: pytest.MonkeyPatch, call: str, number: int) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, refuse)
