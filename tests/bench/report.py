# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables, as they are printed and as they stand in the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from .rows import Row
from .samples import Samples, Spread

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
_SKELETON = f"# Performance\n\n{BEGIN}\n{END}\n"


def number(value: float) -> str:
    """Return a number with three figures, at least two of them behind the point if it is small."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 20 else f"{value:.2f}"


def shown(spread: Spread, unit: str = "") -> str:
    """Return a median with its spread."""
    return f"{number(spread.median)}{unit} ({number(spread.least)} to {number(spread.greatest)})"


def ratio_cells(row: Row, samples: Samples) -> tuple[str, ...]:
    """Return the cells of one row of the table of ratios."""
    spread = row.result(samples)
    cells = row.identity, row.what, row.against, row.counted, shown(spread, row.unit)
    if row.goal is None:
        return *cells, "-", "-"
    return *cells, f"{'≤' if row.at_most else '≥'} {row.goal:g}{row.unit}", "yes" if row.is_met(spread) else "**no**"


def contestant_cells(identity: str, samples: Samples) -> tuple[str, ...]:
    """Return the cells of one row of the table of medians."""
    figures = (shown(samples.spread(identity, figure)) for figure in ("cpu", "wall", "peak"))
    return (samples.titles[identity], *figures)


RATIO_HEADS = ("Row", "What", "Against", "Counted", "Median (least to greatest)", "Goal", "Met")
CONTESTANT_HEADS = ("What", "CPU, s", "Wall, s", "Peak, MiB")


def markdown(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a table for the documentation."""
    rule = ["---"] * len(heads)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (heads, rule, *lines))


def plain(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a table for a terminal, in columns."""
    table = [tuple(heads), *map(tuple, lines)]
    widths = [max(len(cells[column]) for cells in table) for column in range(len(heads))]
    return "".join("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() + "\n" for cells in table)


def tables(samples: Samples, rows: Iterable[Row]) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Return the lines of both tables: ratios, and the figures of every contestant."""
    return [ratio_cells(row, samples) for row in rows], [contestant_cells(identity, samples) for identity in samples.titles]


def document_part(samples: Samples, rows: Iterable[Row], chart: str) -> str:
    """Return what stands between the marks in the documentation."""
    ratios, contestants = tables(samples, rows)
    return "\n".join(
        (
            "## Ratios\n",
            markdown(RATIO_HEADS, ratios),
            f"![Each ratio against its goal]({chart})\n",
            "## Method\n",
            _method(samples),
            "## Figures\n",
            markdown(CONTESTANT_HEADS, contestants),
        )
    )


def _method(samples: Samples) -> str:
    setting, rounds = samples.setting, len(samples.rounds)
    versions = ", ".join(f"{name} {version}" for name, version in setting.versions.items())
    sizes = setting.sizes
    return f"""\
Measured on {setting.measured_at} at revision {setting.revision}, on {setting.cores} cores, files on {setting.file_system},
with {versions}.
`make bench` measures everything anew and writes this part; its raw data is in `.build/bench/data.json`.

- {rounds} rounds. In every round everything is measured once; what is compared directly is measured one right after the other.
  A ratio is computed in each round; the table shows the median of the rounds, the least and the greatest.
- CPU is user and system time of the whole process tree, as wait4(2) counts it. What a server does for a client does not count:
  not moto, which plays EC2.
- Every play is a new `ansible-playbook`, in the same environment of Python for the collection and for the others, with a home, a
  configuration and a folder of collections of its own. The collection is installed as a user installs it. A round that does not
  count comes first, so that nothing is compiled or read for the first time. Each run is checked for having done its work.
- The empty play has no task. The bare Python loop counts without the start of Python.
- Loops of other people's modules have {sizes.peer_items} items; a longer one is taken to cost as much more as it has more items.
- A region holds {sizes.region_size} key pairs here, the most that it may, and the last region one less, so that one can be created in it.
- The servers of shared registries are on the same machine, a cluster of three and one server, with real flushes in etcd and none in
  PostgreSQL; what they cost themselves counts in the wall time, since it is the same processors, and not in the CPU.
- The listing is measured with a private key file on disk for each of the {sizes.largest - 1:,} key pairs.
"""


def write_document(file: Path, part: str) -> None:
    """Put a part between the marks of a document, which is made if it is not there."""
    text = file.read_text(encoding="utf-8") if file.exists() else _SKELETON
    before, begin, rest = text.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{file} lacks the marks {BEGIN} and {END}")
    file.write_text(f"{before}{begin}\n\n{part}\n{end}{after}", encoding="utf-8")
