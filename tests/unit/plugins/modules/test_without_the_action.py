# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules that are run without their action plugins, as files: what they were given may hold a password, and is not repeated."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MODULES = Path(__file__).resolve().parents[4] / "plugins" / "modules"
URL = "file://u:zqxj@h/keys"
CASES: dict[str, dict[str, Any]] = {
    "ssh_keypair": {"name": "ops", "region": "eu-1", "registry": URL},
    "ssh_keypair_info": {"registry": URL},
    "registry_copy": {"registry": "/nowhere", "destination": URL},
    "ssh_keypair_binding": {"name": "ops", "region": "eu-1", "registry": URL},
}
RUN = """
import runpy, sys
sys.path[:0] = {path!r}
from ansible.plugins.loader import init_plugin_loader; init_plugin_loader()
sys.argv = [{module!r}, {arguments!r}]
runpy.run_path({module!r}, run_name="__main__")
"""


def _result(name: str, arguments: dict[str, Any], folder: Path) -> dict[str, Any]:
    file = folder / "arguments"
    file.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {**arguments, "_ansible_remote_tmp": str(folder)}}))
    code = RUN.format(path=sys.path, module=str(MODULES / f"{name}.py"), arguments=str(file))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", CASES)
def test_a_failure_does_not_repeat_a_password_that_stands_in_a_url(name: str, tmp_path: Path) -> None:
    result = _result(name, CASES[name], tmp_path)
    assert result["failed"] is True
    assert "zqxj" not in str(result)


def test_a_result_does_not_repeat_the_arguments(tmp_path: Path) -> None:
    arguments = {"name": "ops", "region": "eu-1", "registry": f"{tmp_path}/zqxj", "private_key_dir": f"{tmp_path}/keys"}
    assert _result("ssh_keypair", arguments, tmp_path)["changed"] is True
    again = _result("ssh_keypair", arguments, tmp_path)
    assert again["changed"] is False
    assert "zqxj" not in str(again)
