# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the guide and the documentation tell to do with shared registries is done, with a cluster of etcd."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ansible_collections.keywright.ssh.tests.servers import etcd, programs

CHECKOUT = Path(__file__).resolve().parents[2]
EXAMPLES = CHECKOUT / "tests" / "integration" / "targets" / "documentation" / "files" / "run_examples.py"


def test_every_example_runs(cluster: etcd.Etcd, tmp_path: Path) -> None:
    members = ",".join(f"127.0.0.1:{member.port}" for member in cluster.members)
    folders = [str(programs.etcdctl().parent), str(Path(sys.executable).parent), os.environ["PATH"]]
    variables = {
        "PATH": ":".join(folders),
        "KEYWRIGHT_EXAMPLES_ETCD": members,
        "ETCDCTL_ENDPOINTS": members,
        "ETCDCTL_API": "3",
        "ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"],
    }
    command = [sys.executable, str(EXAMPLES), str(CHECKOUT), str(tmp_path), "servers"]
    done = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == ["team.rst", "registry_copy.py"]
