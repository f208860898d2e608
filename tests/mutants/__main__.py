# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Change the code, print which changes no unit test notices, and the score; the exit status says whether any is unexplained."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tools.collection_tree import BUILD, make_tree

from .explanations import Explanations
from .mutations import mutants_of
from .trial import Copy, Outcome

HERE = Path(__file__).resolve().parent
SOURCES = Path("plugins/module_utils")
TESTS = Path("tests/unit/plugins/module_utils")

# How much longer than without a change the tests may take; the clock has to suffice on a machine that does other work.
CPU_FACTOR, CPU_MORE = 3, 5
CLOCK_FACTOR, CLOCK_MORE = 5, 30


@dataclass
class Row:
    """What became of the mutants of one file."""

    file: str
    mutants: int = 0
    killed: int = 0
    explained: int = 0

    @property
    def survived(self) -> int:
        """Return the number of survivors that nobody has explained."""
        return self.mutants - self.killed - self.explained

    def __str__(self) -> str:
        score = 100 * self.killed / (self.mutants - self.explained) if self.mutants > self.explained else 100
        return f"{self.file:<34} {self.mutants:>8} {self.killed:>7} {self.survived:>9} {self.explained:>10} {score:>6.1f} %"


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the files that the command line names, all if it names none."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help="of the name of a file, for example _planning/ or codec")
    chosen = parser.parse_args(arguments).parts
    begin = time.monotonic()
    targets = yaml.safe_load((HERE / "targets.yml").read_text(encoding="utf-8"))
    copy = Copy(make_tree(BUILD / "mutants"))
    explanations = Explanations(HERE / "explained.yml")
    rows = []
    for file, tests in _files(targets["groups"], copy.tree / SOURCES):
        if not chosen or any(part in file for part in chosen):
            rows.append(_check(copy, file, tests, targets["operators"], explanations))
    stale = explanations.stale({row.file for row in rows})
    for file, change in stale:
        print(f"{file}: the explanation is stale: {change}")
    print(f"{'module':<34} {'mutants':>8} {'killed':>7} {'survived':>9} {'explained':>10} {'score':>8}")
    total = Row("all", *(sum(getattr(row, count) for row in rows) for count in ("mutants", "killed", "explained")))
    print("\n".join(map(str, [*rows, total])))
    print(f"Took {time.monotonic() - begin:.0f} s, and {copy.cpu_seconds:.0f} s of processor time. Every mutant was tried.")
    return int(bool(total.survived or stale))


def _files(groups: list[dict[str, list[str]]], sources: Path) -> Iterator[tuple[str, list[list[str]]]]:
    """Return the files with the tests of each run; the first group that names a file counts."""
    done: set[Path] = set()
    for group in groups:
        runs = [[str(TESTS / name) for name in line.split()] for line in group["tests"]]
        for path in [path for pattern in group["files"] for path in sorted(sources.glob(pattern)) if path.stat().st_size]:
            if path not in done:
                done.add(path)
                yield str(path.relative_to(sources)), runs


def _check(copy: Copy, file: str, runs: list[list[str]], operators: list[str], explanations: Explanations) -> Row:
    row = Row(file)
    path = SOURCES / file
    begin = time.monotonic()
    limited = [(tests, _limits(copy, tests)) for tests in runs]
    for mutant in mutants_of((copy.tree / path).read_text(encoding="utf-8"), operators):
        row.mutants += 1
        with copy.changed(str(path), mutant.source):
            survived = all(copy.run(tests, *limits) is Outcome.SURVIVED for tests, limits in limited)
        if not survived:
            row.killed += 1
        elif explanations.has(file, mutant.change):
            row.explained += 1
        else:
            print(f"{file}:{mutant.line}: {mutant.change}", flush=True)
    print(f"{file}: {row.mutants} mutants, {row.survived} unexplained, {time.monotonic() - begin:.0f} s", flush=True)
    return row


def _limits(copy: Copy, tests: list[str]) -> tuple[float, float]:
    """Return how much processor time and time the tests may take; they pass without a change."""
    cpu = copy.cpu_seconds
    seconds = copy.seconds(tests)
    return CPU_FACTOR * (copy.cpu_seconds - cpu) + CPU_MORE, CLOCK_FACTOR * seconds + CLOCK_MORE


if __name__ == "__main__":
    sys.exit(main())
