# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the documentation site: the reference generated from the collection, and the guides of ``docs/docsite/rst``.

Warnings are errors. It needs no network.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess  # nosec B404 # each command is a list, without a shell
import sys
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.collection_tree import CHECKOUT

# What the generated pages refer to in Ansible's documentation: label and page.
ANSIBLE_LABELS = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
    "general_precedence_rules": "reference_appendices/general_precedence.html",
}
FOREIGN_PLUGIN = re.compile(r"<(ansible_collections\.(?!keywright\.ssh\.)(\w+)\.(\w+)\.(\w+))>")


def labels(pages: Path) -> dict[str, str]:
    """Return the labels outside of the site that its pages may refer to, plugins of other collections too, with their pages."""
    found = {match.groups() for page in pages.rglob("*.rst") for match in FOREIGN_PLUGIN.finditer(page.read_text(encoding="utf-8"))}
    return ANSIBLE_LABELS | {label: f"collections/{namespace}/{name}/{plugin}.html" for label, namespace, name, plugin in found}


def write_inventory(target: Path, pages_by_label: Mapping[str, str]) -> None:
    """Write a Sphinx inventory, version 2: a plain head and compressed lines."""
    head = "# Sphinx inventory version 2\n# Project: Ansible\n# Version:\n# The remainder of this file is compressed using zlib.\n"
    lines = (f"{label} std:label -1 {page}#{label.replace('_', '-').replace('.', '-')} -\n" for label, page in pages_by_label.items())
    target.write_bytes(head.encode() + zlib.compress("".join(lines).encode()))


def run(command: Sequence[str], variables: Mapping[str, str]) -> None:
    """Run one tool; raise `subprocess.CalledProcessError` if it fails."""
    subprocess.run(command, check=True, env={**os.environ, **variables})  # nosec B603 # it comes from the checkout


def build(target: Path) -> Path:
    """Build the site below the target folder and return its first page."""
    pages, site, inventory = target / "rst", target / "html", target / "ansible.inv"
    pages.mkdir(parents=True, exist_ok=True)
    # antsibull-docs insists on a folder that nobody else can write to.
    pages.chmod(0o700)
    reference = ["--use-current", "--squash-hierarchy", "--fail-on-error", "--cleanup", "everything", "--dest-dir", str(pages)]
    run(["antsibull-docs", "collection", *reference, "keywright.ssh"], {})
    write_inventory(inventory, labels(pages))
    strict = ["-W", "--keep-going", "-q", "-b", "html", "-d", str(target / "doctrees"), "-c", str(CHECKOUT / "tools" / "docsite")]
    run(["sphinx-build", *strict, str(pages), str(site)], {"ANSIBLE_INVENTORY_FILE": str(inventory)})
    return site / "index.html"


def main(arguments: Sequence[str] | None = None) -> None:
    """Build, and print where to look."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path, help="folder of the site")
    try:
        print("Open", build(parser.parse_args(arguments).target.resolve()))
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error.cmd[0]} failed with exit status {error.returncode}.")


if __name__ == "__main__":
    main()
