# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets are searched in all that runs print, write and show to other processes, at success and at each failure."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import leak_callbacks, leak_codes, leak_hosts, leak_runs, leak_syslog
from .canary import Detector, forms_of
from .leak_scenes import LOUD, QUIET, Scene, Way, ended, in_processes, sampled_processes, unexpected
from .leak_tasks import bad_tasks, good_tasks, leaking_tasks
from .operations import Stage
from .statements import TRACEBACKS
from .table import Row

SHOWN = "Canary-of-the-environment-7f3"


# In check mode nothing is there: a key pair that would be created cannot be bound, and nothing else has a part on the host.
REMOTE = "remote/*/*"
# What is switched on together, and where it must leave something, for nothing is proven by a search in an empty place.
SWITCHES: tuple[tuple[str, Mapping[str, str], tuple[str, ...]], ...] = (
    ("debugging", {"ANSIBLE_DEBUG": "1"}, ()),
    ("shown arguments", {"ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "1"}, ()),
    ("kept remote files", {"ANSIBLE_KEEP_REMOTE_FILES": "1"}, (REMOTE,)),
    ("a log", {"ANSIBLE_LOG_PATH": "{folder}/ansible.log"}, ("ansible.log",)),
    ("a fact cache", {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": "{folder}/facts"}, ("facts/*",)),
    (
        "callback plugins that write",
        {
            "ANSIBLE_CALLBACKS_ENABLED": "recorded,ansible.builtin.tree,ansible.builtin.junit",
            "ANSIBLE_CALLBACK_TREE_DIR": "{folder}/tree",
            "JUNIT_OUTPUT_DIR": "{folder}/junit",
        },
        ("tree/*", "junit/*"),
    ),
    ("tracebacks", TRACEBACKS, ()),
)


def loudest() -> list[Way]:
    """Return the ways that say most: everything is switched on, for real and in check mode."""
    variables = {name: value for _title, switched, _places in SWITCHES for name, value in switched.items()}
    places = [place for _title, _switched, left in SWITCHES for place in left]
    return [
        Way("everything at -vvvvv", ("-vvvvv", "--diff"), variables, places),
        Way("check mode, everything at -vvvvv", ("-vvvvv", "--diff", "--check"), variables, [each for each in places if each != REMOTE]),
    ]


def ways(sample: bool) -> list[Way]:
    """Return all ways; a sample has the one that says most."""
    if sample:
        return loudest()[:1]
    chosen = [*loudest(), Way("check mode at -v", ("-v", "--diff", "--check"))]
    chosen += [Way(f"at -{'v' * count}", (f"-{'v' * count}",)) for count in range(1, 6)]
    return chosen + [Way(f"only {title}", (), {**TRACEBACKS, **variables}, places) for title, variables, places in SWITCHES]


def sweep(stage: Stage, sample: bool) -> list[Row]:
    """Search after each way to run; the controls come first, for a search that finds nothing must be able to find."""
    rows = [controls(stage, "leaks: known-leaky controls that are found")]
    row = Row("leaks: output, logs, caches, temporary files, /proc")
    for number, way in enumerate(ways(sample), 1):
        search(stage, row, way, str(number))
    rows += [row, ad_hoc(stage, "leaks: ad-hoc commands, with options from a file", sample=sample)]
    for neighbour in (leak_codes, leak_runs, leak_hosts, leak_syslog, leak_callbacks):
        rows += neighbour.rows(stage, sample)
    return rows


def search(stage: Stage, row: Row, way: Way, title: str, programs: Path | None = None) -> None:
    """Run all tasks in a way, with an ansible-core's programs if they are given, and add to the row what that leaks."""
    scene = Scene(stage, title, programs)
    good, bad = good_tasks(scene.world), bad_tasks(scene.world)
    with sampled_processes() as seen:
        run = scene.run(good + bad, way)
    detector = scene.detector()
    leaked = scene.found(detector) + [f"the {what} of a process holds {name}" for what, name in in_processes(detector, seen)]
    row.tried(way.title, unexpected(run, good, bad, "--check" in way.arguments) + scene.empty(way), leaked)
    row.tries += len(run.results) - 1
    scene.remove()


def controls(stage: Stage, fault: str, programs: Path | None = None) -> Row:
    """Return a row that fails if the search does not find what is known to leak."""
    row = Row(fault)
    scene = Scene(stage, "controls" + (programs.parent.name if programs else ""), programs)
    cache = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(scene.folder / "facts")}
    run = scene.run(leaking_tasks(), Way("controls", ("-v",), cache))
    detector = scene.detector()
    for task in leaking_tasks()[:3]:
        result = run.of(task["name"])
        found = result is not None and detector.found_in(json.dumps(result.result).encode())
        row.tried(task["name"], [] if found else ["the search does not find it"])
    places = " ".join(scene.found(detector))
    for where in ("facts/", "runs/"):
        row.tried(where, [] if where in places else ["the search does not find it there"])
    with sampled_processes() as seen:  # not for the passphrase, since other kinds of fault search all processes for that at the same time
        subprocess.run(["sleep", "0.5"], check=True, env={"CANARY": SHOWN})
    mine = Detector()
    mine.add("the canary", forms_of(SHOWN.encode()))
    row.tried("environment", [] if in_processes(mine, seen) else ["the search does not find it in a process"])
    scene.remove()
    return row


# How an ad-hoc command ends with these options, one after the other on the same name.
AD_HOC: tuple[tuple[dict[str, Any], bool], ...] = (
    ({}, True),
    ({"type": "rsa"}, False),
    ({"regenerate": "full_idempotence", "type": "ecdsa"}, True),
    ({"size": 7}, False),
)


def ad_hoc(stage: Stage, fault: str, programs: Path | None = None, sample: bool = False) -> Row:
    """Return a row of what ad-hoc commands leak that succeed and that fail; a sample has the loud ones."""
    row = Row(fault)
    scene = Scene(stage, "ad-hoc" + (programs.parent.name if programs else ""), programs)
    for options, succeeds in AD_HOC:
        for arguments in (LOUD,) if sample else (QUIET, LOUD):
            run = scene.ad_hoc(options, Way("ad-hoc", arguments, TRACEBACKS))
            row.tried(f"{options} {' '.join(arguments)}", ended(run, succeeds), scene.found(scene.detector()))
    scene.remove()
    return row
