# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a store keeps trying when its servers do not answer."""

from __future__ import annotations

import contextlib
import contextvars
import math
import time
from collections.abc import Iterator

PAUSE_SECONDS = 0.1
REQUEST_SECONDS = 5.0
LEAST_SECONDS = 1.0
HASTE_SECONDS = 2.0

_deadline = contextvars.ContextVar("_deadline", default=math.inf)


@contextlib.contextmanager
def in_haste() -> Iterator[None]:
    """Leave no more than two seconds of any patience for the block: whoever interrupts a task wants it to end."""
    token = _deadline.set(time.monotonic() + HASTE_SECONDS)
    try:
        yield
    finally:
        _deadline.reset(token)


class Patience:
    """A span of seconds that begins with a question and is forgotten with its answer."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until: float | None = None

    def answered(self) -> None:
        """Note that a server has answered, be it with a refusal."""
        self._until = None

    def left(self) -> float:
        """Return how many seconds are left of those that began with the first question that was not answered."""
        if self._until is None:
            self._until = time.monotonic() + self.seconds
        return max(0.0, min(self._until, _deadline.get()) - time.monotonic())

    def request_seconds(self, servers: int = 1) -> float:
        """Return how long to wait for one answer if so many servers, who share the seconds, are still to be asked.

        Each gets a part of them even if none are left, so that one that is silent does not hide one that is well.
        """
        least = LEAST_SECONDS if servers == 1 else LEAST_SECONDS / 2
        return min(REQUEST_SECONDS, max(least, self.left() / servers))

    def is_over(self) -> bool:
        """Pause after a failure, and tell whether there is no time left to try again."""
        if self.left() <= PAUSE_SECONDS:
            return True
        time.sleep(PAUSE_SECONDS)
        return False
