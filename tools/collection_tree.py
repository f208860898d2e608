# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copy the checkout to where Ansible's tools look for a collection: ``…/ansible_collections/keywright/ssh``.

ansible-test, mypy and antsibull-docs take the names of modules from the path, and ansible-test refuses a symlink.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess  # nosec B404 # each command is a list, without a shell
from collections.abc import Sequence
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
BUILD = CHECKOUT / ".build"


def files_of_checkout() -> list[Path]:
    """List, relative to the checkout, the files that git tracks or would track: nothing that is ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(  # nosec B603 # it comes from the checkout
        command, cwd=CHECKOUT, check=True, capture_output=True, text=True
    ).stdout
    return [Path(name) for name in sorted(set(names.split("\0"))) if name and (CHECKOUT / name).exists()]


def make_tree(parent: Path) -> Path:
    """Make ``parent/ansible_collections/keywright/ssh`` a fresh copy of the checkout, and return it.

    The copy is a git repository of its own. Otherwise ansible-test would ask the checkout's, which ignores the
    folder, find no files, and pass without testing anything.
    """
    tree = parent / "ansible_collections" / "keywright" / "ssh"
    shutil.rmtree(tree, ignore_errors=True)
    for name in files_of_checkout():
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(CHECKOUT / name, target, follow_symlinks=False)
    subprocess.run(["git", "init", "--quiet", str(tree)], check=True)  # nosec B603 B607 # git is where the user's PATH says
    return tree


def main(arguments: Sequence[str] | None = None) -> None:
    """Copy, and print where to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parent", type=Path, default=BUILD, help="folder of the copy")
    print(make_tree(parser.parse_args(arguments).parent.resolve()))


if __name__ == "__main__":
    main()
