# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a process remembers of a region must never stand for what somebody else wrote."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Document
from ansible_collections.keywright.ssh.plugins.module_utils._registry import codec, recent
from ansible_collections.keywright.ssh.plugins.module_utils._registry.file_store import FileStore
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import REGION, document, imported


def put(path: Path, written: Document, at: int) -> None:
    path.write_bytes(codec.encode(written))
    path.chmod(0o600)
    os.utime(path, ns=(at, at))


def test_what_another_process_wrote_is_read_though_size_and_times_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / f"{REGION}.json"
    tmp_path.chmod(0o700)
    first, second = (document(imported(created_at=f"2026-01-0{day}T00:00:00Z")) for day in (1, 2))
    store = FileStore(str(tmp_path))
    for written in (first, second, first):
        put(path, written, 10**18)
        assert store.read(REGION).document == written
    store.close()


def test_what_is_known_of_one_region_is_not_taken_for_another(tmp_path: Path) -> None:
    data = recent.encoded(document(imported()))
    assert recent.decoded(data, REGION) == document(imported())
    with pytest.raises(codec.UnloadableError, match="says that it is of region"):
        recent.decoded(data, "other")


def test_a_document_that_was_refused_is_refused_again(tmp_path: Path) -> None:
    path = tmp_path / f"{REGION}.json"
    tmp_path.chmod(0o700)
    put(path, document(imported()), 10**18)
    store = FileStore(str(tmp_path))
    store.read(REGION)
    path.write_bytes(path.read_bytes().replace(b'"serial"', b'"serious"'))
    for _again in range(2):
        with pytest.raises(KeyPairError, match="lacks 'serial'"):
            store.read(REGION)
    store.close()


def test_a_document_that_is_known_is_not_decoded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    data = recent.encoded(document(imported()))
    monkeypatch.setattr(codec, "decode", None)
    assert recent.decoded(data, REGION) == document(imported())


def test_memory_is_kept_for_a_few_regions_only() -> None:
    for number in range(50):
        recent.encoded(Document(f"region-{number}", "", 1))
    assert len(recent._known) <= 4
