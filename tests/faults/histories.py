# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether what many processes were told about one key pair is what some serial order of their tasks would have told them.

The order must keep to time: a task that ended before another one began comes before it. The search is that of Wing and
Gong, one return at a time (source: "Testing and Verifying Concurrent Objects", 1993; Lowe, "Testing for Linearizability").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

CREATE, ROTATE, REMOVE, LOOK = "create", "rotate", "remove", "look"

# What is registered: the fingerprint and the type, None for nothing.
State = tuple[str, str] | None
Found = tuple[frozenset[int], State]


class Told(NamedTuple):
    """One task: when it began and ended, what it was to do, and what it said."""

    begin: int
    end: int
    kind: str
    type: str
    changed: bool
    fingerprint: str


def unexplained(history: Sequence[Told]) -> str:
    """Return the first task that no serial order explains, in words, empty if there is an order for all of them."""
    events = sorted([(told.begin, 0, number) for number, told in enumerate(history)] + [(t.end, 1, n) for n, t in enumerate(history)])
    running: set[int] = set()
    found: set[Found] = {(frozenset(), None)}
    for _time, returns, number in events:
        if not returns:
            running.add(number)
            continue
        found = {(done - {number}, state) for done, state in _orders(history, running, found, number)}
        running.discard(number)
        if not found:
            return f"{history[number]} has no place in any order"
    return ""


def _orders(history: Sequence[Told], running: Iterable[int], found: set[Found], number: int) -> set[Found]:
    """Return what may be so once the task of that number has taken effect, after any of the other tasks that run."""
    seen, todo, ended = set(found), list(found), set()
    while todo:
        done, state = todo.pop()
        if number in done:
            ended.add((done, state))
            continue
        for other in running:
            if other not in done and _may_be(history[other], state):
                after = (done | {other}, _then(history[other], state))
                if after not in seen:
                    seen.add(after)
                    todo.append(after)
    return ended


def _may_be(told: Told, state: State) -> bool:
    if told.kind == LOOK:
        return told.fingerprint == (state[0] if state else "")
    if told.kind == REMOVE:
        return told.changed is (state is not None)
    if not told.changed:
        return state is not None and told.fingerprint == state[0] and (told.kind == CREATE or told.type == state[1])
    return state is None or (told.kind == ROTATE and told.type != state[1] and told.fingerprint != state[0])


def _then(told: Told, state: State) -> State:
    if told.kind == LOOK or not told.changed:
        return state
    return None if told.kind == REMOVE else (told.fingerprint, told.type)
