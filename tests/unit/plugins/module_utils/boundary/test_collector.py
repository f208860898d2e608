# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.collector import paused_collector


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """Leave the collector as the other tests want it."""
    yield
    gc.enable()


class _Cycle:
    def __init__(self) -> None:
        self.itself = self


def _is_collected_by_itself() -> bool:
    """Make a cycle and much else, and tell whether the cycle is gone then."""
    cycle = weakref.ref(_Cycle())
    kept: list[list[int]] = []
    kept.extend([] for _each in range(100_000))
    return cycle() is None


def test_nothing_is_collected_during_the_block_and_all_of_it_after() -> None:
    with paused_collector():
        assert not _is_collected_by_itself()
    assert _is_collected_by_itself()


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("error", [None, KeyError(), KeyboardInterrupt()], ids=repr)
def test_the_collector_is_left_as_it_was_whatever_happens(enabled: bool, error: BaseException | None) -> None:
    if not enabled:
        gc.disable()
    try:
        with paused_collector():
            if error is not None:
                raise error
    except (KeyError, KeyboardInterrupt):
        pass
    assert gc.isenabled() == enabled
