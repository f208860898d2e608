# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Binding is struck in its part on the controller and in its part on the host.

Whatever happens, the account's file is old or new, and a key that is listed in it is registered as bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import login_kills
from .binding_strikes import BY_HAND, CONTROLLER, HOST, Bindings, Strike
from .canary import SIGNS
from .controller import Result, Run
from .errors import SHARED, refusal_problems, refused_with
from .injection import VARIES
from .invariant import hidden, load, violations_at_any_time
from .kills import PART, in_parts, told_store
from .lies import NAMING, is_about_a_probe
from .operations import Stage
from .table import Row
from .worlds import World

SAMPLED, ERRORS_SAMPLED = 90, 225
TURNS = 2
LIE = "retval=0"


def sweep(stage: Stage, sample: bool) -> list[Row]:
    """Kill, refuse and lie at each call, on the controller and on the host.

    Of the combinations of calls and errors it takes every second, for all take ten minutes more: errors take turns, so that each
    is tried at every second call. A sample takes every 90th call to kill at, and every 225th of those errors.
    """
    bindings = Bindings(stage)
    step, errors_step = (SAMPLED, ERRORS_SAMPLED) if sample else (1, 1)
    errors = [strike for part in (CONTROLLER, HOST) for strike in bindings.strikes(part, refused_with, errors_step, TURNS)]
    lies = [strike for part in (HOST, CONTROLLER) for strike in bindings.strikes(part, _lie)]
    rows = _rows(
        bindings,
        {
            f"killed: bind and unbind, {CONTROLLER}": bindings.strikes(CONTROLLER, _kill, step),
            f"killed: bind and unbind, {HOST}": bindings.strikes(HOST, _kill, step),
            "errors: bind and unbind": errors,
            "a new name is a lie: bind and unbind": lies[:: 10 if sample else 1],
        },
    )
    return [*rows, login_kills.sweep(stage, sample)]


def shared_sweep(stage: Stage) -> list[Row]:
    """Kill and refuse at each call on the controller, through a shared store: every fifth error, and every seventh network call."""
    bindings = Bindings(stage)
    return _rows(
        bindings,
        {
            f"killed{told_store(stage)}: bind and unbind": bindings.strikes(CONTROLLER, _kill),
            f"errors{told_store(stage)}: bind and unbind": bindings.strikes(CONTROLLER, refused_with, turns=SHARED),
        },
    )


def _kill(_call: str) -> Sequence[str]:
    return ("signal=KILL",)


def _lie(call: str) -> Sequence[str]:
    return (LIE,) if call in NAMING else ()


def _rows(bindings: Bindings, struck: Mapping[str, Sequence[Strike]]) -> list[Row]:
    """Strike, let the next runs repair, and return a row for each title."""
    found: dict[Strike, list[str]] = {}
    for strikes in struck.values():
        alone = strikes[0].kills and strikes[0].part == CONTROLLER if strikes else False  # for the run ends with the process
        found.update(in_parts(strikes, lambda part: _struck(bindings, part), 1 if alone else PART))
    repaired = in_parts(list(found), lambda part: _repaired(bindings, part))
    rows = []
    for title, strikes in struck.items():
        row = Row(title)
        for strike in strikes:
            row.tried(strike.label, found[strike] + repaired[strike])
        rows.append(row)
    return rows


def _struck(bindings: Bindings, strikes: Sequence[Strike]) -> dict[Strike, list[str]]:
    run = bindings.played([strike.task(f"struck {number}") for number, strike in enumerate(strikes)])
    return {strike: _violations(strike, run, run.of(f"struck {number}")) for number, strike in enumerate(strikes)}


def _violations(strike: Strike, run: Run, result: Result | None) -> list[str]:
    found = strike.missed() + [f"the run printed {sign}" for sign in SIGNS if sign in run.output]
    found += violations_at_any_time(strike.world, strike.memory) + _broken_promises(strike.world)
    if strike.kills and strike.part == CONTROLLER:
        killed = result is None and "dead state" in run.output
        return found if killed or strike.point.call == VARIES else [*found, f"it was not killed: {run.output[-300:]}"]
    if result is None:
        return [*found, f"the run ended early: {run.output[-300:]}"]
    places = ("",) if strike.kills else strike.world.told_places  # of a process that was killed nobody knows where it was
    found += refusal_problems(result, *places)
    if strike.kills and not result.failed:
        found.append("it was not killed")
    return found + (_believed(strike, result) if strike.effect == LIE else [])


def _believed(strike: Strike, result: Result) -> list[str]:
    """Return what is wrong if the file system lied: it was not noticed, or something is left beside the account's file."""
    noticed = result.failed or is_about_a_probe(strike.log)
    return ([] if noticed else ["it was not noticed"]) + _left_over(strike.world)


def _left_over(world: World) -> list[str]:
    return [f"{path.name} is left" for path in (*world.account.iterdir(), *hidden(world)) if path.name != "keys"]


def _broken_promises(world: World) -> list[str]:
    """Return what is wrong with the account's file: lines that are neither old nor ours, grants that nobody registered."""
    document = load(world.document)
    keys = {record["public_key"].split()[1]: record["fingerprint"] for record in document["key_pairs"].values()}
    listed = _lines(world)
    found = [] if listed[:1] == [BY_HAND.strip()] else ["the line by hand is gone"]
    recorded = {fingerprint for bound in document.get("bindings", {}).values() for fingerprint in _counted(bound)}
    for line in listed[1:]:
        body = line.split()[1] if len(line.split()) > 1 else ""
        if body not in keys:
            found.append(f"a line is not one of ours: {line!r}")
        elif keys[body] not in recorded:
            found.append("a key is listed in the account's file, and nothing registered says so")
    return found


def _counted(bound: Mapping[str, Any]) -> list[str]:
    return [bound["fingerprint"], *bound.get("replaces", [])]


def _lines(world: World) -> list[str]:
    file = world.account / "keys"
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def _repaired(bindings: Bindings, strikes: Sequence[Strike]) -> dict[Strike, list[str]]:
    """Run the struck tasks twice more, and return what is wrong with each world then."""
    tasks = [
        strike.world.binding(f"{turn} {number}", strike.binding.options)
        for number, strike in enumerate(strikes)
        for turn in ("again", "once more")
    ]
    results = {result.task: result for result in bindings.played(tasks).results}
    return {
        strike: _left(strike, results.get(f"again {number}"), results.get(f"once more {number}")) for number, strike in enumerate(strikes)
    }


def _left(strike: Strike, again: Result | None, once_more: Result | None) -> list[str]:
    if again is None or again.failed or once_more is None or once_more.failed:
        return [f"the next run failed: {again.message if again else 'it ended early'}"]
    world, binding = strike.world, strike.binding
    found = ["a further run changes something"] if once_more.changed else []
    document = load(world.document)
    expected = {} if binding.after is None else {binding.after: False}
    bound = {record["key_pair"]: record.get("pending", False) for record in document.get("bindings", {}).values()}
    if bound != expected:
        found.append(f"bound are {bound}, not {expected}")
    lines = [BY_HAND.strip(), *(document["key_pairs"][name]["public_key"] for name in expected)]
    if [line.split()[:2] for line in _lines(world)] != [line.split()[:2] for line in lines]:
        found.append(f"the account's file lists {_lines(world)}")
    return found + _left_over(world) + violations_at_any_time(world, strike.memory)
