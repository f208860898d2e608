# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was measured, as it is kept: the setting, and the figures of every contestant in every round."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from .contestant import Figures
from .sizes import Sizes


@dataclass(frozen=True)
class Setting:
    """What the figures hold for; ``measured_at`` is a date, ``revision`` is git's name for the checkout."""

    measured_at: str
    revision: str
    versions: Mapping[str, str]
    cores: int
    file_system: str
    sizes: Sizes


@dataclass(frozen=True)
class Spread:
    """The median of some values, the least and the greatest of them."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        """Return the spread of at least one value."""
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True)
class Samples:
    """``rounds`` has the figures of one round each, by the contestant's identity; ``titles`` says what each contestant is."""

    setting: Setting
    titles: Mapping[str, str]
    rounds: list[dict[str, Figures]]

    def spread(self, identity: str, figure: str) -> Spread:
        """Return the spread of one figure of one contestant."""
        return Spread.of([each[identity][figure] for each in self.rounds])

    def save(self, file: Path) -> None:
        """Write everything to a file, as JSON."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, file: Path) -> Samples:
        """Read what :meth:`save` has written."""
        loaded = json.loads(file.read_text(encoding="utf-8"))
        setting = loaded["setting"]
        sizes = Sizes(**{**setting["sizes"], "populations": tuple(setting["sizes"]["populations"])})
        return cls(Setting(**{**setting, "sizes": sizes}), loaded["titles"], loaded["rounds"])
