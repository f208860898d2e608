# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was tried, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

MAX_PROBLEMS_SHOWN = 200


@dataclass
class Row:
    """One fault: how often it was tried, and each promise that it broke.

    ``lost`` are broken promises about keys, files and errors; ``leaked`` are places where a secret was found. ``skipped``
    says why nothing could be tried; that is a failure as well, unless the machine cannot do it. ``noted`` are no failures,
    but whoever reads the table has to know them.
    """

    fault: str
    tries: int = 0
    lost: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    skipped: str = ""
    noted: list[str] = field(default_factory=list)

    def tried(self, label: str, lost: Iterable[str] = (), leaked: Iterable[str] = ()) -> None:
        """Count one try and what it broke."""
        self.tries += 1
        self.lost += [f"{label}: {problem}" for problem in lost]
        self.leaked += [f"{label}: {place}" for place in leaked]

    @property
    def failed(self) -> bool:
        """Tell whether a promise was broken, or nothing was tried without a reason."""
        return bool(self.lost or self.leaked or not (self.tries or self.skipped))


def table(rows: Iterable[Row]) -> str:
    """Return the table of all faults."""
    lines = [f"{'fault':<58} {'tries':>6} {'lost':>5} {'leaked':>7}"]
    for row in rows:
        counts = f"{row.tries:>6} {len(row.lost):>5} {len(row.leaked):>7}"
        lines.append(f"{row.fault:<58} {counts}" + (f"  skipped: {row.skipped}" if row.skipped else ""))
    return "\n".join(lines)


def problems(rows: Iterable[Row]) -> str:
    """Return the broken promises and what else was noted in words, the first few of each row."""
    lines = []
    for row in rows:
        for title, found in (("lost", row.lost), ("leaked", row.leaked), ("noted", row.noted)):
            lines += [f"{row.fault}: {title}: {problem}" for problem in found[:MAX_PROBLEMS_SHOWN]]
            if len(found) > MAX_PROBLEMS_SHOWN:
                lines.append(f"{row.fault}: {title}: and {len(found) - MAX_PROBLEMS_SHOWN} more")
    return "\n".join(lines)
