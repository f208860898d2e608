# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A registry in files, and another one that it is copied to."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._registry.file_store import FileStore
from ansible_collections.keywright.ssh.plugins.module_utils._service.copying import CopiedRegion, copy_registry
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.memory_store import MemoryStore
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import World

Copy = Callable[..., tuple[CopiedRegion, ...]]


@pytest.fixture
def other() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def copied(world: World, other: MemoryStore) -> Copy:
    """Return what copies the world's files to the other store."""

    def run(*regions: str, check_mode: bool = False, delete: bool = False) -> tuple[CopiedRegion, ...]:
        store = FileStore(str(world.registry))
        try:
            return copy_registry(Environment(store, world.controller), other, regions, 2, check_mode, delete)[0]
        finally:
            store.close()

    return run
