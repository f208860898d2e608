# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task without Ansible, for programs that are started by the faults and do it thousands of times."""

from __future__ import annotations

from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._model.wish import Wish
from ansible_collections.keywright.ssh.plugins.module_utils._registry.file_store import FileStore
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment
from ansible_collections.keywright.ssh.plugins.module_utils._service.run import fulfil

from ..places import REGION
from .worlds import World


def do(world: World, names: tuple[str, ...], options: dict[str, Any]) -> None:
    """Do what a task in a world asks for; raises what the core raises."""
    wish = Wish(**{"region": REGION, "names": names, "default_directory": str(world.keys), "lock_timeout": 5, **options})
    store = FileStore(str(world.registry))
    try:
        fulfil(wish, Environment(store), False)
    finally:
        store.close()
