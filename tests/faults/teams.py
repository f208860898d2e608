# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several controllers with one registry, each with a home, a name and a machine ID of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..servers import pgbouncer
from .controller import Controller, Result, Task, read_results
from .crowds import crowd_problems, hosts_at_once, leftovers
from .invariant import file_problems, load
from .operations import Stage
from .shared_worlds import ETCD, Backend, EtcdBackend, PostgresqlBackend, SharedWorld
from .table import Row
from .worlds import World

CONTROLLERS = 3
SECONDS = 600
INFO = "keywright.ssh.ssh_keypair_info"
_AS_ANOTHER = """
hostname "$1" && { [ ! -e /etc/machine-id ] || mount --bind "$2" /etc/machine-id; } && mount --bind "$3" "$4" && shift 4 && exec "$@"
"""


class Teammate:
    """A controller of a team. Where the world's private keys are, it has a disk of its own, which is the folder ``keys`` for others."""

    def __init__(self, number: int, world: World) -> None:
        self.name = f"controller{number}"
        self._world = world
        self._controller = Controller(world.root / self.name)
        self._machine = world.root / f"{self.name}.machine-id"
        self._machine.write_text(f"{number:032x}\n")
        self._keys = _keys_of(world, self.name)
        for folder in (world.keys, self._keys):
            folder.mkdir(mode=0o700, exist_ok=True)

    @property
    def prefix(self) -> list[str]:
        """Return what starts a command on this controller: namespaces of its own, for its name and its machine ID."""
        places = [self.name, str(self._machine), str(self._keys), str(self._world.keys)]
        other = [] if os.geteuid() == 0 else ["--map-root-user"]
        return ["unshare", *other, "--mount", "--uts", "sh", "-c", _AS_ANOTHER, "sh", *places]

    def start(self, tasks: Sequence[Task]) -> tuple[subprocess.Popen[str], Path]:
        """Start a play."""
        file = self._controller.runs / f"{id(tasks)}.json"
        file.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": list(tasks)}]))
        return self._controller.start([*self.prefix, str(self._controller.programs / "ansible-playbook"), str(file)], {})

    def play(self, *tasks: Task) -> list[Result]:
        """Run a play to its end."""
        return all_at_once([(self, tasks)])[0]

    def task(self, label: str, registry: str, **options: Any) -> Task:
        """Return a task of this controller on a registry."""
        return self._world.task(label, {"registry": registry, **options})


def all_at_once(plays: Sequence[tuple[Teammate, Sequence[Task]]]) -> list[list[Result]]:
    """Run a play on each controller at the same time, and return all results."""
    started = [mate.start(tasks) for mate, tasks in plays]
    results = []
    for (process, file), (mate, tasks) in zip(started, plays, strict=True):
        output, _nothing = process.communicate(timeout=SECONDS)
        file.with_suffix(".output").write_text(output)
        found = list(read_results(file))
        if len(found) != len(tasks):
            raise RuntimeError(f"A play of {mate.name} ended early: {output[-500:]}")
        results.append(found)
    return results


def rows(stage: Stage, backend: Backend, kind: str, sample: bool) -> list[Row]:
    """Run the crowds through the servers of a kind."""
    found = [_three(stage, backend, kind, 3 if sample else 40)] if not sample or kind == ETCD else []
    if isinstance(backend, PostgresqlBackend):
        found.append(pooled(stage, backend, kind, 2 if sample else 40))
    if kind == ETCD and not sample:
        for crowd in ("distinct names", "same name"):
            row = Row(f"{kind}: 200 hosts at 50 forks, {crowd}")
            world = _world(stage, backend, f"crowd-{crowd}".replace(" ", "-"))
            run = hosts_at_once(stage, world, crowd, (200, 50), "linear")
            row.tried("linear", crowd_problems(world, crowd, run, 200))
            row.tries += len(run.results) - 1
            found.append(row)
    return found


def _world(stage: Stage, backend: Backend, title: str) -> SharedWorld:
    world = SharedWorld.on(backend)(stage.controller.folder / f"{stage.store}-{title}".replace(" ", "-"))
    world.root.mkdir()
    return world


def _three(stage: Stage, backend: Backend, kind: str, names: int) -> Row:
    """Three controllers create the same names and names of their own, each through another member where there are members."""
    world = _world(stage, backend, "team")
    urls = [world.registry_option] * CONTROLLERS
    if isinstance(backend, EtcdBackend):
        urls = [backend.cluster.part(member).url(f"keywright/{world.name}") for member in backend.cluster.members]
    return _at_once(f"{kind}: {CONTROLLERS} controllers", world, urls, names)


def pooled(stage: Stage, backend: PostgresqlBackend, kind: str, names: int) -> Row:
    """Three controllers create the same names and names of their own through a pooler, which has fewer sessions than they are."""
    world = _world(stage, backend, "pooled")
    settings = {"default_pool_size": str(CONTROLLERS - 1)}
    with pgbouncer.running(stage.controller.folder / "pgbouncer", backend.server, settings, world.name) as pooler:
        return _at_once(f"{kind} behind PgBouncer: {CONTROLLERS} controllers", world, [pooler.url()] * CONTROLLERS, names)


def _at_once(title: str, world: SharedWorld, urls: Sequence[str], names: int) -> Row:
    """Let a controller for each URL create all names at once: each is made by one of them, and all are registered."""
    row = Row(f"{title}, {names} names of each, {names} of all")
    plays = []
    for number, url in enumerate(urls):
        mate = Teammate(number, world)
        own = [mate.task(f"own {each}", url, name=f"own-{number}-{each}") for each in range(names)]
        shared = [mate.task(f"shared {each}", url, name=f"shared-{each}") for each in range(names)]
        plays.append((mate, [task for pair in zip(shared, own, strict=True) for task in pair]))
    results = [result for part in all_at_once(plays) for result in part]
    found = [f"{result.task} failed: {result.message}" for result in results if result.failed]
    for each in range(names):
        found += _one_winner([result for result in results if result.task == f"shared {each}"])
    document = load(world.document)
    expected = (CONTROLLERS + 1) * names
    if (len(document["key_pairs"]), document["serial"]) != (expected, expected):
        found.append(f"{len(document['key_pairs'])} key pairs and serial {document['serial']} instead of {expected}")
    row.tried("all", found + _file_problems(world, document) + leftovers(world))
    row.tries = len(results)
    return row


def _keys_of(world: World, controller: str) -> Path:
    return world.root / f"keys-of-{controller}"


def _file_problems(world: World, document: dict[str, Any]) -> list[str]:
    """Return what is wrong with the private key files, each on the disk of the controller that its record names."""
    found = []
    for record in document["key_pairs"].values():
        controller, _slash, _machine = record["delivery"]["controller"].partition("/")
        name = Path(record["delivery"]["file"]).name
        found += file_problems({**record, "delivery": {"file": str(_keys_of(world, controller) / name)}})
    return found


def _one_winner(results: Sequence[Result]) -> list[str]:
    """Return what is wrong unless one controller has made the key pair, and the others see that it is there and elsewhere."""
    pairs = [result.result.get("key_pair") or {} for result in results]
    statuses = sorted(str(pair.get("private_key_status")) for pair in pairs)
    winners = sum(result.changed for result in results)
    same = len({(pair.get("fingerprint"), pair.get("id")) for pair in pairs}) == 1
    right = winners == 1 and same and statuses == ["delivered", *["elsewhere"] * (CONTROLLERS - 1)]
    warned = [warning for result in results for warning in result.result.get("warnings", [])]
    return ([] if right else [f"{results[0].task}: {winners} winners, {statuses}"]) + [f"it warns: {warning}" for warning in warned]


def in_git(stage: Stage) -> Row:
    """Two controllers with a registry of files in git: one commits, the other one pulls."""
    row = Row("git: 2 controllers with a clone of the registry each")
    world = World(stage.controller.folder / "team-git")
    folder = world.root
    folder.mkdir()
    _git(folder, "init", "--quiet", "--bare", "--initial-branch=main", "team.git")
    clones = [folder / f"clone{number}" for number in range(2)]
    mates = [Teammate(number, world) for number in range(2)]
    for clone in clones:
        _git(folder, "clone", "--quiet", "team.git", clone.name)
        clone.chmod(0o700)
    for turn, (mate, clone) in enumerate(zip(mates * 2, clones * 2, strict=True)):
        if turn:
            _git(clone, "pull", "--quiet", "origin", "main")
        (made,) = mate.play(mate.task("make", str(clone), name=f"k{turn}"))
        row.tried(f"make {turn}", [] if made.changed and not made.failed else [made.message])
        if turn:
            (seen,) = mate.play(mate.task("see", str(clone), name=f"k{turn - 1}"))
            row.tried(f"see {turn}", _seen_elsewhere(seen, "elsewhere"))
        _git(clone, "add", "*.json")
        _git(clone, "-c", "user.name=team", "-c", "user.email=team@example.com", "commit", "--quiet", "-m", f"turn {turn}")
        _git(clone, "push", "--quiet", "origin", "HEAD:main")
    (again,) = mates[1].play(mates[1].task("own again", str(clones[1]), name="k1"))
    row.tried("own again", _seen_elsewhere(again, "present"))
    row.lost += _file_problems(world, load(clones[1] / "eu-1.json"))
    return row


def _seen_elsewhere(result: Result, status: str) -> list[str]:
    pair = result.result.get("key_pair") or {}
    right = not result.failed and not result.changed and pair.get("private_key_status") == status and not result.result.get("warnings")
    return [] if right else [f"not {status} without a change or a warning: {result.result}"]


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, stdin=subprocess.DEVNULL)
