# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The chart: every row's ratio against its goal, on one logarithmic scale."""

from __future__ import annotations

import importlib
import io
from collections.abc import Sequence
from pathlib import Path

from .rows import Row
from .samples import Samples

_LICENCE = """\
<!-- SPDX-FileCopyrightText: 2026 The keywright.ssh authors -->
<!-- SPDX-License-Identifier: GPL-3.0-or-later -->
"""
_MET, _MISSED = "#1b7f4b", "#c0392b"


def times_better(row: Row, value: float) -> float:
    """Return how many times better than the goal a value is; below 1 the goal is missed."""
    value, goal = max(value, 1e-3), row.goal or 1.0
    return goal / value if row.at_most else value / goal


def draw(samples: Samples, rows: Sequence[Row], file: Path) -> None:
    """Write the chart of the rows that have a goal as SVG, the same bytes for the same data."""
    rows = [row for row in rows if row.goal is not None]
    # Not imported above, since it is large, and so that types can be checked where it is not installed.
    matplotlib = importlib.import_module("matplotlib")
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "keywright", "svg.fonttype": "none", "font.size": 9})
    pyplot = importlib.import_module("matplotlib.pyplot")

    figure, axes = pyplot.subplots(figsize=(9, 0.32 * len(rows) + 1.2), layout="constrained")
    for place, row in enumerate(reversed(rows)):
        spread = row.result(samples)
        ends = sorted(times_better(row, value) for value in (spread.least, spread.greatest))
        colour = _MET if row.is_met(spread) else _MISSED
        axes.plot(ends, [place, place], color=colour, linewidth=2.5, alpha=0.45, solid_capstyle="round")
        axes.plot([times_better(row, spread.median)], [place], marker="o", color=colour, markersize=6)
    axes.axvline(1, color="#444444", linewidth=1)
    axes.set_xscale("log")
    axes.set_yticks(range(len(rows)), [f"{row.identity}  {'≤' if row.at_most else '≥'} {row.goal:g}{row.unit}" for row in reversed(rows)])
    axes.set_xlabel("times better than the goal (right of the line: met); median, least and greatest of the rounds")
    axes.grid(axis="x", which="both", alpha=0.25)
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    head, body = buffer.getvalue().split("<svg", 1)
    text = "\n".join(line.rstrip() for line in f"{head}{_LICENCE}<svg{body}".splitlines())
    file.write_text(text + "\n", encoding="utf-8")
