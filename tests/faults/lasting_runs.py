# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The core of the collection, whose process meets a trouble at some call and never gets rid of it: ``lasting_runs FOLDER STEP``.

What fails once, cleaning up may still mend. What fails from then on hinders the cleaning up as well.
"""

from __future__ import annotations

import errno
import itertools
import json
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import KeyPairError

from .in_process import do
from .invariant import Memory, violations_after_repair, violations_at_any_time
from .worlds import World

FINISHED, REFUSED, FAILED, UNTOUCHED = 0, 3, 4, 5
FUNCTIONS = ("open", "link", "unlink", "rename", "fsync", "mkdir", "write", "pwrite", "ftruncate", "fchmod", "stat", "dup")
CHANGING = FUNCTIONS[1:-2]
WRITES = os.O_CREAT | os.O_WRONLY | os.O_RDWR
LITTLE = 64

Names = tuple[str, ...]
TASKS: dict[str, tuple[Names, Names, dict[str, Any]]] = {
    "create": (("bystander",), ("ops",), {}),
    "batch": (("bystander",), ("ops", "web", "db"), {"tags": {"a": "b"}}),
    "regenerate": (("bystander", "ops"), ("ops",), {"type": "ecdsa", "regenerate": "full_idempotence"}),
    "absent": (("bystander", "ops", "web"), ("ops", "web"), {"present": False, "remove_private_key": True}),
}


def _no_descriptors(_world: World) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) - 1, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


def _no_large_files(_world: World) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (LITTLE, LITTLE))


def _no_memory(_world: World) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * os.sysconf("SC_PAGE_SIZE"), resource.RLIM_INFINITY))


def _read_only(_world: World) -> None:
    """Refuse whatever changes files, as a disk does that was made read-only because of its errors."""

    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    opened = os.open
    for name in CHANGING:
        setattr(os, name, refuse)
    os.open = lambda path, flags, *arguments, **options: (  # type: ignore[assignment]
        refuse() if flags & WRITES else opened(path, flags, *arguments, **options)
    )


def _full(world: World) -> None:
    """Take all blocks of the disk that the worlds are on."""
    with (world.root.parent / "filler").open("wb", buffering=0) as filler:
        for size in (1 << 16, 1 << 12):
            try:
                while filler.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue


def _interrupted(_world: World) -> None:
    signal.signal(signal.SIGALRM, lambda _number, _frame: None)
    signal.setitimer(signal.ITIMER_REAL, 0.0003, 0.0003)


TROUBLES: dict[str, tuple[Callable[[World], None], tuple[int, ...]]] = {
    "no descriptors are left": (_no_descriptors, (FINISHED, REFUSED)),
    "files may not grow": (_no_large_files, (FINISHED, REFUSED)),
    "the disk turns read-only": (_read_only, (FINISHED, REFUSED)),
    "the disk turns full": (_full, (FINISHED, REFUSED)),
    "no memory is left": (_no_memory, (FINISHED, REFUSED, FAILED)),
    "signals come all the time": (_interrupted, (FINISHED,)),
}


@contextmanager
def _from_call(number: int, begin: Callable[[], None]) -> Iterator[Callable[[], bool]]:
    """Let the trouble begin right before the n-th call; the block gets a function that tells whether it came that far."""
    calls = 0
    originals = {name: getattr(os, name) for name in FUNCTIONS}

    def counted(name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == number:
                for each, original in originals.items():
                    setattr(os, each, original)
                begin()
                return getattr(os, name)(*arguments, **options)
            return originals[name](*arguments, **options)

        return call

    for name in FUNCTIONS:
        setattr(os, name, counted(name))
    yield lambda: calls >= number


def forked(world: World, names: Names, options: dict[str, Any], number: int = 0, begin: Callable[[World], None] = _read_only) -> int:
    """Run a task in a child whose trouble begins at a call (0: none), and return what came of it."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code, leave = FAILED, os._exit
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    signal.alarm(60)
    try:
        with _from_call(number, lambda: begin(world)) as struck:
            try:
                do(world, names, options)
                code = FINISHED
            except KeyPairError:
                code = REFUSED
            if number and not struck():
                code = UNTOUCHED
    finally:
        leave(code)


def main(folder: Path, step: int) -> dict[str, Any]:
    """Let each trouble begin at each call of each task, or at every ``step``-th."""
    found: dict[str, Any] = {title: {"tries": 0, "refused": 0, "lost": []} for title in TROUBLES}
    for task, (before, names, options) in TASKS.items():
        base = World(folder / f"{task}-before")
        base.root.mkdir()
        forked(base, before, {})
        for title, (begin, expected) in TROUBLES.items():
            for number in itertools.count(min(step, 9), step):
                world = base.copy(folder / "world")
                memory = Memory.of(world)
                code = forked(world, names, options, number, begin)
                (folder / "filler").unlink(missing_ok=True)
                problems = [] if code in (*expected, UNTOUCHED) else [f"it ended with {code}"]
                problems += finished_problems(world, memory, names, options) if code == FINISHED else []
                problems = violations(world, memory, names, options, problems)
                shutil.rmtree(world.root)
                if code == UNTOUCHED:
                    break
                found[title]["tries"] += 1
                found[title]["refused"] += code != FINISHED
                found[title]["lost"] += [f"{task}, call {number}: {problem}" for problem in problems]
    return found


def finished_problems(world: World, memory: Memory, names: Names, options: dict[str, Any]) -> list[str]:
    """Return what is wrong although the struck run said that all went well."""
    present = options.get("present", True)
    return [f"it said that it was done: {each}" for each in violations_after_repair(world, memory, names, present, not present)]


def violations(world: World, memory: Memory, names: Names, options: dict[str, Any], found: list[str]) -> list[str]:
    """Run the task again, without a trouble, and return what is wrong before and after that, besides what is known to be."""
    present = options.get("present", True)
    try:
        found += violations_at_any_time(world, memory, () if present else names)
    except ValueError as error:
        return [*found, f"the document cannot be read: {error}"]
    code = forked(world, names, options)
    if code != FINISHED:
        return [*found, f"the next run ended with {code}"]
    return found + violations_after_repair(world, memory, names, present, not present)


if __name__ == "__main__":
    json.dump(main(Path(sys.argv[1]), int(sys.argv[2])), sys.stdout)
