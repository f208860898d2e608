# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls with which a task changes files, and strace to strike at one of them."""

from __future__ import annotations

import functools
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from .controller import CHECKOUT
from .operations import Operation, Stage
from .worlds import World

ATTACH = CHECKOUT / "tests" / "faults" / "attach.sh"
OTHERS = (
    "mkdir,mkdirat,write,pwrite64,ftruncate,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,rmdir,"
    "chmod,fchmod,fchmodat,fchown,fchownat,flock,symlinkat"
)
OPEN = "openat"
# The last of them is not made the same number of times in each run: what comes may come in parts.
NETWORK = "connect,sendto,recvfrom"
NETWORK_STEP = 7
VARIES = "recvfrom"
_LINE = re.compile(r"(\w+)\(")
_ENDED = re.compile(r"\+\+\+ killed by SIG|--- SIG(?!CHLD|ALRM)")
_TAMPERED = re.compile(r"\((?:INJECTED|DELAYED)\)$")


@dataclass(frozen=True)
class Point:
    """One call of a task: the ``number``-th of its name. Opening is counted in the world's folders only."""

    call: str
    number: int
    told: str

    def arguments(self, world: World, effect: str) -> list[str]:
        """Return strace's arguments to strike at this call."""
        return [*_filter(self.call, world), "-e", f"inject={self.call}:{effect}:when={self.number}"]

    @property
    def label(self) -> str:
        """Return the call in words."""
        return f"{self.call} {self.number} ({self.told})"


def _filter(call: str, world: World) -> list[str]:
    paths = [argument for path in world.folders for argument in ("-P", str(path))]
    return ["-e", f"trace={call}", *(paths if call == OPEN else [])]


def attached(arguments: list[str], log: Path, answer: str = "60") -> str:
    """Return a template whose value is the answer, and that attaches strace to the process of the task."""
    command = shlex.join(["exec", str(ATTACH), answer, str(log), *arguments])
    return "{{ lookup('ansible.builtin.pipe', " + repr(command.replace("'", '"')) + ") }}"


@functools.cache
def tracing_problem() -> str:
    """Return why strace cannot attach itself to a process on this machine, nothing if it can."""
    if shutil.which("strace") is None:
        return "needs strace"
    with subprocess.Popen(["sleep", "0.5"]) as sleeper:
        command = ["strace", "-qq", "-o", os.devnull, "-p", str(sleeper.pid)]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return "the machine lets strace attach itself to nothing" if done.returncode else ""


def tracing(stage: Stage) -> list[str]:
    """Return strace's arguments to note all calls that can be struck; only a shared store is reached through the network."""
    return ["-e", f"trace={OPEN},{OTHERS}" + (f",{NETWORK}" if stage.store else "")]


@functools.cache
def points_of(stage: Stage) -> dict[Operation, list[Point]]:
    """Run each operation once, and return the calls on the world's files that it made."""
    worlds = {operation: next(stage.worlds_for(operation, "trace")) for operation in stage.operations}
    logs = {operation: world.root.with_suffix(".trace") for operation, world in worlds.items()}
    arguments = tracing(stage)
    tasks = [
        operation.task(operation.title, world, lock_timeout=attached(arguments, logs[operation])) for operation, world in worlds.items()
    ]
    run = stage.controller.playbook(tasks)
    if len(run.results) != len(tasks) or any(result.failed for result in run.results):
        raise RuntimeError(f"An operation fails by itself:\n{run.output}")
    points = {operation: traced_points(logs[operation], world) for operation, world in worlds.items()}
    if not all(points.values()):
        raise RuntimeError("strace could not attach itself: " + "".join(Path(f"{log}.errors").read_text() for log in logs.values()))
    return points


def traced_points(log: Path, world: World) -> list[Point]:
    """Return the calls on the world's files and on the network that strace noted, each with its number among all calls of its name."""
    folders = [str(folder) for folder in world.folders]
    numbers: dict[str, int] = {}
    found = []
    for line in log.read_text(errors="replace").splitlines():
        match = _LINE.match(line)
        if match is None or (match[1] == OPEN and not _opens_in(line, folders)):
            continue
        call = match[1]
        numbers[call] = numbers.get(call, 0) + 1
        if str(world.root) in line or call in NETWORK.split(","):
            found.append(Point(call, numbers[call], _told(line.replace(str(world.root), "world"))))
    return found


def _opens_in(line: str, folders: list[str]) -> bool:
    """Tell whether a call is one that strace's option -P selects: by the directory that it starts in, or by its path."""
    return any(f'"{folder}"' in line or f"<{folder}>, " in line for folder in folders)


def _told(line: str) -> str:
    names = re.findall(r'"([^"\\]{1,40})"|/([^/<>]{1,40})>', line)
    return (names[0][0] or names[0][1]) if names else ""


def thinned(points: Sequence[Point]) -> list[Point]:
    """Return all calls on files and every seventh on the network, of which there are hundreds that are alike."""
    network = [point for point in points if point.call in NETWORK.split(",")]
    chosen = set(network[::NETWORK_STEP])
    return [point for point in points if point.call not in NETWORK.split(",") or point in chosen]


def has_struck(log: Path, world: World) -> bool:
    """Tell whether strace says that it struck at a call on the world's files or on the network, and not at another one of that name."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    for before, line in pairwise(["", *lines]):
        struck = before if _ENDED.match(line) else line if _TAMPERED.search(line) else ""
        match = _LINE.match(struck)
        if match is not None and (str(world.root) in struck or match[1] in NETWORK.split(",")):
            return True
    return False


def was_struck(log: Path) -> bool:
    """Tell whether strace says that it tampered with a call."""
    return log.exists() and "INJECTED" in log.read_text(errors="replace")
