# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same tasks on a registry in files, in etcd and in PostgreSQL, each with real servers on loopback."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..servers import etcd, postgresql
from .contestant import Contestant, recap
from .controller import Controller, tasks_play
from .ground import Ground, host_lines, names
from .sizes import Sizes

GROUP = "stores"
INVENTORY = "store-hosts.ini"
_EVERYTHING = {"key": "AA==", "range_end": "AA=="}  # from the first key on


@dataclass(frozen=True)
class Registry:
    """A registry by its URL, and what forgets all that is in it."""

    name: str
    title: str
    url: str
    forget: Callable[[], object]


@contextlib.contextmanager
def shared_registries() -> Iterator[tuple[Registry, ...]]:
    """Run the servers for the block: a cluster of three, and a server of PostgreSQL."""
    with tempfile.TemporaryDirectory(prefix="keywright-bench-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        with etcd.running(folder / "etcd", 3) as cluster, postgresql.running(folder / "postgresql") as server:
            yield (
                Registry("etcd", "in etcd", cluster.url(), lambda: cluster.ask(cluster.members[0], "kv/deleterange", _EVERYTHING)),
                Registry("postgresql", "in PostgreSQL", server.url(), lambda: server.run("DROP TABLE IF EXISTS keywright_regions")),
            )


def store_contestants(controller: Controller, sizes: Sizes, shared: tuple[Registry, ...]) -> Iterator[Contestant]:
    """Yield a batch and its no-op in each registry, and many hosts in files and in etcd."""
    ground = Ground(controller.folder / "work" / GROUP)
    files = Registry("files", "in files", str(ground.registry), lambda: None)
    inventory = controller.folder / "plays" / INVENTORY
    inventory.parent.mkdir(parents=True, exist_ok=True)
    inventory.write_text(host_lines(sizes.hosts), encoding="utf-8")
    for registry in (files, *shared):
        yield from _of(registry, controller, sizes, ground)


def _of(registry: Registry, controller: Controller, sizes: Sizes, ground: Ground) -> Iterator[Contestant]:
    def emptied() -> None:
        ground.empty()
        registry.forget()

    def play(what: str, title: str, name: Any, *arguments: str, hosts: str = "localhost", **more: Any) -> Contestant:
        identity = f"{GROUP}/{registry.name}-{what}"
        playbook = tasks_play(ground.task(name, registry=registry.url), hosts=hosts)
        command = controller.play(identity.replace("/", "-"), playbook, *arguments)
        described = f"{title}, registry {registry.title}"
        # As the guide says: in the environment, so that what it needs is loaded once for all hosts.
        environment = {**controller.environment, "KEYWRIGHT_REGISTRY": registry.url}
        return Contestant(identity, described, command, environment, controller.log(identity), **more)

    batch, check = names(sizes.batch), ground.holds(sizes.batch)
    yield play("create", f"one task, {sizes.batch} new key pairs", batch, prepare=emptied, check=check, expected=recap(1, 1))
    yield play("noop", "the same task again", batch, check=check, expected=recap(1, 0))
    if registry.name != "postgresql":
        many = ("--inventory", str(controller.folder / "plays" / INVENTORY), "--forks", str(sizes.forks))
        title = f"{sizes.hosts} hosts at forks {sizes.forks}, distinct names"
        held = ground.holds(sizes.hosts)
        yield play("hosts", title, "{{ inventory_hostname }}", *many, hosts="all", prepare=emptied, check=held)
