# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the faults and print one table; the exit status says whether anything was lost or leaked."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import (
    alarms,
    bindings,
    copies,
    crowds,
    disks,
    dumps,
    errors,
    file_systems,
    hostile,
    kills,
    lasting,
    leak_cores,
    leaks,
    lies,
    models,
    power,
    races,
    servers,
    statements,
    stress,
    unprivileged,
)
from .controller import Controller
from .injection import points_of, tracing_problem
from .operations import Stage
from .table import Row, problems, table

KINDS_AT_ONCE = 3  # on two processors, for each waits now and then
TRACED = ("kills", "errors", "lies", "bindings", "alarms", "copies")
# The longest first, so that none of them is left for the end.
KINDS: dict[str, Callable[[Stage, bool], list[Row]]] = {
    "servers": servers.sweep,
    "leaks": leaks.sweep,
    "cores": leak_cores.sweep,
    "bindings": bindings.sweep,
    "power": power.sweep,
    "alarms": alarms.sweep,
    "kills": kills.sweep,
    "hostile": hostile.sweep,
    "crowds": crowds.sweep,
    "stress": stress.sweep,
    "races": races.sweep,
    "errors": errors.sweep,
    "copies": copies.sweep,
    "lasting": lasting.sweep,
    "filesystems": file_systems.sweep,
    "disks": disks.sweep,
    "unprivileged": unprivileged.sweep,
    "statements": statements.sweep,
    "lies": lies.sweep,
    "model": models.sweep,
    "dumps": dumps.sweep,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the kinds of fault that the command line names, all if it names none."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--sample", action="store_true", help="a part of each, in less than two minutes")
    parser.add_argument("--keep", action="store_true", help="keep the folder with all worlds")
    parser.add_argument("--without", action="append", default=[], metavar="KIND", help="all but this kind")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)}")
    chosen = parser.parse_args(arguments)
    unknown = {*chosen.kinds, *chosen.without} - KINDS.keys()
    kinds = [kind for kind in chosen.kinds or KINDS if kind not in chosen.without]
    if unknown:
        parser.error(f"there is no kind {', '.join(sorted(unknown))}")
    folder = Path(tempfile.mkdtemp(prefix="keywright-faults-"))
    folder.chmod(0o755)
    rows: list[Row] = []
    try:
        stage = Stage(Controller(folder))
        if not tracing_problem():
            points_of(stage)
        with ThreadPoolExecutor(KINDS_AT_ONCE) as pool:
            for found in pool.map(lambda kind: _rows(kind, stage, chosen.sample), kinds):
                rows += found
    finally:
        if chosen.keep:
            print(f"Worlds are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print(table(rows))
    return int(any(row.failed for row in rows))


def _rows(kind: str, stage: Stage, sample: bool) -> list[Row]:
    """Return the rows of a kind; if the harness itself fails, that is a row as well, and the other kinds go on."""
    begin = time.monotonic()
    if kind in TRACED and tracing_problem():
        return [Row(kind, skipped=tracing_problem())]
    try:
        rows = KINDS[kind](stage, sample)
    except Exception:
        rows = [Row(f"{kind}: the harness failed")]
        rows[0].tried("all", [traceback.format_exc()])
    print("\n".join(filter(None, [f"{kind}: {time.monotonic() - begin:.0f} s", problems(rows)])), flush=True)
    return rows


if __name__ == "__main__":
    sys.exit(main())
