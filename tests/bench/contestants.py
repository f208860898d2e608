# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that is measured, group by group."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .contestant import Contestant, emptied, holding, recap
from .controller import Controller, Play, tasks_play
from .ground import FLOOR, LOADING_FLOOR, Ground, host_lines, names
from .moto import Moto
from .population import flat_contestants, info_contestants
from .sizes import Sizes
from .stores import Registry, store_contestants


class Contestants:
    """Makes the contestants of one run."""

    def __init__(self, controller: Controller, sizes: Sizes, moto: Moto, shared: tuple[Registry, ...]) -> None:
        self._controller = controller
        self._sizes = sizes
        self._moto = moto
        self._shared = shared
        self._work = controller.folder / "work"

    def all(self) -> list[Contestant]:
        """Return all contestants, those of a group side by side."""
        return [
            *self._batch(),
            *self._loop(),
            *self._hosts(),
            *flat_contestants(self._controller, self._sizes),
            *info_contestants(self._controller, self._sizes),
            *self._rsa(),
            *self._peers(),
            self._lock(),
            *store_contestants(self._controller, self._sizes, self._shared),
        ]

    def _play(self, identity: str, title: str, play: Play, *arguments: str, **more: Any) -> Contestant:
        environment: Mapping[str, str] = {**self._controller.environment, **more.pop("variables", {})}
        command = self._controller.play(identity.replace("/", "-"), play, *arguments)
        return Contestant(identity, title, command, environment, self._controller.log(identity), **more)

    def _command(self, identity: str, title: str, command: list[str], **more: Any) -> Contestant:
        environment = more.pop("environment", self._controller.environment)
        return Contestant(identity, title, command, environment, self._controller.log(identity), **more)

    def _empty(self, group: str) -> Contestant:
        return self._play(f"{group}/empty", "an empty play", tasks_play())

    def _batch(self) -> Iterator[Contestant]:
        count = self._sizes.batch
        ground, bare, shell = Ground(self._work / "batch"), self._work / "batch-bare", self._work / "batch-shell"
        made = f"{count} new ed25519 key pairs"
        yield self._empty("batch")
        yield self._bare("batch/bare", f"bare Python, {made}", bare, count, "ed25519", 1)
        create = tasks_play(ground.task(names(count)))
        yield self._play("batch/create", f"one task, {made}", create, prepare=ground.empty, check=ground.holds(count), expected=recap(1, 1))
        yield self._play("batch/noop", "the same task again", create, check=ground.holds(count), expected=recap(1, 0))
        yield self._play("batch/floor", "one do-nothing task with the same arguments", tasks_play(ground.task(names(count), FLOOR)))
        loading = tasks_play(ground.task(names(count), LOADING_FLOOR))
        yield self._play("batch/loading-floor", "one task that only loads the collection and the records, and returns them", loading)
        loop = f"for n in $(seq {count}); do ssh-keygen -q -t ed25519 -N '' -f {shlex.quote(str(shell))}/$n.pem || exit; done"
        yield self._command(
            "batch/ssh-keygen",
            f"`ssh-keygen` in a shell loop, {made}",
            ["sh", "-c", loop],
            prepare=emptied(shell),
            check=holding(shell, count),
        )

    def _loop(self) -> Iterator[Contestant]:
        count, ground = self._sizes.batch, Ground(self._work / "loop")
        yield self._empty("loop")
        yield self._play("loop/floor", f"loop of {count} do-nothing tasks", tasks_play(ground.loop(count, FLOOR)), prepare=ground.empty)
        create = tasks_play(ground.loop(count))
        yield self._play(
            "loop/create", f"loop of {count} single creates", create, prepare=ground.empty, check=ground.holds(count), expected=recap(1, 1)
        )
        yield self._play("loop/noop", f"loop of {count} single no-ops", create, check=ground.holds(count), expected=recap(1, 0))

    def _hosts(self) -> Iterator[Contestant]:
        hosts, ground = self._sizes.hosts, Ground(self._work / "hosts")
        inventory = self._controller.folder / "plays" / "hosts.ini"
        inventory.write_text(host_lines(hosts), encoding="utf-8")
        arguments = ("--inventory", str(inventory), "--forks", str(self._sizes.forks))
        for what, name, made in (("same", "shared", 1), ("distinct", "{{ inventory_hostname }}", hosts)):
            described = f"{hosts} hosts at forks {self._sizes.forks}, {what} name{'s' if made > 1 else ''}"
            floor = tasks_play(ground.task(name, FLOOR), hosts="all")
            yield self._play(f"hosts/{what}-floor", f"{described}: do-nothing task", floor, *arguments, prepare=ground.empty)
            create = tasks_play(ground.task(name), hosts="all")
            check = ground.holds(made)
            yield self._play(f"hosts/{what}", f"{described}: create", create, *arguments, prepare=ground.empty, check=check)

    def _rsa(self) -> Iterator[Contestant]:
        count, ground = self._sizes.rsa, Ground(self._work / "rsa")
        bare, shell = self._work / "rsa-bare", self._work / "rsa-shell"
        made = f"{count} new rsa 2048 key pairs"
        yield self._empty("rsa")
        yield self._bare("rsa/bare", f"bare Python with 2 threads, {made}", bare, count, "rsa", 2)
        create = tasks_play(ground.task(names(count), type="rsa", size=2048))
        yield self._play("rsa/create", f"one task, {made}", create, prepare=ground.empty, check=ground.holds(count), expected=recap(1, 1))
        loop = f"seq {count} | xargs -P2 -I@ ssh-keygen -q -t rsa -b 2048 -N '' -f {shlex.quote(str(shell))}/@.pem"
        yield self._command(
            "rsa/ssh-keygen", f"`xargs -P2 ssh-keygen`, {made}", ["sh", "-c", loop], prepare=emptied(shell), check=holding(shell, count)
        )

    def _bare(self, identity: str, title: str, folder: Path, count: int, key_type: str, threads: int) -> Contestant:
        figures = self._controller.folder / "work" / f"{identity.replace('/', '-')}.json"
        command = self._controller.program("batch", folder, count, key_type, threads, figures)
        return self._command(identity, title, command, prepare=emptied(folder), check=holding(folder, count), figures=figures)

    def _peers(self) -> Iterator[Contestant]:
        items = self._sizes.peer_items
        openssh, ec2 = self._work / "openssh", self._work / "ec2"
        tasks = {
            "openssh": {"community.crypto.openssh_keypair": {"path": f"{openssh}/{{{{ item }}}}.pem", "type": "ed25519"}},
            "ec2": {"amazon.aws.ec2_key": {"name": "{{ item }}", "file_name": f"{ec2}/{{{{ item }}}}.pem", "key_type": "ed25519"}},
        }

        def forget() -> None:
            emptied(ec2)()
            self._moto.reset()

        yield self._empty("peers")
        for peer, folder, prepare in (("openssh", openssh, emptied(openssh)), ("ec2", ec2, forget)):
            title = f"loop of {items} `{'openssh_keypair' if peer == 'openssh' else 'ec2_key'}`"
            play = tasks_play({"name": "Create", **tasks[peer], "loop": names(items)})
            more: dict[str, Any] = {"check": holding(folder, items), "variables": self._moto.variables}
            yield self._play(f"peers/{peer}-create", f"{title}, create", play, prepare=prepare, expected=recap(1, 1), **more)
            yield self._play(f"peers/{peer}-noop", f"{title}, no-op", play, expected=recap(1, 0), **more)

    def _lock(self) -> Contestant:
        folder, figures = self._work / "lock", self._work / "lock.json"
        command = self._controller.program("locks", folder, figures)
        environment = self._controller.importing
        return self._command("lock/lock", "the lock", command, environment=environment, prepare=emptied(folder), figures=figures)
