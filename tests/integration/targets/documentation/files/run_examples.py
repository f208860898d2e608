# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run every example of the documentation: YAML with ansible-playbook, console lines with the shell.

Usage: run_examples.py COLLECTION WORK {own|peers|hosts|servers} [ARGUMENT...]. The examples of one file run in order, in one folder
and home of their own. "peers" are the files whose examples use other collections, too, "hosts" those that need hosts,
"servers" those that need servers of shared registries, and "own" all others. The arguments are for ansible-playbook. For
"servers", the environment variable KEYWRIGHT_EXAMPLES_ETCD names the members that stand in for the ones of the examples.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

PEERS = ("community.crypto.openssh_keypair:", "amazon.aws.ec2_key:")
SERVERS = ("etcd://", "etcds://", "postgresql://")
HOSTS = ("keywright.ssh.ssh_keypair_binding:", "keywright.ssh.bind\n")
CREATE = "ansible localhost -m keywright.ssh.ssh_keypair -a 'name=ops,web,db region=eu-1'"
BEFORE = dict.fromkeys(("ssh_public_key.py", "ssh_keypair_binding.py", "registry.py", "registry_copy.py", "team.rst"), CREATE)
STAND_IN = re.compile(r"etcds?://[^/\s]+/")
VARIABLES = {"backup_passphrase": "a passphrase for the examples"}
FIXTURES = """
ssh-keygen -q -t ed25519 -N '' -C alice@laptop -f alice
mkdir -m 0700 private
ssh-keygen -q -t rsa -b 2048 -N '' -C legacy -f private/id_rsa
echo 'a passphrase for the examples' > passphrase.txt
echo 'a password for the examples' > password.txt
git config --global user.name Alice
git config --global user.email alice@example.com
"""
RST_BLOCK = re.compile(r"^\.\. code-block:: (yaml|console)\n\n((?:    .*\n|\n)+)", re.MULTILINE)
MARKDOWN_BLOCK = re.compile(r"^```(yaml|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_A_USERS = ("ANSIBLE_CONFIG", "ANSIBLE_HOST_PATTERN_MISMATCH", "ANSIBLE_INVENTORY", "ANSIBLE_PLAYBOOK_DIR")  # what ansible-test sets
NOT_HERE = re.compile(r"^make ")  # the README's two commands are what runs this


class Example(NamedTuple):
    language: str
    text: str


def examples_of(source: Path) -> Iterator[Example]:
    text = source.read_text(encoding="utf-8")
    if source.suffix == ".py":
        assigned = {
            node.targets[0].id: node.value
            for node in ast.parse(text).body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        yield Example("yaml", ast.literal_eval(assigned["EXAMPLES"]))
        return
    pattern = RST_BLOCK if source.suffix == ".rst" else MARKDOWN_BLOCK
    for language, block in pattern.findall(text):
        yield Example(language, textwrap.dedent(block))


def adapted(example: Example, source: Path) -> Example:
    """Return the example with the servers that are there, and with a prefix of the file's own."""
    members = os.environ.get("KEYWRIGHT_EXAMPLES_ETCD", "")
    return example._replace(text=STAND_IN.sub(f"etcd://{members}/{source.stem}-", example.text))


def kind_of(source: Path) -> str:
    texts = [example.text for example in examples_of(source)]
    if any(use in text for text in texts for use in PEERS):
        return "peers"
    if any(use in text for text in texts for use in SERVERS):
        return "servers"
    return "hosts" if any(use in text for text in texts for use in HOSTS) else "own"


def sources(collection: Path, kind: str) -> Iterator[Path]:
    plugins = [path for folder in ("modules", "lookup", "inventory") for path in sorted((collection / "plugins" / folder).glob("[!_]*.py"))]
    for source in [collection / "README.md", *sorted((collection / "docs/docsite/rst").glob("*.rst")), *plugins]:
        if kind_of(source) == kind:
            yield source


def run(command: list[str], folder: Path) -> None:
    outer = {name: value for name, value in os.environ.items() if name not in NOT_A_USERS}
    environment = {**outer, "HOME": str(folder), "ANSIBLE_LOCALHOST_WARNING": "False", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False"}
    done = subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"FAILED in {folder.name}: {' '.join(command)}\n{done.stdout}\n{done.stderr}")


def play_of(example: Any, folder: Path, kind: str) -> list[dict[str, Any]]:
    """Return plays that run an example: plays themselves, a list of tasks, or the dependencies of a role."""
    hosts = "all" if kind == "hosts" else "localhost"
    if isinstance(example, dict):
        meta = folder / "roles/depending/meta/main.yml"
        meta.parent.mkdir(parents=True, exist_ok=True)
        meta.write_text(yaml.safe_dump(example), encoding="utf-8")
        return [{"name": "Example", "hosts": hosts, "gather_facts": False, "roles": ["depending"]}]
    if "hosts" in example[0]:
        return list(example)
    return [{"name": "Example", "hosts": hosts, "gather_facts": False, "vars": VARIABLES, "tasks": example}]


def run_example(example: Example, number: int, folder: Path, kind: str, arguments: list[str]) -> int:
    if example.language == "console":
        commands = [line.removeprefix("$ ") for line in example.text.splitlines() if line.startswith("$ ")]
        commands = [command for command in commands if not NOT_HERE.match(command)]
        for command in commands:
            run(["bash", "-ec", command], folder)
        return len(commands)
    loaded = yaml.safe_load(example.text)
    if isinstance(loaded, dict) and "plugin" in loaded:
        inventory = folder / f"example_{number}.keywright.yml"
        inventory.write_text(example.text, encoding="utf-8")
        run(["env", "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=true", "ansible-inventory", "-i", inventory.name, "--list"], folder)
        return 1
    playbook = folder / f"example_{number}.yml"
    playbook.write_text(yaml.safe_dump(play_of(loaded, folder, kind), sort_keys=False), encoding="utf-8")
    run(["ansible-playbook", *arguments, playbook.name], folder)
    return 1


def main() -> None:
    collection, work, kind = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    total = 0
    for source in sources(collection, kind):
        folder = work / source.name
        folder.mkdir(parents=True)
        run(["bash", "-ec", FIXTURES], folder)
        if source.name in BEFORE:
            run(["bash", "-ec", BEFORE[source.name]], folder)
        examples = [adapted(example, source) if kind == "servers" else example for example in examples_of(source)]
        count = sum(run_example(example, number, folder, kind, sys.argv[4:]) for number, example in enumerate(examples))
        print(f"{source.name}: {count} examples ran")
        total += count
    if not total:
        sys.exit("FAILED: no example was found")


if __name__ == "__main__":
    main()
