# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import platform
import re
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._delivery import controller
from ansible_collections.keywright.ssh.plugins.module_utils._delivery.controller import same_controller, this_controller


def test_a_controller_is_named_by_its_node_and_never_by_its_machine_id_itself() -> None:
    name = this_controller()
    assert name == this_controller()
    assert name.startswith(platform.node() or "localhost")
    if Path("/etc/machine-id").is_file():
        assert re.fullmatch(r".+/[0-9a-f]{12}", name)
        assert Path("/etc/machine-id").read_text().strip()[:12] not in name


def test_a_machine_without_an_id_or_a_name_has_a_name_all_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(controller, "_MACHINE_ID", str(tmp_path / "nowhere"))
    assert this_controller() == (platform.node() or "localhost")
    monkeypatch.setattr(platform, "node", str)
    assert this_controller() == "localhost"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a/0123456789ab", "a/0123456789ab", True),
        ("old-name/0123456789ab", "new-name/0123456789ab", True),
        ("a/0123456789ab", "a/ba9876543210", False),
        ("a", "a", True),
        ("a", "b", False),
        ("a/0123456789ab", "a", True),
        ("a", "a/0123456789ab", True),
        ("a/0123456789ab", "b", False),
        ("a/", "a/0123456789ab", True),
        ("a/0123456789ab", "a/", True),
    ],
)
def test_the_machine_id_decides_which_controller_it_is_and_else_its_name(one: str, other: str, same: bool) -> None:
    assert same_controller(one, other) is same
