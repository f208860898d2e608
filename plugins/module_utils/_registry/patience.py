# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a store keeps trying when its servers do not answer."""

from __future__ import annotations

import time

PAUSE_SECONDS = 0.1
REQUEST_SECONDS = 5.0
LEAST_SECONDS = 1.0


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
        return max(0.0, self._until - time.monotonic())

    def request_seconds(self) -> float:
        """Return how long to wait for one answer: a server that does not give it leaves time to ask another one."""
        return min(REQUEST_SECONDS, max(LEAST_SECONDS, self.left()))

    def is_over(self) -> bool:
        """Pause after a failure, and tell whether there is no time left to try again."""
        if self.left() <= PAUSE_SECONDS:
            return True
        time.sleep(PAUSE_SECONDS)
        return False
