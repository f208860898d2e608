# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many who write to one region at once, round by round: in each one of them may win."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import StoreConflictError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Document
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Store
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import REGION, document, key_pair

Write = Callable[[Store, Document, str | None], object]
SECONDS = 60


def directly(store: Store, written: Document, expected: str | None) -> None:
    """Write without the lock of the region, which stores with servers do not need."""
    store.write(REGION, written, expected)


def contest(opened: Callable[[], Store], writers: int, rounds: int, write: Write = directly) -> list[int]:
    """Let each writer read and then all write at once, in each round; return the rounds that were won, and raise what failed."""
    wins: list[int] = []
    failures: list[Exception] = []
    barrier = threading.Barrier(writers, timeout=SECONDS)

    def compete(number: int) -> None:
        try:
            store = opened()
            for each in range(rounds):
                expected = store.read(REGION).version
                barrier.wait()
                try:
                    write(store, document(key_pair(f"k{number}"), serial=each + 1), expected)
                    wins.append(each)
                except StoreConflictError:
                    pass
                barrier.wait()
        except Exception as error:
            failures.append(error)
            barrier.abort()

    threads = [threading.Thread(target=compete, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return sorted(wins)
