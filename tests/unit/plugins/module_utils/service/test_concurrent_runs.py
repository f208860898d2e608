# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes that want the same things at the same time."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from typing import Any

from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.faults import fork
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import World, fingerprint_of, mode_of, own_files


def _all_at_once(tasks: Iterable[Callable[[], Any]]) -> list[Any]:
    """Run each task in a process of its own, started together, and return what they return."""
    gate, open_gate = os.pipe()
    answers: list[int] = []
    for task in tasks:
        reading, writing = os.pipe()
        if fork() == 0:
            os.close(open_gate)
            os.read(gate, 1)
            try:
                answer = task()
            except BaseException as error:
                answer = f"{type(error).__name__}: {error}"
            os.write(writing, json.dumps(answer).encode())
            os._exit(0)
        os.close(writing)
        answers.append(reading)
    os.close(gate)
    os.close(open_gate)
    results = []
    for reading in answers:
        with os.fdopen(reading) as pipe:
            results.append(json.load(pipe))
        os.wait()
    return results


def test_of_many_that_create_one_key_pair_one_does_and_all_report_it(world: World) -> None:
    for attempt in range(8):
        name = f"ops-{attempt}"

        def task(name: str = name) -> list[Any]:
            result = world.result(world.wish(name, lock_timeout=20))
            return [result["changed"], result["key_pair"]["fingerprint"]]

        results = _all_at_once([task] * 6)
        assert all(isinstance(each, list) for each in results), results
        assert sorted(changed for changed, fingerprint in results) == [False] * 5 + [True]
        assert {fingerprint for changed, fingerprint in results} == {fingerprint_of(world.pem(name))}
    assert own_files(world.keys) == []


def test_of_many_that_create_different_key_pairs_none_is_lost(world: World) -> None:
    def worker(number: int) -> Callable[[], bool]:
        return lambda: all(world.make(f"w{number}-{each}", lock_timeout=20).changed for each in range(5))

    assert _all_at_once(worker(number) for number in range(6)) == [True] * 6
    document = world.document()
    assert (len(document.key_pairs), document.serial) == (30, 30)
    for name, record in document.key_pairs.items():
        assert (fingerprint_of(world.pem(name)), mode_of(world.pem(name))) == (record.fingerprint, 0o600)
    assert own_files(world.keys) == []


def test_many_that_create_rotate_and_remove_one_key_pair_leave_it_whole_or_gone(world: World) -> None:
    options: list[dict[str, Any]] = [
        {"type": "ecdsa", "regenerate": "full_idempotence"},
        {"type": "ed25519", "regenerate": "full_idempotence"},
        {"present": False, "remove_private_key": True},
        {"regenerate": "never", "on_missing_private_key": "fail"},
    ]

    def worker(each: dict[str, Any]) -> Callable[[], str]:
        return lambda: str([world.make("ops", lock_timeout=20, **each).changed for turn in range(6)])

    results = _all_at_once(worker(each) for each in options)
    assert all(result.startswith("[") for result in results), results
    record = world.registered()
    if record is not None:
        assert fingerprint_of(world.pem()) == record.fingerprint
    assert world.pem().exists() is (record is not None)
    assert own_files(world.keys) == []
    assert not world.document().removals
