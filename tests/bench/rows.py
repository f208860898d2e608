# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows of the table: what is compared with what, the goal, and how the ratio follows from one round's figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .contestant import Figures
from .samples import Samples, Spread
from .sizes import Sizes

Round = Mapping[str, Figures]
Ratio = Callable[[Round, Sizes], float]


@dataclass(frozen=True)
class Row:
    """``groups`` are the groups of contestants that the ratio is computed from; ``at_most`` tells what side of the goal is good.

    ``unit`` stands behind the numbers: ``x`` for ratios. Where there is no ``goal``, the ratio is only told.
    """

    identity: str
    what: str
    against: str
    counted: str
    groups: frozenset[str]
    ratio: Ratio
    goal: float | None
    at_most: bool = True
    unit: str = "x"

    def result(self, samples: Samples) -> Spread:
        """Return the spread of the ratio over the rounds."""
        return Spread.of([self.ratio(each, samples.setting.sizes) for each in samples.rounds])

    def is_met(self, spread: Spread) -> bool:
        """Tell whether the median reaches the goal; it does if there is none."""
        if self.goal is None:
            return True
        return spread.median <= self.goal if self.at_most else spread.median >= self.goal


def _quotient(one: str, other: str, figure: str) -> Ratio:
    return lambda each, _sizes: each[one][figure] / each[other][figure]


def _figure(identity: str, figure: str) -> Ratio:
    return lambda each, _sizes: each[identity][figure]


def _above(each: Round, identity: str, figure: str = "cpu") -> float:
    """Return what a run costs above the empty play of its group; what drowns in the noise counts as a tenth of a millisecond."""
    group = identity.partition("/")[0]
    return max(each[identity][figure] - each[f"{group}/empty"][figure], 1e-4)


def _batch_above_bare(figure: str) -> Ratio:
    return lambda each, _sizes: each["batch/create"][figure] / (each["batch/empty"][figure] + each["batch/bare"][f"loop_{figure}"])


def _per_item(peer: str, ours: str) -> Ratio:
    """Return how much more CPU an item of a peer's loop takes than one of ours, both above an empty play."""
    return lambda each, sizes: (_above(each, peer) / sizes.peer_items) / (_above(each, ours) / sizes.batch)


def _above_floor(ours: str) -> Ratio:
    return lambda each, _sizes: _above(each, ours) / _above(each, "loop/floor")


def _whole(peer: str, ours: str) -> Ratio:
    """Return how much more CPU a whole run of a peer's loop takes; the loop is longer than was measured, by items of the same cost."""
    return lambda each, sizes: (each["peers/empty"]["cpu"] + _above(each, peer) / sizes.peer_items * sizes.batch) / each[ours]["cpu"]


def _flat(what: str) -> Ratio:
    """Return how the dearest of the larger populations compares with the smallest."""

    def ratio(each: Round, sizes: Sizes) -> float:
        first, *others = (each[f"flat/{what}-{regions}"]["cpu"] for regions in sizes.populations)
        return max(others) / first

    return ratio


def _rsa_above_bare(each: Round, _sizes: Sizes) -> float:
    return (each["rsa/create"]["wall"] - each["rsa/empty"]["wall"]) / each["rsa/bare"]["loop_wall"]


def _memory(ours: str) -> Ratio:
    return lambda each, _sizes: each[ours]["peak"] - each["batch/empty"]["peak"]


def rows(sizes: Sizes) -> list[Row]:
    """Return all rows, in the order of the table."""
    return [
        *_batch_rows(sizes),
        *_floor_rows(),
        *_loop_rows(sizes),
        *_population_rows(sizes),
        *_whole_rows(sizes),
        *_other_rows(sizes),
        *_store_rows(sizes),
    ]


def _batch_rows(sizes: Sizes) -> list[Row]:
    group, with_peers = frozenset({"batch"}), frozenset({"batch", "peers"})
    task = f"one task, {sizes.batch} new ed25519 key pairs, durable"
    bare = "an empty play and a bare Python loop that generates, serialises, writes and fsyncs as many, and one JSON file"
    item = "CPU per item above an empty play"
    return [
        Row("batch-cpu", task, bare, "CPU", group, _batch_above_bare("cpu"), 1.10),
        Row("batch-wall", task, bare, "wall", group, _batch_above_bare("wall"), 1.20),
        Row(
            "batch-openssh",
            task,
            "loop of `openssh_keypair`",
            item,
            with_peers,
            _per_item("peers/openssh-create", "batch/create"),
            500,
            False,
        ),
        Row(
            "batch-ec2",
            task,
            "loop of `ec2_key` with `file_name`",
            item,
            with_peers,
            _per_item("peers/ec2-create", "batch/create"),
            500,
            False,
        ),
        Row(
            "batch-keygen",
            task,
            "`ssh-keygen` in a shell loop",
            "CPU",
            group,
            _quotient("batch/ssh-keygen", "batch/create", "cpu"),
            2,
            False,
        ),
        Row("batch-noop", "the same task again", "an empty play", "CPU", group, _quotient("batch/noop", "batch/empty", "cpu"), 1.12),
    ]


def _floor_rows() -> list[Row]:
    """Return what of a no-op is Ansible's own: no goals, but what goals have to be read with."""
    group, loading = frozenset({"batch"}), "a task that only loads the collection and the records, and returns them"
    return [
        Row(
            "floor-task",
            "a do-nothing task with the same arguments",
            "an empty play",
            "CPU",
            group,
            _quotient("batch/floor", "batch/empty", "cpu"),
            None,
        ),
        Row("floor-noop", loading, "an empty play", "CPU", group, _quotient("batch/loading-floor", "batch/empty", "cpu"), None),
        Row("floor-memory", loading, "an empty play", "peak", group, _memory("batch/loading-floor"), None, unit=" MiB"),
    ]


def _loop_rows(sizes: Sizes) -> list[Row]:
    group, with_peers = frozenset({"loop"}), frozenset({"loop", "peers"})
    floor, item = "the same loop over a do-nothing action plugin", "CPU per item above an empty play"
    peer = "loop of `openssh_keypair`"
    create, noop = f"`loop:` over {sizes.batch} single creates", f"`loop:` over {sizes.batch} single no-ops"
    hosts, nothing = f"{sizes.hosts} hosts at forks {sizes.forks}", "the same play with a do-nothing action plugin"
    return [
        Row("loop-create", create, floor, item, group, _above_floor("loop/create"), 1.4),
        Row("loop-noop", noop, floor, item, group, _above_floor("loop/noop"), 1.15),
        Row("loop-create-openssh", create, peer, item, with_peers, _per_item("peers/openssh-create", "loop/create"), 40, False),
        Row("loop-noop-openssh", noop, peer, item, with_peers, _per_item("peers/openssh-noop", "loop/noop"), 60, False),
        Row(
            "hosts-same",
            f"{hosts}, same name",
            nothing,
            "wall",
            frozenset({"hosts"}),
            _quotient("hosts/same", "hosts/same-floor", "wall"),
            1.1,
        ),
        Row(
            "hosts-distinct",
            f"{hosts}, distinct names",
            nothing,
            "wall",
            frozenset({"hosts"}),
            _quotient("hosts/distinct", "hosts/distinct-floor", "wall"),
            1.2,
        ),
    ]


def _population_rows(sizes: Sizes) -> list[Row]:
    counts = ", ".join(f"{regions * sizes.region_size:,}" for regions in sizes.populations)
    where = f"at {counts} registered ({', '.join(map(str, sizes.populations))} regions)"
    against = "the larger ones with the smallest"
    listing = f"`ssh_keypair_info` over {sizes.largest:,} key pairs in {sizes.populations[-1]} regions"
    floor = "an action that `json.load`s the same files and returns the same records"
    return [
        Row("flat-noop", f"one no-op {where}", against, "CPU", frozenset({"flat"}), _flat("noop"), 1.1),
        Row("flat-create", f"one create {where}", against, "CPU", frozenset({"flat"}), _flat("create"), 1.1),
        Row("info", listing, floor, "CPU", frozenset({"info"}), _quotient("info/list", "info/floor", "cpu"), 2),
    ]


def _whole_rows(sizes: Sizes) -> list[Row]:
    groups = frozenset({"batch", "peers"})
    goals = {("openssh", "create"): 200, ("openssh", "noop"): 300, ("ec2", "create"): 400, ("ec2", "noop"): 500}
    modules = {"openssh": "`openssh_keypair`", "ec2": "`ec2_key` with `file_name`"}
    return [
        Row(
            f"whole-{peer}-{what}",
            f"batch of {sizes.batch}, {'create' if what == 'create' else 'no-op'}",
            f"loop of {modules[peer]}",
            "CPU of whole runs",
            groups,
            _whole(f"peers/{peer}-{what}", f"batch/{what}"),
            goal,
            False,
        )
        for (peer, what), goal in goals.items()
    ]


def _other_rows(sizes: Sizes) -> list[Row]:
    rsa = f"{sizes.rsa} rsa 2048 in one task"
    group, lock = frozenset({"rsa"}), frozenset({"lock"})
    xargs = _quotient("rsa/ssh-keygen", "rsa/create", "wall")
    return [
        Row("rsa", rsa, "bare Python with 2 threads", "wall above an empty play", group, _rsa_above_bare, 1.12),
        Row("rsa-keygen", rsa, "`xargs -P2 ssh-keygen`", "wall of whole runs", group, xargs, 5, False),
        Row("lock-free", "a lock that is free", "no sleep", "wait, median", lock, _figure("lock/lock", "free_ms"), 1, unit=" ms"),
        Row("lock-wake", "a contended lock", "its release", "delay, median", lock, _figure("lock/lock", "wake_ms"), 10, unit=" ms"),
        Row("memory", f"batch of {sizes.batch}", "an empty play", "peak", frozenset({"batch"}), _memory("batch/create"), 4, unit=" MiB"),
    ]


def _store_rows(sizes: Sizes) -> list[Row]:
    group = frozenset({"stores"})
    tasks = {"create": f"batch of {sizes.batch}, create", "noop": f"batch of {sizes.batch}, no-op"}
    tasks["hosts"] = f"{sizes.hosts} hosts at forks {sizes.forks}, distinct names"
    compared = [("etcd", what) for what in tasks] + [("postgresql", "create"), ("postgresql", "noop")]
    titles = {"etcd": "a cluster of three of etcd", "postgresql": "PostgreSQL"}
    return [
        Row(
            f"{store}-{what}",
            f"{tasks[what]}, registry in {titles[store]}",
            "the same with a registry in files",
            "wall",
            group,
            _quotient(f"stores/{store}-{what}", f"stores/files-{what}", "wall"),
            None,
        )
        for store, what in compared
    ]
