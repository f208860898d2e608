# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._boundary import ssh_keypair
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.ssh_keypair import rehearse

MAKES_ED25519 = "cryptography.hazmat.primitives.asymmetric.ed25519"
CONNECTS_TO_ETCD, CONNECTS_TO_POSTGRESQL = "etcd3gw", "psycopg"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Look into the only place where a rehearsal could leave something, and leave the modules as other tests want them."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("KEYWRIGHT_REGISTRY", raising=False)
    for module in (MAKES_ED25519, CONNECTS_TO_ETCD, CONNECTS_TO_POSTGRESQL):
        monkeypatch.delitem(sys.modules, module, raising=False)
    yield tmp_path
    assert list(tmp_path.iterdir()) == []


def test_it_goes_to_its_end_and_loads_what_makes_keys() -> None:
    rehearse()
    assert MAKES_ED25519 in sys.modules
    assert CONNECTS_TO_ETCD not in sys.modules
    assert CONNECTS_TO_POSTGRESQL not in sys.modules


_LIMITS = """
import resource
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.ssh_keypair import rehearse

def told():
    with open("/proc/self/coredump_filter") as file:
        return resource.getrlimit(resource.RLIMIT_CORE), file.read()

resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
with open("/proc/self/coredump_filter", "w") as file:  # another test may have taken that of the process that starts this
    file.write("0x33")
before = told()
rehearse()
print(before == told(), before[1])
"""


def test_whoever_runs_ansible_may_dump_core_as_before() -> None:
    path = os.pathsep.join([ssh_keypair.__file__.partition("/ansible_collections/")[0], *sys.path])
    done = subprocess.run([sys.executable, "-c", _LIMITS], env={"PYTHONPATH": path}, capture_output=True, text=True, check=True)
    same, dumped = done.stdout.split()
    assert same == "True"
    assert int(dumped, 16) != 0


@pytest.mark.parametrize("registry", ["etcd://127.0.0.1:1/team", "nosuch://x", "etcd://", ""])
@pytest.mark.parametrize("missing", [MAKES_ED25519, CONNECTS_TO_ETCD])
def test_what_is_missing_or_wrong_is_no_error_yet(registry: str, missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYWRIGHT_REGISTRY", registry)
    monkeypatch.setitem(sys.modules, missing, None)
    rehearse()
    assert sys.modules[missing] is None
