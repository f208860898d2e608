# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._keys.generation import (
    GENERATORS,
    generate,
    generate_all,
    public_key_of,
)
from ansible_collections.keywright.ssh.plugins.module_utils._keys.public_key import PublicKey, parse_public_key
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_types import CREATABLE_TYPES, KEY_TYPES

_MAKES_ED25519 = "cryptography.hazmat.primitives.asymmetric.ed25519"


def test_there_is_a_generator_for_every_type_that_can_be_made_and_no_other() -> None:
    assert tuple(GENERATORS) == CREATABLE_TYPES


@pytest.mark.parametrize(("key_type", "size"), [(name, size) for name in CREATABLE_TYPES for size in KEY_TYPES[name].sizes], ids=str)
def test_a_new_key_has_the_type_and_size_asked_for_and_would_be_imported(
    key_type: str, size: int, public_key: Callable[[str, int], PublicKey], ssh_keygen: Callable[..., str], tmp_path: Path
) -> None:
    key = public_key(key_type, size)
    assert (key.type, key.size, key.comment) == (key_type, size, "ops@example")
    assert parse_public_key(key.line(key.comment)) == key
    path = tmp_path / "key.pub"
    path.write_text(key.line(""))
    assert ssh_keygen("-l", "-f", path).startswith(f"{size} {key.fingerprint} ")


@pytest.mark.parametrize(("key_type", "size"), [("ed25519", 256), ("ecdsa", 384)])
def test_every_key_is_new(key_type: str, size: int) -> None:
    assert len({public_key_of(generate(key_type, size), "").fingerprint for _round in range(50)}) == 50


def test_a_batch_has_the_kinds_asked_for_in_their_order() -> None:
    kinds = [("rsa", 2048), ("ed25519", 256), ("ecdsa", 521), ("rsa", 3072), ("ed25519", 256)]
    keys = [public_key_of(key, "") for key in generate_all(kinds)]
    assert [(key.type, key.size) for key in keys] == kinds
    assert len({key.fingerprint for key in keys}) == len(kinds)
    assert list(generate_all([])) == []


def test_a_batch_that_is_given_up_makes_no_more_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def make(size: int) -> Any:
        made.append(size)
        return generate("ed25519", 256)

    monkeypatch.setitem(GENERATORS, "rsa", make)
    keys = generate_all([("rsa", 2048)] * 5000)
    next(keys)
    keys.close()
    assert 0 < len(made) < 5000
