# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run needs of the world, so that tests and other front ends can give it another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone

from ansible_collections.keywright.ssh.plugins.module_utils._delivery.controller import this_controller
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Store


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _tell_nobody(_secret: str) -> None:
    pass


def _show_nobody(_what: str, _done: int, _total: int) -> None:
    pass


@dataclass(frozen=True)
class Environment:
    """``now`` returns an aware time; ``on_secret`` is told each secret text that comes into being, so that it can be masked.

    ``on_progress`` is told of every step of a batch: what is done, how many are done, and how many there are.
    ``temporary`` is the folder of files that are not to outlive the run; None is the system's, which nobody may clear.
    """

    store: Store
    controller: str = field(default_factory=this_controller)
    now: Callable[[], datetime] = _now
    on_secret: Callable[[str], None] = _tell_nobody
    on_progress: Callable[[str, int, int], None] = _show_nobody
    temporary: str | None = None
