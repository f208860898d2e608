# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody removes a lock's file, whoever holds the lock: two think that they are alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import StoreConflictError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.file_store import FileStore
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import REGION, document, imported


@pytest.mark.parametrize("removed_at", ["before the write", "during the write"])
def test_a_writer_whose_lock_was_removed_writes_over_nobody(removed_at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, theirs = FileStore(str(tmp_path / "registry")), FileStore(str(tmp_path / "registry"))
    with mine.exclusive(REGION, 0):
        mine.write(REGION, document(imported(tags={"n": "0"}), serial=1), None)
    fsync, begun = os.fsync, tmp_path / "registry" / f".{REGION}.json.new"

    def somebody_else_writes() -> None:
        (tmp_path / "registry" / f"{REGION}.lock").unlink()
        with theirs.exclusive(REGION, 0):
            snapshot = theirs.read(REGION)
            theirs.write(REGION, document(imported(tags={"n": "theirs"}), serial=2), snapshot.version)

    def slow(descriptor: int) -> None:
        monkeypatch.setattr(os, "fsync", fsync)
        somebody_else_writes()
        begun.write_bytes(b"what they have begun to write next")

    with mine.exclusive(REGION, 0):
        snapshot = mine.read(REGION)
        if removed_at == "before the write":
            (tmp_path / "registry" / f"{REGION}.lock").unlink()
        else:
            monkeypatch.setattr(os, "fsync", slow)
        for _second in range(2):
            with pytest.raises(StoreConflictError):
                mine.write(REGION, document(imported(tags={"n": "mine"}), serial=2), snapshot.version)
    if removed_at == "during the write":
        assert mine.read(REGION).document.key_pairs["ops"].tags == {"n": "theirs"}
        assert begun.read_bytes() == b"what they have begun to write next"
    else:
        assert mine.read(REGION).version == snapshot.version
        assert not begun.exists()
    mine.close()
    theirs.close()


def test_a_writer_whose_file_was_taken_away_with_the_lock_is_told_that_it_was_not_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, rename = FileStore(str(tmp_path / "registry")), os.rename

    def late(*arguments: Any, **options: Any) -> None:
        (tmp_path / "registry" / f"{REGION}.lock").unlink()
        (tmp_path / "registry" / f".{REGION}.json.new").unlink()
        rename(*arguments, **options)

    with store.exclusive(REGION, 0):
        monkeypatch.setattr(os, "rename", late)
        with pytest.raises(StoreConflictError):
            store.write(REGION, document(imported()), None)
    assert store.regions() == []
    store.close()
