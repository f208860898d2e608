# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many at once: 200 hosts, many processes, shared directories; what comes out is what some order of them would give."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from .controller import Result, Run, Task, read_results
from .invariant import all_problems, hidden, load, staged
from .operations import Stage
from .table import Row
from .worlds import World

STRATEGIES = ("linear", "free", "host_pinned")
QUOTA = 500
TO_BE_SHARED = "PrivateKeyFile.Exists"


def sweep(stage: Stage, sample: bool) -> list[Row]:
    """Run all crowds; a sample has fewer hosts and strategies."""
    hosts, forks = (10, 10) if sample else (200, 50)
    rows = []
    for kind in ("same name", "distinct names", "mix with deletes"):
        row = Row(f"crowd: {hosts} hosts, {kind}")
        for strategy in STRATEGIES[1:2] if sample else STRATEGIES:
            world = World(stage.controller.folder / f"crowd-{kind}-{strategy}".replace(" ", "-"))
            world.root.mkdir()
            run = hosts_at_once(stage, world, kind, (hosts, forks), strategy)
            row.tried(strategy, crowd_problems(world, kind, run, hosts))
            row.tries += len(run.results) - 1
        rows.append(row)
    return [
        *rows,
        _processes(stage, sample),
        _shared_directory(stage, sample),
        *([] if sample else [_batch_against_singles(stage, size) for size in (QUOTA, QUOTA - 50)]),
    ]


def hosts_at_once(stage: Stage, world: World, kind: str, size: tuple[int, int], strategy: str) -> Run:
    hosts, forks = size
    inventory = world.root / "inventory.json"
    members = {f"h{number}": {"number": number} for number in range(hosts)}
    inventory.write_text(json.dumps({"all": {"vars": {"ansible_connection": "local"}, "hosts": members}}))
    arguments = ("-i", str(inventory), "-f", str(forks))
    return stage.controller.playbook(_tasks(world, kind), arguments, hosts="all", strategy=strategy)


def _tasks(world: World, kind: str) -> list[Task]:
    if kind == "same name":
        return [world.task("make", {"name": "shared"})]
    if kind == "distinct names":
        return [world.task("make", {"name": "k-{{ inventory_hostname }}"})]
    name = "mix-{{ number | int % 7 }}"
    gone = {"name": name, "state": "absent", "remove_private_key": True}
    return [
        world.task("make", {"name": name}),
        world.task("retag", {"name": name, "tags": {"host": "{{ inventory_hostname }}"}}),
        world.task("remove", gone, when="number | int % 3 == 0"),
        world.task("make again", {"name": name}),
    ]


def crowd_problems(world: World, kind: str, run: Run, hosts: int) -> list[str]:
    expected = hosts * len(_tasks(world, kind)) - (hosts - -(-hosts // 3) if kind.startswith("mix") else 0)
    done = [result for result in run.results if "skip_reason" not in result.result]
    found = [f"{result.task} on {result.host} failed: {result.message}" for result in done if result.failed]
    if len(done) != expected:
        found.append(f"{len(done)} results instead of {expected}: {run.output[-300:]}")
    document = load(world.document)
    found += all_problems(world.document) + leftovers(world)
    changes = sum(result.changed for result in done)
    registered = document["key_pairs"]
    if kind == "same name" and (changes != 1 or len(_fingerprints(done)) != 1 or list(registered) != ["shared"]):
        found.append(f"{changes} hosts changed something, {len(_fingerprints(done))} fingerprints, {list(registered)} registered")
    if kind == "distinct names" and (changes != hosts or len(registered) != hosts or len(_fingerprints(done)) != hosts):
        found.append(f"{changes} changes, {len(registered)} registered, {len(_fingerprints(done))} fingerprints")
    if kind.startswith("mix"):
        found += _unexplained(done, registered) + _unexplained_tags(done, registered)
    return found


def _fingerprints(results: Sequence[Result]) -> set[str]:
    return {result.result["key_pair"]["fingerprint"] for result in results if result.result.get("key_pair")}


def _unexplained(results: Sequence[Result], registered: Mapping[str, Any]) -> list[str]:
    """Return which names have a history that no serial order explains: creations and removals of a name must alternate."""
    found = []
    born: Counter[str] = Counter()
    gone: Counter[str] = Counter()
    seen: dict[str, set[str]] = {}
    for result in results:
        if result.task == "remove":
            name = f"mix-{int(result.host[1:]) % 7}"
            gone[name] += result.changed
            continue
        pair = result.result.get("key_pair") or {}
        seen.setdefault(pair.get("name", ""), set()).add(pair.get("fingerprint", ""))
        born[pair.get("name", "")] += pair.get("private_key_status") == "delivered"
    for name, fingerprints in seen.items():
        alive = 1 if name in registered else 0
        if born[name] != len(fingerprints) or born[name] - gone[name] != alive:
            found.append(f"{name}: {born[name]} creations, {gone[name]} removals, {len(fingerprints)} fingerprints, {alive} registered")
    return found


def _unexplained_tags(results: Sequence[Result], registered: Mapping[str, Any]) -> list[str]:
    """Return the tags that no serial order explains: a host's own right after it set them, later those of one that set them on that key."""
    pairs = [(result, result.result["key_pair"]) for result in results if result.result.get("key_pair")]
    tagged: dict[str, list[dict[str, str]]] = {}
    for result, pair in pairs:
        if result.task == "retag":
            tagged.setdefault(pair["fingerprint"], []).append({"host": result.host})
    found = []
    for result, pair in pairs:
        explained = [{"host": result.host}] if result.task == "retag" else [{}, *tagged.get(pair["fingerprint"], [])]
        if pair["tags"] not in explained or (result.task == "retag" and not result.changed):
            found.append(f"{result.task} on {result.host} says {pair['tags']}, and that it changed something is {result.changed}")
    for name, record in registered.items():
        if record["tags"] not in tagged.get(record["fingerprint"], [{}]):
            found.append(f"{name} has {record['tags']} in the end, which nobody set last")
    return found


def leftovers(world: World) -> list[str]:
    return [f"{path.name} is left" for path in [*staged(world), *hidden(world)]]


def _start(stage: Stage, lists: Sequence[Sequence[Task]]) -> list[list[Result]]:
    """Run one process per list of tasks, all at once."""
    started = []
    for number, tasks in enumerate(lists):
        file = stage.controller.runs / f"crowd{id(tasks)}-{number}.json"
        file.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": list(tasks)}]))
        started.append(stage.controller.start([str(stage.controller.programs / "ansible-playbook"), str(file)], {}))
    for process, _results in started:
        process.communicate(timeout=600)
    return [list(read_results(results)) for _process, results in started]


def _processes(stage: Stage, sample: bool) -> Row:
    """Eight processes, each with the same names and names of its own."""
    names = 1 if sample else 40
    row = Row(f"crowd: 8 processes on one registry, {names} names of each, 1 of all")
    world = World(stage.controller.folder / "crowd-processes")
    world.root.mkdir()
    lists = [
        [world.task("shared", {"name": "shared"}), *(world.task("own", {"name": f"p{process}-{number}"}) for number in range(names))]
        for process in range(8)
    ]
    results = [result for part in _start(stage, lists) for result in part]
    found = [f"failed: {result.message}" for result in results if result.failed]
    winners = sum(result.changed for result in results if result.task == "shared")
    registered, serial = load(world.document)["key_pairs"], load(world.document)["serial"]
    if (winners, len(registered), serial) != (1, 8 * names + 1, 8 * names + 1) or len(results) != 8 * (names + 1):
        found.append(f"{winners} winners, {len(registered)} registered, serial {serial}, {len(results)} results")
    row.tried("all", found + all_problems(world.document) + leftovers(world))
    row.tries = len(results)
    return row


def _shared_directory(stage: Stage, sample: bool) -> Row:
    """Two registries and two regions deliver the same names into one directory: one gets it, the others register nothing."""
    rounds = 2 if sample else 25
    row = Row("crowd: 2 registries and 2 regions share a directory")
    folder = stage.controller.folder / "crowd-shared"
    folder.mkdir()
    homes = [(World(folder / registry), region) for registry in ("one", "two") for region in ("eu-1", "us-1")]
    for world, _region in homes:
        world.root.mkdir(exist_ok=True)
    shared = {"private_key_dir": str(folder / "keys")}
    names = [[f"a{number}", f"b{number}", f"c{number}"] for number in range(rounds)]
    lists = [[world.task(str(batch), {"name": batch, "region": region, **shared}) for batch in names] for world, region in homes]
    results = [result for part in _start(stage, lists) for result in part]
    documents = [world.registry / f"{region}.json" for world, region in homes]
    for batch in names:
        mine = [result for result in results if result.task == str(batch)]
        winners = [result for result in mine if not result.failed]
        strange = [result.message for result in mine if result.failed and result.error_code != TO_BE_SHARED]
        holders = [document for document in documents if set(batch) & load(document)["key_pairs"].keys()]
        found = [] if (len(mine), len(winners), len(holders)) == (4, 1, 1) else [f"{len(winners)} winners, {len(holders)} holders"]
        row.tried(str(batch), found + strange)
    row.lost += [problem for document in documents for problem in all_problems(document)]
    row.lost += leftovers(World(folder))
    return row


def _batch_against_singles(stage: Stage, size: int) -> Row:
    """A batch against 50 single creates: each succeeds or is refused by the quota, none in part, and only if others took the room."""
    row = Row(f"crowd: a batch of {size} against 50 single creates")
    world = World(stage.controller.folder / f"crowd-batch-{size}")
    world.root.mkdir()
    batch = world.task("batch", {"name": [f"batch-{number}" for number in range(size)]})
    singles = [[world.task("single", {"name": f"s{part}-{number}"}) for number in range(10)] for part in range(5)]
    results = [result for part in _start(stage, [[batch], *singles]) for result in part]
    made = [result for result in results if not result.failed]
    refused = [result.error_code for result in results if result.failed]
    names = load(world.document)["key_pairs"]
    expected = sum(len(result.result["key_pairs"]) for result in made)
    found = [] if set(refused) <= {"QuotaExceed.KeyPair"} and len(names) == expected <= QUOTA else [f"{refused}, {len(names)} registered"]
    if len(results) != 51 or load(world.document)["serial"] != len(made):
        found.append(f"{len(results)} results, serial {load(world.document)['serial']} after {len(made)} writes")
    # The only orders there are: all fit, or the batch was first and filled the region, or it came later and found too little room.
    orders = [(51, size + 50)] if size + 50 <= QUOTA else [(1, size), (50, 50)]
    if (len(made), len(names)) not in orders:
        found.append(f"no order explains {len(made)} that were made, with {len(names)} registered")
    row.tried(f"{len(made)} made", found + all_problems(world.document) + leftovers(world))
    row.tries = len(results)
    return row
