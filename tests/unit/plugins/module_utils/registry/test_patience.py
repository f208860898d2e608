# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A span of seconds that begins with a question, however long its first answer is waited for."""

from __future__ import annotations

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._registry import patience
from ansible_collections.keywright.ssh.plugins.module_utils._registry.patience import Patience, in_haste


class Clock:
    """A clock that only sleeping and waiting move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(patience, "time", made)
    return made


def test_servers_that_hang_one_after_the_other_share_the_seconds(clock: Clock) -> None:
    patient = Patience(8)
    waited = []
    while True:
        waited.append(patient.request_seconds())
        clock.sleep(waited[-1])
        if patient.is_over():
            break
    assert waited == pytest.approx([5, 2.9])
    assert clock.now - 1000 == pytest.approx(8)


def test_a_server_that_refuses_the_connection_is_asked_until_the_seconds_are_over(clock: Clock) -> None:
    patient = Patience(2)
    patient.request_seconds()
    tries = 1
    while not patient.is_over():
        patient.request_seconds()
        tries += 1
    assert tries == pytest.approx(20, abs=1)
    assert clock.now - 1000 <= 2


def test_an_answer_gives_all_the_seconds_back(clock: Clock) -> None:
    patient = Patience(3)
    patient.request_seconds()
    clock.sleep(3)
    patient.answered()
    clock.sleep(100)
    assert patient.left() == 3
    assert not patient.is_over()


def test_when_nothing_is_left_one_more_request_gets_a_second(clock: Clock) -> None:
    patient = Patience(0)
    assert patient.request_seconds() == 1
    assert patient.is_over()
    assert patient.request_seconds() == 1


def test_members_who_are_all_silent_share_the_seconds_and_each_is_asked(clock: Clock) -> None:
    for seconds, waited in ((60, [5, 5, 5, 5, 5, 5]), (12, [2, 2, 2, 2, 2, 2]), (0, [0.5, 0.5, 0.5, 0.5, 0.5, 1])):
        patient = Patience(seconds)
        found = []
        for servers in (6, 5, 4, 3, 2, 1):
            found.append(patient.request_seconds(servers))
            clock.sleep(found[-1])
        assert found == pytest.approx(waited)


def test_in_haste_no_patience_lasts_longer_than_two_seconds(clock: Clock) -> None:
    begun, new = Patience(60), Patience(60)
    assert begun.left() == 60
    with in_haste():
        assert (begun.left(), new.left()) == (2, 2)
        clock.sleep(1.95)
        assert begun.is_over()
        assert new.is_over()
    assert begun.left() == pytest.approx(58.05)
