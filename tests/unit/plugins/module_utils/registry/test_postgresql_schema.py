# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which path of schemas the options of a session state."""

from __future__ import annotations

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._registry.postgresql_schema import stated_path


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ("", None),
        ("-cstatement_timeout=5s", None),
        ("-csearch_path=team_a", "team_a"),
        ("-c search_path=team_a -cstatement_timeout=5s", "team_a"),
        ("--search-path=a,public", "a,public"),
        ("-cSearch_Path=a", "a"),
        (r'-csearch_path="My\ Team",\\x', r'"My Team",\x'),
        ("-csearch_path=a -csearch_path=b", "b"),
        ("-csearch_path=", ""),
    ],
)
def test_the_path_is_read_from_the_options_as_a_server_reads_it(options: str, path: str | None) -> None:
    assert stated_path(options) == path
