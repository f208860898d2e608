# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of a binding that runs on the host, on the Pythons that hosts have: the file itself, with the standard library alone."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._boundary import quiet_module
from ansible_collections.keywright.ssh.plugins.module_utils._rules import authorized_keys
from ansible_collections.keywright.ssh.plugins.modules import ssh_keypair_binding
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import material

HOSTS_ONLY = ("3.7", "3.8", "3.9")
# What ansible-core brings along to a host, and what a task does there. This must run on the oldest of the Pythons.
BASIC = """
class AnsibleModule(object):
    def __init__(self, argument_spec, supports_check_mode):
        import json, sys
        given = json.loads(sys.stdin.readline())
        self.params = {name: given.get(name) for name in argument_spec}
        self.check_mode = given["check_mode"]

    def exit_json(self, **result):
        import json
        print(json.dumps(result))

    fail_json = exit_json
"""
TASKS = """
import importlib.util
import os
import pwd
import sys

home, source = sys.argv[1:]
account = pwd.struct_passwd(("deploy", "*", os.getuid(), os.getgid(), "", home, "/bin/sh"))
pwd.getpwnam = lambda name: {"deploy": account}[name]
spec = importlib.util.spec_from_file_location("ssh_keypair_binding", source)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
for _task in range(int(sys.stdin.readline())):
    module.main()
"""
FOREIGN = 'from="10.0.0.0/8" ' + material(1).line("laptop")
OPS = material(2).line("ops")
TWO = material(3).line("two")


def _pythons() -> Iterator[tuple[str, str]]:
    """Return the Python that runs this, and those of hosts alone that are found and start; a shim of pyenv may not."""
    yield "this one", sys.executable
    roots = {os.environ.get("PYENV_ROOT", ""), os.path.join(pwd.getpwuid(os.getuid()).pw_dir, ".pyenv")}
    for version in HOSTS_ONLY:
        built = [str(path) for root in roots if root for path in Path(root, "versions").glob(f"{version}.*/bin/python{version}")]
        for python in [shutil.which(f"python{version}"), *built]:
            if python is not None and subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0:
                yield version, python
                break


PYTHONS = dict(_pythons())


class Host:
    """A host with nothing but a Python."""

    def __init__(self, python: str, folder: Path) -> None:
        self._python = python
        self._folder = folder
        self.home = folder / "home"
        self.home.mkdir()
        package = folder / "lib" / "ansible" / "module_utils"
        package.mkdir(parents=True)
        for init in (package, package.parent):
            (init / "__init__.py").touch()
        (package / "basic.py").write_text(BASIC)
        for each in (quiet_module, authorized_keys):
            imported = folder / "lib" / Path(*each.__name__.split(".")).with_suffix(".py")
            imported.parent.mkdir(parents=True)
            shutil.copy(str(each.__file__), imported)
        (folder / "tasks.py").write_text(TASKS)

    def run(self, *edits: dict[str, Any], check_mode: bool = False) -> list[dict[str, Any]]:
        """Run the module's file once for each edit, and return the results; a warning is an error."""
        tasks = [{"check_mode": check_mode, "_edit": {"user": "deploy", "path": None, **edit}} for edit in edits]
        done = subprocess.run(
            [self._python, "-B", "-W", "error", self._folder / "tasks.py", self.home, ssh_keypair_binding.__file__],
            input="".join(f"{line}\n" for line in [len(tasks), *map(json.dumps, tasks)]),
            env={"PYTHONPATH": str(self._folder / "lib"), "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    @property
    def content(self) -> str:
        return (self.home / ".ssh" / "authorized_keys").read_text()


@pytest.fixture(params=list(PYTHONS.values()), ids=list(PYTHONS))
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Host:
    return Host(request.param, tmp_path)


def test_an_edit_its_look_its_repetition_and_its_undo(host: Host) -> None:
    (host.home / ".ssh").mkdir(mode=0o700)
    (host.home / ".ssh" / "authorized_keys").write_text(f"# \u00fc\n{FOREIGN}\n{OPS}")
    edit = {"grant": TWO, "revoke": [material(2).fingerprint]}
    assert [each["changed"] for each in host.run(edit, edit, check_mode=True)] == [True, True]
    done, again = host.run(edit, edit)
    assert (done["changed"], done["added"], done["removed"]) == (True, [TWO], [OPS])
    assert not again["changed"]
    assert host.content == f"# \u00fc\n{FOREIGN}\n{TWO}\n"
    (undone,) = host.run({"undo": {field: done[field] for field in ("before", "after", "added", "removed")}})
    assert undone["changed"]
    assert host.content == f"# \u00fc\n{FOREIGN}\n{OPS}"


def test_a_folder_is_made_and_all_other_keys_go(host: Host) -> None:
    first, second = host.run({"grant": OPS}, {"grant": TWO, "exclusive": True})
    assert first["changed"] and second["changed"]
    assert host.content == f"{TWO}\n"


def test_a_refusal_is_a_result(host: Host) -> None:
    (host.home / ".ssh").symlink_to("elsewhere")
    linked, unknown = host.run({"grant": OPS}, {"grant": OPS, "user": "nobody"})
    assert linked["error_code"] == "Binding.Unsafe"
    assert unknown["error_code"] == "Binding.AccountNotFound"
    assert linked["failed"] and unknown["failed"]
