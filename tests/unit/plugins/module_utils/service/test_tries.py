# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How often a run tries again when others are faster."""

from __future__ import annotations

import time

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import StoreConflictError
from ansible_collections.keywright.ssh.plugins.module_utils._service.tries import LEAST_TRIES, tries
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.faults import raising
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import World


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the pauses that were made: time passes by them, and by nothing else."""
    made: list[float] = []
    monkeypatch.setattr(time, "sleep", made.append)
    monkeypatch.setattr(time, "monotonic", lambda: 1000 + sum(made))
    return made


def test_there_are_ten_tries_although_there_is_no_time() -> None:
    assert list(tries(0)) == list(range(LEAST_TRIES)) == list(range(10))


def test_it_goes_on_until_the_time_is_over(pauses: list[float]) -> None:
    tried = list(tries(60))
    assert len(tried) > 100
    assert 60 <= sum(pauses) < 60.5


def test_pauses_grow_to_half_a_second_and_are_not_the_same_for_two(pauses: list[float]) -> None:
    list(tries(60))
    first = list(pauses)
    assert max(first[:3]) < 0.04
    assert all(pause <= 0.5 for pause in first)
    assert max(first) > 0.3
    pauses.clear()
    list(tries(60))
    assert pauses != first


def test_a_run_that_loses_more_than_ten_times_wins_in_the_end(memory_world: World) -> None:
    memory_world.store.before_write += [raising(lambda: StoreConflictError("eu-1"))] * 40
    assert memory_world.make("ops", lock_timeout=60).changed
    assert time.monotonic() < 1060
