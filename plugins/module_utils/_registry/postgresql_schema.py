# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which schema of PostgreSQL a registry is in: never another one because the one that was meant is out of reach or was not heard of."""

from __future__ import annotations

import re
from collections.abc import Collection

_NAME = re.compile(r'"((?:[^"]|"")*)"|([^",\s]+)')
_STATED = re.compile(r"(?:-c\s*|--)search[_-]path=((?:\\.|[^\s\\])*)", re.IGNORECASE | re.DOTALL)
_MAY_BE_MISSING = ("$user", "pg_catalog", "pg_temp")  # the server puts them in every path, or into its own


def skipped_schema(path: str, usable: Collection[str], used: str | None) -> str | None:
    """Return the schema of a ``search_path`` that was passed over on the way to the used one, None if none was.

    PostgreSQL passes over schemas that do not exist or that the user may not use, without a word. ``used`` is None if none is left.
    """
    for quoted, plain in _NAME.findall(path):
        name = quoted.replace('""', '"') or plain.lower()
        if name == used:
            return None
        if name not in usable and name not in _MAY_BE_MISSING:
            return str(name)
    return path if used is None else None


def stated_path(options: str) -> str | None:
    """Return the ``search_path`` that options of a session state, as a server takes them apart; None if they state none.

    A pooler may take options and ignore them.
    """
    stated = _STATED.findall(options)
    return re.sub(r"\\(.)", r"\1", stated[-1], flags=re.DOTALL) if stated else None
