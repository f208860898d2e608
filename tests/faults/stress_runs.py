# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The core of the collection in many processes at once: ``stress_runs FOLDER TASK NUMBER...``, where each is a size or a seed."""

from __future__ import annotations

import contextlib
import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._model.wish import Wish
from ansible_collections.keywright.ssh.plugins.module_utils._registry.file_store import FileStore
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment
from ansible_collections.keywright.ssh.plugins.module_utils._service.run import Outcome, fulfil

from .histories import CREATE, LOOK, REMOVE, ROTATE, Told, unexplained
from .invariant import all_problems, hidden, load, staged
from .worlds import World

REGIONS = ("eu-1", "us-1")
PROCESSES = 16
WORKERS = 8
TYPES = ("ed25519", "ecdsa")
READERS = 2
LEAST = 50_000
CLOCKS = (timedelta(), timedelta(days=-400), timedelta(days=3653))

Answer = dict[str, Any]


def _now() -> datetime:
    """Return a time of a clock that jumps."""
    return datetime.now(timezone.utc) + random.choice(CLOCKS)


def _do(world: World, region: str, name: str, **options: Any) -> Outcome:
    wish = Wish(region=region, names=(name,), default_directory=str(world.keys / region), lock_timeout=120, **options)
    store = FileStore(str(world.registry))
    try:
        return fulfil(wish, Environment(store, now=_now), False)
    finally:
        store.close()


def at_once(tasks: Iterable[Callable[[], Any]], stop: Path | None = None) -> list[Any]:
    """Run each task in a process of its own and return what they return; the file ``stop`` is made when all but the last few end."""
    files = []
    children = []
    for number, task in enumerate(tasks):
        file = Path(f"answer-{os.getpid()}-{number}-{time.monotonic_ns()}").resolve()
        files.append(file)
        child = os.fork()
        if not child:
            random.seed(number)
            try:
                answer = task()
            except BaseException as error:
                answer = f"{type(error).__name__}: {error}"
            file.write_text(json.dumps(answer))
            os._exit(0)
        children.append(child)
    workers = children[:PROCESSES] if stop else children
    for child in workers:
        os.waitpid(child, 0)
    if stop:
        stop.touch()
    for child in children[len(workers) :]:
        os.waitpid(child, 0)
    return [json.loads(file.read_text()) if file.exists() else "it died" for file in files]


def _maker(world: World, number: int, count: int) -> Callable[[], Answer]:
    def make() -> Answer:
        shared = []
        for each in range(count):
            if each % 5 == 0:
                outcome = _do(world, REGIONS[each % 2], f"shared-{each}", regenerate="never")
                shared.append([each, outcome.changed, _fingerprint(outcome)])
            if not _do(world, REGIONS[each % 2], f"w{number}-{each}").changed:
                raise RuntimeError(f"w{number}-{each} was not made")
        return {"shared": shared}

    return make


def _fingerprint(outcome: Outcome) -> str:
    after = outcome.steps[0].after
    return after.fingerprint if after else ""


def _reader(world: World, region: str, stop: Path, least: int) -> Callable[[], Answer]:
    """Read one region as long as others write, and at least so often: what is read is whole, and never older than what was read before."""

    def read() -> Answer:
        reads, last = 0, 0
        store = FileStore(str(world.registry))
        while not stop.exists() or reads < least:
            for _turn in range(50):
                document = store.read(region).document
                reads += 1
                if document.serial < last or len(document.key_pairs) != document.serial:
                    raise RuntimeError(f"serial {document.serial} after {last}, with {len(document.key_pairs)} key pairs")
                last = document.serial
        return {"reads": reads}

    return read


def _vandal(folder: Path, stop: Path) -> Callable[[], Answer]:
    """Remove and replace lock files at random instants, whoever holds them."""

    def remove() -> Answer:
        removed = 0
        while not stop.exists():
            time.sleep(random.uniform(0, 0.1))
            for lock in folder.rglob("*.lock"):
                with contextlib.suppress(OSError):
                    if random.random() < 0.5:
                        lock.unlink()
                    else:
                        new = lock.with_name(f"{lock.name}.vandal")
                        new.touch(0o600)
                        new.rename(lock)
                    removed += 1
        return {"removed": removed}

    return remove


def names(folder: Path, count: int, vandals: int) -> Answer:
    """Make names of each process and names of all while others read, or while others remove the locks."""
    world, stop = World(folder), folder / "stop"
    tasks = [_maker(world, number, count) for number in range(PROCESSES)]
    others = (
        [_vandal(folder, stop)]
        if vandals
        else [_reader(world, region, stop, LEAST if count > 2 else 0) for region in REGIONS * (READERS // 2)]
    )
    answers = at_once([*tasks, *others], stop)
    lost = [answer for answer in answers if isinstance(answer, str)]
    shared: dict[int, list[list[Any]]] = {}
    for answer in answers[:PROCESSES]:
        for each in answer["shared"] if isinstance(answer, dict) else ():
            shared.setdefault(each[0], []).append(each[1:])
    for each, told in shared.items():
        if sum(changed for changed, _print in told) != 1 or len({fingerprint for _changed, fingerprint in told}) != 1:
            lost.append(f"shared-{each} has {sum(changed for changed, _print in told)} makers")
    documents = [world.registry / f"{region}.json" for region in REGIONS]
    loaded = [load(document) for document in documents]
    expected = count * PROCESSES + len(shared)
    for what in ("key pairs", "serials"):
        number = sum(len(each["key_pairs"]) if what == "key pairs" else each["serial"] for each in loaded)
        if number != expected:
            lost.append(f"{number} {what} instead of {expected}")
    lost += [problem for document in documents for problem in all_problems(document)]
    lost += [f"{path.name} is left" for path in [*staged(world), *hidden(world)]]
    seen = sum(answer.get("reads", 0) + answer.get("removed", 0) for answer in answers if isinstance(answer, dict))
    return {"tries": PROCESSES * count + sum(map(len, shared.values())), "seen": seen, "lost": lost}


def _worker(world: World, seed: str, count: int) -> Callable[[], list[Any]]:
    def work() -> list[Any]:
        chance = random.Random(seed)
        told = []
        for _turn in range(count):
            region, name = chance.choice(REGIONS), f"k{chance.randrange(4)}"
            kind = chance.choice((CREATE, ROTATE, ROTATE, REMOVE, LOOK))
            told.append([region, name, *_told(world, region, name, kind, chance.choice(TYPES))])
        return told

    return work


def _told(world: World, region: str, name: str, kind: str, key_type: str) -> Told:
    begin = time.monotonic_ns()
    if kind == LOOK:
        store = FileStore(str(world.registry))
        record = store.read(region).document.key_pairs.get(name)
        store.close()
        return Told(begin, time.monotonic_ns(), kind, "", False, record.fingerprint if record else "")
    options: dict[str, dict[str, Any]] = {
        CREATE: {"regenerate": "never"},
        ROTATE: {"type": key_type, "regenerate": "full_idempotence"},
        REMOVE: {"present": False, "remove_private_key": True},
    }
    outcome = _do(world, region, name, **options[kind])
    made = key_type if kind == ROTATE else TYPES[0]
    return Told(begin, time.monotonic_ns(), kind, made, outcome.changed, "" if kind == REMOVE else _fingerprint(outcome))


def histories(folder: Path, seed: int, count: int) -> Answer:
    """Create, rotate, remove and look at the same few key pairs, and explain all that was told by a serial order."""
    world = World(folder)
    answers = at_once(_worker(world, f"{seed}/{number}", count // WORKERS) for number in range(WORKERS))
    lost = [answer for answer in answers if isinstance(answer, str)]
    by_key_pair: dict[str, list[Told]] = {}
    for answer in answers:
        for region, name, *told in answer if isinstance(answer, list) else ():
            by_key_pair.setdefault(f"{region}/{name}", []).append(Told(*told))
    controls = 0
    for title, history in by_key_pair.items():
        reason = unexplained(history)
        lost += [f"{title}: {reason}"] if reason else []
        false = [told._replace(changed=not told.changed) if told.kind != LOOK else told for told in history[-1:]]
        controls += bool(unexplained([*history[:-1], *false]))
    if not controls:
        lost.append("no falsified history was found out, so nothing is proven")
    documents = [world.registry / f"{region}.json" for region in REGIONS]
    lost += [problem for document in documents for problem in all_problems(document)]
    lost += [f"{path.name} is left" for path in [*staged(world), *hidden(world)]]
    return {"tries": sum(map(len, by_key_pair.values())), "seen": controls, "lost": lost}


if __name__ == "__main__":
    root = Path(sys.argv[1])
    root.mkdir()
    os.chdir(root.parent)
    json.dump({"names": names, "histories": histories}[sys.argv[2]](root, *map(int, sys.argv[3:])), sys.stdout)
