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


@pytest.fixture
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "_known", {})


@pytest.mark.parametrize("how", ["written", "read"])
@pytest.mark.usefixtures("_nothing_known")
def test_a_document_that_is_known_is_not_decoded_again(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written = document(imported())
    data = codec.encode(written)
    if how == "written":
        assert recent.encoded(written) == data
    else:
        recent.decoded(data, REGION)
    monkeypatch.setattr(codec, "decode", None)
    assert recent.decoded(data, REGION) == written


def _are_known(monkeypatch: pytest.MonkeyPatch, *numbers: int) -> bool:
    """Tell whether the regions of all the numbers are known; none, some or all of them make no other answer."""
    with monkeypatch.context() as patched:
        patched.setattr(codec, "decode", lambda _data, _region: None)
        patched.setattr(recent, "_keep", lambda _data, _document: None)
        found = [recent.decoded(codec.encode(_region(number)), f"region-{number}") for number in numbers]
    assert len({each is None for each in found}) == 1
    return None not in found


def _region(number: int) -> Document:
    return Document(f"region-{number}", "6f1c2d3e-4a5b-4c6d-8e7f-8091a2b3c4d5", 1)


@pytest.mark.usefixtures("_nothing_known")
def test_memory_is_kept_for_four_regions_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (0, 1, 2, 3, 2):
        recent.encoded(_region(number))
    assert _are_known(monkeypatch, 0, 1, 2, 3)
    recent.encoded(_region(4))
    assert _are_known(monkeypatch, 4)
    assert not _are_known(monkeypatch, 0, 1, 2, 3)
