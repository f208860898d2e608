# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import itertools

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._delivery.staged import is_staged, staged_fingerprint, staged_name, tag_of
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import material

TAG = tag_of("file:/r", "eu-1", "ops")
AWKWARD = "SHA256:" + "+/" * 21 + "A"


@pytest.mark.parametrize("fingerprint", [material(number).fingerprint for number in range(20)] + [AWKWARD], ids=range(21))
def test_the_name_of_a_staged_file_tells_whose_it_is_and_which_key_it_holds(fingerprint: str) -> None:
    name = staged_name(TAG, fingerprint)
    assert is_staged(name)
    assert "/" not in name
    assert staged_fingerprint(TAG, name) == fingerprint
    assert staged_fingerprint(tag_of("file:/r", "eu-1", "other"), name) is None


def test_the_name_is_the_one_that_the_design_says() -> None:
    tag = hashlib.sha256(b"file:/r\0eu-1\0ops").hexdigest()[:24]
    assert staged_name(TAG, AWKWARD) == f".keywright.{tag}.{'-_' * 21}A"


def test_every_registry_region_and_name_has_a_tag_of_its_own() -> None:
    whose = list(itertools.product(("file:/r", "file:/r2", "memory:r"), ("eu-1", "eu-2"), ("ops", "Ops", "ops.", "op")))
    assert len({tag_of(*each) for each in whose}) == len(whose)


@pytest.mark.parametrize(
    "name",
    [
        "ops.pem",
        ".keywright.lock",
        ".keywright.probe",
        f".keywright.{TAG}",
        f".keywright.{TAG}.short",
        f".keywright.{TAG.upper()}.{'A' * 43}",
        f".keywright.{TAG}.{'A' * 43}\n",
        f".keywright.{TAG}.{'A' * 43}.bak",
        f"x.keywright.{TAG}.{'A' * 43}",
        f".keywright.{TAG[:-1]}.{'A' * 43}",
    ],
    ids=ascii,
)
def test_other_files_are_not_taken_for_staged_ones(name: str) -> None:
    assert not is_staged(name)
    assert staged_fingerprint(TAG, name) is None
