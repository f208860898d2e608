# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller that everything is measured on: one environment of Python, one home, and the collection as it is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.collection_tree import make_tree

_FIXTURES = Path(__file__).resolve().parent / "collections"
_PROGRAMS = Path(__file__).resolve().parent / "programs"
_CONFIGURATION = """\
[defaults]
localhost_warning = False
[inventory]
inventory_unparsed_warning = False
"""

Play = dict[str, Any]


class Controller:
    """``peers`` is the folder of programs of the environment with other people's collections; all files are below ``folder``."""

    def __init__(self, peers: Path, folder: Path) -> None:
        self.peers = peers.absolute()
        self.folder = folder
        self.collections = folder / "collections"

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables of every measured program: none of the outer ones but PATH, without the shims of pyenv."""
        folders = [name for name in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(name).name != "shims"]
        return {
            "PATH": os.pathsep.join([str(self.peers), *folders]),
            "HOME": str(self.folder / "home"),
            "LANG": "C.UTF-8",
            "PYTHONPATH": "",
            "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
        }

    def install(self) -> None:
        """Build the collection from the checkout and install it, with the fixtures, as a user's is."""
        for name in ("home", "logs", "plays"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "ansible.cfg").write_text(_CONFIGURATION, encoding="utf-8")
        shutil.rmtree(self.collections, ignore_errors=True)
        tree = make_tree(self.folder / "tree")
        install = ["ansible-galaxy", "collection", "install", "--force", "--collections-path", str(self.collections), str(tree)]
        subprocess.run([self.peers / install[0], *install[1:]], env=self.environment, check=True, stdout=subprocess.DEVNULL)
        shutil.copytree(_FIXTURES, self.collections, dirs_exist_ok=True)

    def play(self, name: str, play: Play, *arguments: str) -> list[str]:
        """Write a playbook of one play and return the command that runs it."""
        file = self.folder / "plays" / f"{name}.yml"
        file.write_text(f"---\n{json.dumps([play], indent=1)}\n", encoding="utf-8")
        return [str(self.peers / "ansible-playbook"), str(file), *arguments]

    def program(self, name: str, *arguments: str | Path | int) -> list[str]:
        """Return the command that runs one of the bare Python programs."""
        return [str(self.peers / "python"), str(_PROGRAMS / f"{name}.py"), *map(str, arguments)]

    def run_program(self, name: str, *arguments: str | Path | int) -> None:
        """Run one of the bare Python programs, which may import the collection."""
        subprocess.run(self.program(name, *arguments), env=self.importing, check=True)

    @property
    def importing(self) -> dict[str, str]:
        """Return the variables for a program that imports the collection without Ansible."""
        return {**self.environment, "PYTHONPATH": str(self.collections)}

    def log(self, name: str) -> Path:
        """Return where the output of a measured program goes."""
        return self.folder / "logs" / f"{name.replace('/', '-')}.log"

    def versions(self) -> Mapping[str, str]:
        """Return the versions of what is measured with."""
        command: Sequence[str] = self.program("versions")
        done = subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True)
        versions: dict[str, str] = json.loads(done.stdout)
        return versions


def tasks_play(*tasks: Mapping[str, Any], hosts: str = "localhost", **keywords: Any) -> Play:
    """Return a play with these tasks, which gathers no facts."""
    return {"name": "Measure", "hosts": hosts, "gather_facts": False, **keywords, "tasks": list(tasks)}
