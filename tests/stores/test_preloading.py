# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.ssh_keypair import rehearse

CONNECTS_TO_ETCD, CONNECTS_TO_POSTGRESQL = "etcd3gw", "psycopg"


@pytest.mark.parametrize(
    ("registry", "library"),
    [("etcd://127.0.0.1:1/team", CONNECTS_TO_ETCD), ("postgresql://nobody@127.0.0.1:1/team", CONNECTS_TO_POSTGRESQL)],
)
def test_the_library_of_the_registry_that_all_tasks_share_is_loaded(registry: str, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, library, raising=False)
    monkeypatch.setenv("KEYWRIGHT_REGISTRY", registry)
    rehearse()
    assert library in sys.modules
