# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account that each region of a modelled world has: whom its host lets in, and what is registered of that.

A run that is stopped, on the controller or with the host, never leaves a key there that the registry does not know of.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, HostUnreachableError, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._planning.bind import BindWish
from ansible_collections.keywright.ssh.plugins.module_utils._registry.file_store import FileStore
from ansible_collections.keywright.ssh.plugins.module_utils._service.binding import bind, unbind
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.binding.bound_worlds import MemoryHost, nothing
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import CONTROLLER
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.modelled_worlds import RUNS, STOPS, ModelledWorld, code_of

HOST_GOES = "the host goes"
# The host is in memory, so a run is ended as by a signal instead of killed in a process of its own, whose host would go with it.
ENDED = {"kill": "alarm"}


def bind_or_unbind(at: ModelledWorld, region: str, name: str, unbinds: bool, stopped: Sequence[tuple[str, int]]) -> None:
    """Bind or unbind, first as a prediction, then as often as it is stopped, then to its end."""
    action = unbind if unbinds else bind
    if not unbinds and (region, name) not in at.model.entries:
        assert at.untouched(partial(code_of, partial(_run, at, action, region, name))) is ErrorCode.NAME_UNKNOWN
        return
    RUNS["tasks"] += 1
    changes = (at.model.bound.get(region) == name) if unbinds else (at.model.bound.get(region) != name)
    assert at.untouched(lambda: _run(at, action, region, name, check_mode=True)).changed == changes
    hit = [kind for kind, number in stopped if _stop(at, kind, number, partial(_run, at, action, region, name), region)]
    RUNS["stopped"] += len(hit)
    predicted = at.untouched(lambda: _run(at, action, region, name, check_mode=True)).changed
    assert _run(at, action, region, name).changed == predicted
    assert stopped or predicted == changes
    assert not at.untouched(lambda: _run(at, action, region, name)).changed
    if not unbinds:
        at.model.bound[region] = name
    elif changes:
        del at.model.bound[region]
    _compare(at, region, changes)


def _run(at: ModelledWorld, action: Callable[..., Any], region: str, name: str, check_mode: bool = False) -> Any:
    """Bind or unbind, on the one account that each region has."""
    store = FileStore(str(at.world.registry))
    wish = BindWish(region, name, f"web-{region}", "192.0.2.1", 22, "deploy", lock_timeout=2)
    try:
        return action(wish, Environment(store, CONTROLLER, lambda: at.world.clock), at.hosts[region], check_mode)
    finally:
        store.close()


def _stop(at: ModelledWorld, kind: str, number: int, task: Callable[[], object], region: str) -> bool:
    """Stop a task at a call of the controller, or at a step of the host; no key is granted that nobody registered."""
    before = at.files(), at.world.document(region).key_pairs
    stop = partial(_without_the_host, at.hosts[region]) if kind == HOST_GOES else STOPS[ENDED.get(kind, kind)]
    hit = stop(number, task)
    document = at.world.document(region)
    known = {each for binding in document.bindings.values() for each in (binding.fingerprint, *binding.replaces)}
    assert at.hosts[region].fingerprints <= known
    assert (at.files(), document.key_pairs) == before
    return hit


def _without_the_host(host: MemoryHost, number: int, task: Callable[[], object]) -> bool:
    steps = 0

    def step(_name: str) -> None:
        nonlocal steps
        steps += 1
        if steps == number:
            raise HostUnreachableError("The host cannot be reached: gone")

    host.step = step
    with contextlib.suppress(KeyPairError):
        task()
    host.step = nothing
    return steps >= number


def _compare(at: ModelledWorld, region: str, changed: bool) -> None:
    """Compare the registered binding, and whom the host lets in, with the model."""
    document, name = at.world.document(region), at.model.bound.get(region)
    assert [(each.key_pair, each.pending) for each in document.bindings.values()] == ([] if name is None else [(name, False)])
    assert at.hosts[region].fingerprints == (set() if name is None else {at.model.entries[region, name].fingerprint})
    assert document.serial > at.serials[region] if changed else document.serial >= at.serials[region]
    at.serials[region] = document.serial
    at.compare_registry(region, set(), False)
