# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure everything side by side, print the tables, and write them into the documentation with a chart.

What is measured is compared with goals, and nothing else: the exit status does not depend on any time.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.collection_tree import BUILD, CHECKOUT

from .chart import draw
from .contestant import Contestant
from .contestants import Contestants
from .controller import Controller
from .moto import running_moto
from .population import check_listing, populations
from .process import FailedRunError
from .report import CONTESTANT_HEADS, RATIO_HEADS, document_part, plain, tables, write_document
from .rows import Row, rows
from .samples import Samples, Setting
from .sizes import FULL, SMALL, Sizes
from .stores import GROUP as STORES
from .stores import shared_registries

DOCUMENT, CHART = CHECKOUT / "docs" / "performance.md", CHECKOUT / "docs" / "performance.svg"
POPULATED = frozenset({"flat", "info"})


def say(text: str) -> None:
    """Tell the person who waits where the benchmark stands."""
    print(text, file=sys.stderr, flush=True)


def setting(controller: Controller, sizes: Sizes) -> Setting:
    """Return what the figures will hold for."""
    describe = ["git", "describe", "--always", "--dirty"]
    revision = subprocess.run(describe, cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout.strip()
    command = ["df", "--output=fstype", str(controller.folder)]
    file_system = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    return Setting(today, revision, controller.versions(), len(os.sched_getaffinity(0)), file_system, sizes)


def measure(controller: Controller, sizes: Sizes, chosen: Sequence[Row], rounds: int) -> Samples:
    """Run every contestant that the rows need, once in each round and once before."""
    controller.install()
    groups = frozenset().union(*(row.groups for row in chosen))
    if groups & POPULATED:
        for population in populations(controller, sizes):
            say(f"Making {population.count - 1:,} key pairs unless they are there ...")
            population.make(controller)
    servers = shared_registries() if STORES in groups else contextlib.nullcontext(())
    with running_moto(controller) as moto, servers as shared:
        contestants = [each for each in Contestants(controller, sizes, moto, shared).all() if each.group in groups]
        samples = Samples(setting(controller, sizes), {each.identity: each.title for each in contestants}, [])
        if "info" in groups:
            check_listing(controller, sizes)
        for number in range(rounds + 1):
            figures = {each.identity: one(each, number) for each in contestants}
            if number:  # the first one is for warming up
                samples.rounds.append(figures)
    return samples


def one(contestant: Contestant, number: int) -> dict[str, float]:
    """Run one contestant, and say so."""
    figures = contestant.run()
    say(f"round {number}: {contestant.identity}: {figures['cpu']:.2f} s CPU, {figures['wall']:.2f} s wall")
    return figures


def report(samples: Samples, chosen: Sequence[Row], document: bool) -> None:
    """Print the tables; write them where they belong if they are complete."""
    ratios, contestants = tables(samples, chosen)
    print(plain(RATIO_HEADS, ratios))
    print(plain(CONTESTANT_HEADS, contestants))
    if document:
        draw(samples, chosen, CHART)
        write_document(DOCUMENT, document_part(samples, chosen, CHART.name))
        say(f"Written: {DOCUMENT} and {CHART}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (5)")
    parser.add_argument("--rows", help="measure these rows only, with commas between them; then nothing is written into the documentation")
    parser.add_argument("--small", action="store_true", help="a tenth of everything, to see whether it works; nothing is written either")
    parser.add_argument("--report", action="store_true", help="measure nothing: write the documentation anew from the data of the last run")
    parser.add_argument("--peers", type=Path, default=BUILD / "venv-peers" / "bin", help="programs of the environment with all collections")
    parser.add_argument("--folder", type=Path, default=BUILD / "bench", help="folder of everything that is made on the way")
    options = parser.parse_args(arguments)
    sizes = SMALL if options.small else FULL
    everything = {row.identity: row for row in rows(sizes)}
    wanted = options.rows.split(",") if options.rows else list(everything)
    if unknown := set(wanted) - everything.keys():
        parser.error(f"there is no row {', '.join(sorted(unknown))}; the rows are {', '.join(everything)}")
    chosen = [row for identity, row in everything.items() if identity in wanted]
    complete = not (options.small or options.rows)
    data = options.folder / ("data.json" if complete else "data-partial.json")
    if options.report:
        samples = Samples.load(data)
    else:
        try:
            samples = measure(Controller(options.peers, options.folder.absolute()), sizes, chosen, options.rounds)
        except FailedRunError as error:
            sys.exit(str(error))
        samples.save(data)
    report(samples, chosen, complete)


if __name__ == "__main__":
    main()
