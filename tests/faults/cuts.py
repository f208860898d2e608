# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The network is cut in mid-transaction: the write is on its way, done, or held back until long after its sender has gone."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass

from ..servers.postgresql import Postgresql
from ..servers.proxy import HOLD_REQUEST, LOSE_REPLY, PASS, REFUSE, SILENT, Proxy, in_front_of
from .canary import SIGNS
from .controller import Result, Run
from .injection import Point
from .invariant import Memory, load, violations_at_any_time
from .kills import Trial
from .operations import Stage
from .shared_worlds import Backend, EtcdBackend, PostgresqlBackend
from .table import Row

# A row, a try of it, and what was wrong with it before the run that repairs.
Struck = tuple[Row, Trial, list[str]]

WRITES = (b"request_put", b"UPDATE keywright_regions", b"INSERT INTO keywright_regions")
UNREACHABLE = "Registry.Unreachable"
PATIENCE = 20
# A server that is silent for good is given up earlier.
LITTLE_PATIENCE = 3
MOMENT = 0.5
CUTS = {
    "the reply to the write is lost": LOSE_REPLY,
    "the write is lost": REFUSE,
    "the write is held back and comes later": HOLD_REQUEST,
    "nothing comes through any more": SILENT,
}


@dataclass(frozen=True, eq=False)
class _Cut:
    row: Row
    trial: Trial
    mode: str
    proxy: Proxy
    url: str


def struck(stage: Stage, backend: Backend, kind: str, sample: bool) -> list[Struck]:
    """Cut each operation off in each way, a sample in the first and in the third one, and return what came of it."""
    ways = list(CUTS.items())[:3:2] if sample else list(CUTS.items())
    with ExitStack() as stack:
        cuts = [cut for title, mode in ways for cut in _cuts(stage, backend, Row(f"{kind}: {title}"), title, mode, stack)]
        run = stage.controller.playbook([_task(cut, number) for number, cut in enumerate(cuts)])
        for cut in cuts:
            cut.proxy.mode = PASS
        found = [(cut.row, cut.trial, _problems(cut, run, number)) for number, cut in enumerate(cuts)]
        for cut, (_row, trial, problems) in zip(cuts, found, strict=True):
            before = load(trial.world.document)
            cut.proxy.release()
            if load(trial.world.document) != before:
                problems.append("a write that came late has changed the document")
    if isinstance(backend, PostgresqlBackend) and not sample:
        found += _restarted(stage, backend, Row(f"{kind}: restarted between commit and reply"))
    return found


def _cuts(stage: Stage, backend: Backend, row: Row, title: str, mode: str, stack: ExitStack) -> list[_Cut]:
    """Return a cut for each operation, in a world of its own and with a proxy of its own."""
    cuts = []
    for operation in stage.operations:
        world = next(stage.worlds_for(operation, title))
        proxy = stack.enter_context(in_front_of(_port(backend)))
        trial = Trial(operation, Point(title, 1, ""), world, Memory.of(world))
        cuts.append(_Cut(row, trial, mode, proxy, world.registry_option.replace(f":{_port(backend)}", f":{proxy.port}", 1)))
        strike(proxy, mode, once=mode != SILENT)
    return cuts


def _task(cut: _Cut, number: int) -> dict[str, object]:
    seconds = LITTLE_PATIENCE if cut.mode == SILENT else PATIENCE
    return cut.trial.operation.task(f"struck {number}", cut.trial.world, registry=cut.url, lock_timeout=seconds)


def _problems(cut: _Cut, run: Run, number: int) -> list[str]:
    trial, result = cut.trial, run.of(f"struck {number}")
    if result is None:
        return [f"the run ended early: {run.output[-300:]}"]
    found = [] if cut.proxy.struck else ["nothing was cut"]
    if not _may_end_so(result, cut.mode):
        found.append(f"it ended with '{result.error_code}': {result.message}")
    found += [f"the run printed {sign}" for sign in SIGNS if sign in run.output]
    return found + violations_at_any_time(trial.world, trial.memory, trial.operation.may_go)


def _may_end_so(result: Result, mode: str) -> bool:
    """Tell whether a task did what it could: only where nobody else can be asked may it fail."""
    return (not result.failed and result.changed) or (mode == SILENT and result.error_code == UNREACHABLE)


def _restarted(stage: Stage, backend: PostgresqlBackend, row: Row) -> list[Struck]:
    """Restart the server when it has done the write and the reply is lost."""
    found = []
    for operation in stage.operations:
        world = next(stage.worlds_for(operation, "restarted"))
        trial = Trial(operation, Point("restart", 1, ""), world, Memory.of(world))
        with in_front_of(backend.server.port) as proxy:
            strike(proxy, LOSE_REPLY, once=True)
            thread = threading.Thread(target=_restart_when_struck, args=(backend.server, proxy))
            thread.start()
            cut = _Cut(row, trial, LOSE_REPLY, proxy, world.registry_option.replace(f":{backend.server.port}", f":{proxy.port}", 1))
            run = stage.controller.playbook([_task(cut, 0)])
            thread.join()
        found.append((row, trial, _problems(cut, run, 0)))
    return found


def _restart_when_struck(server: Postgresql, proxy: Proxy) -> None:
    for _try in range(600):
        if proxy.struck:
            server.stop()
            server.start()
            return
        threading.Event().wait(0.05)


def strike(proxy: Proxy, mode: str, once: bool) -> None:
    """Strike at the first write; and only there, or at everything that comes after it, too.

    Where connections are refused, they are for a moment.
    """
    seen: list[bytes] = []

    def concerns(request: bytes) -> bool:
        if seen:
            return not once
        if any(words in request for words in WRITES):
            seen.append(request)
            proxy.mode = mode
            if mode == REFUSE:
                threading.Timer(MOMENT, setattr, (proxy, "mode", PASS)).start()
        return bool(seen)

    proxy.concerns = concerns


def _port(backend: Backend) -> int:
    if isinstance(backend, EtcdBackend):
        return backend.cluster.members[0].port
    assert isinstance(backend, PostgresqlBackend)
    return backend.server.port
