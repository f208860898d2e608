# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mutants that are known to survive, and why: ``explained.yml``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


class Explanations:
    """What ``explained.yml`` says: a list of ``file``, ``reason`` and ``mutants``, which are changes as they are printed."""

    def __init__(self, file: Path) -> None:
        entries: list[dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))
        self._known = {(entry["file"], change) for entry in entries for change in entry["mutants"] if entry["reason"]}
        self._used: set[tuple[str, str]] = set()

    def has(self, file: str, change: str) -> bool:
        """Tell whether it is known that a mutant survives."""
        if (file, change) not in self._known:
            return False
        self._used.add((file, change))
        return True

    def stale(self, files: set[str]) -> list[tuple[str, str]]:
        """Return the explanations of mutants in these files that were not asked for: they do not survive, or are no more."""
        return sorted(known for known in self._known - self._used if known[0] in files)
