# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How often to try again when others are faster: a shared store has no lock, so one of those who write at once wins."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator

LEAST_TRIES = 10
FIRST_PAUSE_SECONDS = 0.01
LONGEST_PAUSE_SECONDS = 0.5


def tries(seconds: float) -> Iterator[int]:
    """Yield the number of each try: ten at least, and more until the seconds are over.

    The pauses between them grow, and their lengths are random, so that those who collided do not collide again.
    """
    deadline = time.monotonic() + seconds
    number = 0
    while number < LEAST_TRIES or time.monotonic() < deadline:
        yield number
        pause = min(FIRST_PAUSE_SECONDS * 2 ** min(number, 10), LONGEST_PAUSE_SECONDS)
        time.sleep(pause * secrets.randbelow(1000) / 1000)
        number += 1
