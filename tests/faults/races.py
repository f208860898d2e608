# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody else works in the same directories: swaps links in, and tries to read each private key as it is born."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .controller import CHECKOUT, in_memory
from .invariant import all_problems
from .operations import Stage
from .table import Row
from .worlds import World

NOBODY = 65534
OPENS, PUBLISHED = 10_000, 10_000


def sweep(stage: Stage, sample: bool) -> list[Row]:
    """Create many key pairs while others interfere."""
    count = 4 if sample else 400
    opens = count if sample else OPENS
    published = _published(stage, 200 if sample else PUBLISHED)
    return [_swapped_targets(stage, count), _swapped_directory(stage, count), _watched(stage, count, opens), published]


def _published(stage: Stage, tries: int) -> Row:
    """Stage and publish in process, as often as it takes to lose a race that can be lost."""
    row = Row("race: links to a victim come and go, in process")
    with in_memory() as folder:
        told = stage.controller.python("tests.faults.race_runs", str(folder), str(tries))
    row.tries += told["tries"]
    row.lost += told["lost"]
    if not told["published"] or not told["refused"]:
        row.lost.append(f"{told['published']} were published and {told['refused']} refused, so nothing is proven")
    return row


def _world(stage: Stage, title: str) -> World:
    world = World(stage.controller.folder / title)
    world.root.mkdir()
    world.keys.mkdir(mode=0o700)
    return world


def _swapped_targets(stage: Stage, count: int) -> Row:
    """Symbolic links to a victim come and go under the names of the private key files."""
    row = Row("race: links to a victim come and go at the targets")
    world = _world(stage, "race-targets")
    victim = world.root / "victim"
    victim.write_text("precious\n")
    before = victim.stat()

    def swap() -> None:
        for number in range(count):
            target = world.keys / f"r{number}.pem"
            with contextlib.suppress(OSError):
                target.symlink_to(victim)
            with contextlib.suppress(OSError):
                if target.is_symlink():
                    target.unlink()

    with _repeated(swap):
        run = stage.controller.playbook([world.task(f"{number}", {"name": f"r{number}"}) for number in range(count)])
    after = victim.stat()
    touched = victim.read_text() != "precious\n" or (before.st_mode, before.st_mtime_ns) != (after.st_mode, after.st_mtime_ns)
    strange = [result.message for result in run.results if result.failed and result.error_code != "PrivateKeyFile.Exists"]
    again = stage.controller.playbook([world.task("again", {"name": [f"r{number}" for number in range(count)]})]).of("again")
    failed = [] if again is not None and not again.failed else [f"the next run failed: {again.message if again else run.output[-300:]}"]
    row.tried("all", ["the victim was touched"] * touched + strange + failed + all_problems(world.document))
    row.tries = len(run.results)
    return row


def _swapped_directory(stage: Stage, count: int) -> Row:
    """The directory of private keys is again and again a link to another one, of another user."""
    row = Row("race: the directory turns into a link to another user's")
    world = _world(stage, "race-directory")
    other, link = world.root / "other", world.root / "link"
    other.mkdir(mode=0o755)
    if os.geteuid() != 0:
        row.skipped = "needs root"
        return row
    os.chown(other, NOBODY, NOBODY)

    link.symlink_to(other)

    def swap() -> None:
        _exchange(world.keys, link)
        _exchange(world.keys, link)

    with _repeated(swap):
        run = stage.controller.playbook([world.task(f"{number}", {"name": f"r{number}"}) for number in range(count)])
    written = [path.name for path in other.iterdir()]
    codes = {"PrivateKeyFile.UnsafeDirectory", "PrivateKeyFile.Unwritable", "PrivateKeyFile.Exists"}
    strange = [f"{result.error_code}: {result.message}" for result in run.results if result.failed and result.error_code not in codes]
    again = stage.controller.playbook([world.task("again", {"name": [f"r{number}" for number in range(count)]})]).of("again")
    failed = [] if again is not None and not again.failed else [f"the next run failed: {again.message if again else ''}"]
    row.tried("all", [f"{name} was written to the other directory" for name in written] + strange + failed + all_problems(world.document))
    row.tries = len(run.results)
    return row


def _watched(stage: Stage, count: int, opens: int) -> Row:
    """Another user opens whatever is in a directory that she can list, while the umask takes nothing away."""
    row = Row("race: another user opens each new file, umask 000")
    if os.geteuid() != 0:
        row.skipped = "needs root"
        return row
    world = _world(stage, "race-watched")
    world.keys.chmod(0o755)
    stop, report = world.root / "stop", world.root / "report"
    report.touch()
    os.chown(report, NOBODY, NOBODY)
    privileges = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all"]
    poller = CHECKOUT / "tests" / "faults" / "poll.sh"
    watcher = subprocess.Popen([*privileges, "sh", str(poller), str(world.keys), str(stop), str(report)], env={"PATH": os.environ["PATH"]})
    tasks = [world.task(f"{number}", {"name": f"r{number}"}) for number in range(count)]
    run = stage.controller.playbook(tasks, prefix=("sh", "-c", 'umask 000 && exec "$@"', "sh"))
    stop.touch()
    watcher.wait(timeout=60)
    tried, opened = (int(number) for number in report.read_text().split())
    found = [f"{opened} of {tried} opens succeeded"] * bool(opened) + [result.message for result in run.results if result.failed]
    row.tried("all", found + all_problems(world.document) + ([] if tried > opens else [f"only {tried} opens were tried"]))
    row.tries = tried
    return row


def _exchange(one: Path, other: Path) -> None:
    """Let two names change places in one step."""
    at_cwd, exchange = -100, 2
    ctypes.CDLL(None).renameat2(at_cwd, os.fsencode(one), at_cwd, os.fsencode(other), exchange)


@contextmanager
def _repeated(action: Callable[[], None]) -> Iterator[None]:
    stopped = threading.Event()

    def repeat() -> None:
        while not stopped.is_set():
            action()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
