# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules that are run without their action plugins, as files: what they were given may hold a password or a private key.

That is not repeated, and does not get into the system's log either, where a module of Ansible's writes its arguments before it
does anything else.
"""

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
SECRETS: dict[str, dict[str, Any]] = {
    "ssh_keypair": {"name": "ops", "region": "eu-1", "public_key": "-----BEGIN PRIVATE KEY-----\nzqxj"},
    "ssh_keypair_info": {"registry": "/nowhere", "fingerprint": ["zqxj"]},
    "registry_copy": {"registry": "/nowhere", "destination": "/nowhere/zqxj"},
    "ssh_keypair_binding": {"name": "zqxj", "region": "eu-1"},
}
EDIT = {"name": "ops", "region": "host", "_edit": {"user": "nobody-zqxj", "grant": None, "revoke": []}}
# The system's log is a file, and none of journald's, to which Ansible would rather write.
RUN = """
import runpy, sys, syslog
sys.modules["systemd"] = None
syslog.syslog = lambda *told: print(told, file=open({log!r}, "a"))
sys.path[:0] = {path!r}
from ansible.plugins.loader import init_plugin_loader; init_plugin_loader()
sys.argv = [{module!r}, {arguments!r}]
runpy.run_path({module!r}, run_name="__main__")
"""


def _result(name: str, arguments: dict[str, Any], folder: Path) -> dict[str, Any]:
    file = folder / "arguments"
    told = {"_ansible_remote_tmp": str(folder), "_ansible_no_log": False}  # as Ansible tells each module whose task says nothing of no_log
    file.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {**arguments, **told}}))
    code = RUN.format(path=sys.path, log=str(folder / "log"), module=str(MODULES / f"{name}.py"), arguments=str(file))
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


@pytest.mark.parametrize("name", SECRETS)
def test_the_arguments_stay_out_of_the_systems_log(name: str, tmp_path: Path) -> None:
    assert _result(name, SECRETS[name], tmp_path)["failed"] is True
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize("name", SECRETS)
def test_a_failure_of_ansibles_own_does_not_repeat_the_arguments(name: str, tmp_path: Path) -> None:
    result = _result(name, {**SECRETS[name], "no_such_option": "x"}, tmp_path)
    assert result["failed"] is True
    assert "no_such_option" in result["msg"]
    assert "zqxj" not in str(result)


def test_an_edit_that_the_action_asks_for_is_in_the_hosts_log(tmp_path: Path) -> None:
    _result("ssh_keypair_binding", EDIT, tmp_path)
    assert "nobody-zqxj" in (tmp_path / "log").read_text()
