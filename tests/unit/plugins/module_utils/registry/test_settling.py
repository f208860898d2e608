# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A write that was not answered is looked up, and one that may still arrive is shut out."""

from __future__ import annotations

from typing import NoReturn

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError, StoreConflictError
from ansible_collections.keywright.ssh.plugins.module_utils._registry import codec
from ansible_collections.keywright.ssh.plugins.module_utils._registry.settling import settled
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils import builders


class Kept:
    """What a server keeps for one region: versions count up, and each is written only on top of the expected one."""

    def __init__(self, data: bytes | None) -> None:
        self.data = data
        self.version = 0 if data is None else 1

    def find(self) -> tuple[bytes, str] | None:
        return None if self.data is None else (self.data, str(self.version))

    def replace(self, data: bytes, expected: str | None) -> bool:
        if (None if self.data is None else str(self.version)) != expected:
            return False
        self.data, self.version = data, self.version + 1
        return True


def _settled(kept: Kept, ours: bytes, expected: str | None) -> str:
    return settled("eu-1", expected, kept.find, lambda found: found[0] == ours, lambda data: kept.replace(data, expected))


@pytest.mark.parametrize("before", [None, b"old"])
def test_a_write_that_was_done_is_found(before: bytes | None) -> None:
    kept = Kept(before)
    expected = None if before is None else "1"
    assert kept.replace(b"ours", expected)
    assert _settled(kept, b"ours", expected) == str(kept.version)
    assert kept.data == b"ours"


@pytest.mark.parametrize("before", [None, b"old"])
def test_a_write_that_was_not_done_can_never_be_done_afterwards(before: bytes | None) -> None:
    kept = Kept(before)
    expected = None if before is None else "1"
    with pytest.raises(StoreConflictError):
        _settled(kept, b"ours", expected)
    assert not kept.replace(b"ours", expected)
    assert kept.data is not None
    if before is not None:
        assert kept.data == before
    else:
        document = codec.decode(kept.data, "eu-1")
        assert (document.serial, document.key_pairs) == (1, {})


def test_what_somebody_else_wrote_meanwhile_stays() -> None:
    kept = Kept(b"old")
    assert kept.replace(b"theirs", "1")
    with pytest.raises(StoreConflictError):
        _settled(kept, b"ours", "1")
    assert (kept.data, kept.version) == (b"theirs", 2)


def test_a_write_that_arrives_while_it_is_looked_for_is_found() -> None:
    kept = Kept(b"old")

    def replace(data: bytes) -> bool:
        assert kept.replace(b"ours", "1")
        return kept.replace(data, "1")

    assert settled("eu-1", "1", kept.find, lambda found: found[0] == b"ours", replace) == "2"


def test_if_it_cannot_be_looked_up_the_error_says_that_it_is_not_known() -> None:
    def find() -> NoReturn:
        raise KeyPairError(ErrorCode.REGISTRY_UNREACHABLE, "No answer.")

    with pytest.raises(KeyPairError) as caught:
        settled(builders.REGION, None, find, lambda _found: False, lambda _data: False)
    assert caught.value.code is ErrorCode.REGISTRY_UNREACHABLE
    assert caught.value.message.startswith("No answer. Whether the document of region 'eu-1' was written is not known")
