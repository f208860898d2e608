# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A registry that is a dict: what a store has to do, with no file and no lock of regions, and doors through which others can step in."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError, StoreConflictError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Document
from ansible_collections.keywright.ssh.plugins.module_utils._registry import codec
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Snapshot


class MemoryStore:
    """Documents by region, as bytes, so that what is read back went through the codec.

    ``after_read``, ``before_write`` and ``after_write`` are called once, in the order in which they were added, each at its
    moment: there somebody else acts, or the connection breaks.
    """

    identity = "memory:test"

    def __init__(self) -> None:
        self.documents: dict[str, bytes] = {}
        self.writes = 0
        self.confirmed: list[str] = []
        self.locked_accounts: set[str] = set()
        self.after_read: list[Callable[[], None]] = []
        self.before_write: list[Callable[[], None]] = []
        self.after_write: list[Callable[[], None]] = []

    def missing(self) -> str | None:
        return None

    def warnings(self) -> list[str]:
        return []

    def regions(self) -> list[str]:
        return sorted(self.documents)

    @contextlib.contextmanager
    def exclusive(self, region: str, timeout: float) -> Iterator[None]:
        yield

    @contextlib.contextmanager
    def exclusive_account(self, account: str, timeout: float) -> Iterator[None]:
        if account in self.locked_accounts:
            raise KeyPairError(ErrorCode.LOCK_TIMEOUT, f"The lock of '{account}' was not free.")
        self.locked_accounts.add(account)
        try:
            yield
        finally:
            self.locked_accounts.discard(account)

    def read(self, region: str) -> Snapshot:
        data = self.documents.get(region)
        snapshot = Snapshot(Document(region, "", 0) if data is None else codec.decode(data, region), None if data is None else repr(data))
        _happen(self.after_read)
        return snapshot

    def settle(self, region: str) -> Snapshot:
        return self.read(region)

    def write(self, region: str, document: Document, expected: str | None) -> str:
        _happen(self.before_write)
        data = self.documents.get(region)
        if (None if data is None else repr(data)) != expected:
            raise StoreConflictError(region)
        self.documents[region] = codec.encode(document)
        self.writes += 1
        _happen(self.after_write)
        return repr(self.documents[region])

    def confirm(self, region: str) -> None:
        self.confirmed.append(region)

    def check_room(self, region: str, document: Document, more: int) -> None:
        pass

    def close(self) -> None:
        pass


def _happen(events: list[Callable[[], None]]) -> None:
    if events:
        events.pop(0)()
