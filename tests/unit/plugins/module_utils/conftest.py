# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every unit test can ask for: a controller of its own, on files or on a registry in memory."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.memory_store import MemoryStore
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import World
from hypothesis import HealthCheck, settings
from hypothesis.configuration import set_hypothesis_home_dir

IN_MEMORY = Path("/dev/shm")

# Every run tries the same, and what Hypothesis keeps does not appear in the checkout; `make test-faults` tries at random.
_kept = tempfile.TemporaryDirectory(prefix="keywright-hypothesis-")
atexit.register(_kept.cleanup)
set_hypothesis_home_dir(_kept.name)
settings.register_profile("same", max_examples=50, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile("same")


@pytest.fixture
def quick_path(tmp_path: Path) -> Iterator[Path]:
    """Return an empty directory on a file system that flushes at no cost, where there is one."""
    made = Path(tempfile.mkdtemp(dir=IN_MEMORY if IN_MEMORY.is_dir() else tmp_path))
    (made / "world").mkdir(mode=0o700)
    yield made / "world"
    shutil.rmtree(made)


@pytest.fixture
def world(quick_path: Path) -> World:
    """Return a controller whose registry is a directory of files."""
    return World(quick_path)


@pytest.fixture
def memory() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def memory_world(quick_path: Path, memory: MemoryStore) -> World:
    """Return a controller whose registry is in memory and cannot lock."""
    return World(quick_path, memory)


@pytest.fixture(params=["files", "memory"])
def any_world(request: pytest.FixtureRequest, quick_path: Path) -> World:
    """Return a controller with a registry of either kind."""
    return World(quick_path, MemoryStore() if request.param == "memory" else None)
