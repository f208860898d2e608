# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell the person who waits for a large batch where it stands: after a second, and once in every second after that."""

from __future__ import annotations

import time
from collections.abc import Callable

INTERVAL = 1.0


class Progress:
    """Called with what is done, such as ``private keys made``, how many are done and how many there are; ``clock`` is in seconds."""

    def __init__(self, tell: Callable[[str], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._tell = tell
        self._clock = clock
        self._told_at = clock()

    def __call__(self, what: str, done: int, total: int) -> None:
        now = self._clock()
        if done < total and now - self._told_at >= INTERVAL:
            self._told_at = now
            self._tell(f"{done} of {total} {what}")
