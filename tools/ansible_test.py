# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ansible-test's sanity, units or integration on a copy of the checkout, and make sure that it tested something.

It runs with the Python and the ansible-test of the environment that this script was started in.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess  # nosec B404 # each command is a list, without a shell
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tools.collection_tree import BUILD, CHECKOUT, make_tree

TESTS = ("sanity", "units", "integration")
PIP_BOOTSTRAP_NAMES = ("get_pip_23_1_2.py", "get_pip_24_2.py", "get_pip_25_2.py")
NOTHING_TESTED = re.compile(r"All targets skipped|No tests? (?:targets? )?(?:found|to run)|no tests ran|collected 0 items", re.IGNORECASE)
PROOF_OF_TESTING = {
    "sanity": re.compile(r"Running sanity test \"validate-modules\""),
    "units": re.compile(r"\d+ passed"),
    "integration": re.compile(r"^Running (\S+) integration test role", re.MULTILINE),
}


def prepare_home(home: Path) -> None:
    """Make a home folder in which ansible-test finds the script that it would download, and pip says little."""
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for name in PIP_BOOTSTRAP_NAMES:
        shutil.copyfile(CHECKOUT / "tools" / "pip_bootstrap.py", cache / name)
    configuration = home / ".config" / "pip" / "pip.conf"
    configuration.parent.mkdir(parents=True, exist_ok=True)
    configuration.write_text("[global]\nquiet = 1\n", encoding="utf-8")


def environment(home: Path, outer: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for ansible-test: its own home, the running Python first, and no pyenv shims.

    A shim of a version that is not selected exists and fails, which ansible-test takes as fatal.
    """
    folders = [folder for folder in outer.get("PATH", "").split(os.pathsep) if Path(folder).name != "shims"]
    kept = {name: value for name, value in outer.items() if not name.startswith(("ANSIBLE_", "KEYWRIGHT_"))}
    return {**kept, "HOME": str(home), "PATH": os.pathsep.join([str(Path(sys.executable).parent), *folders])}


def output_lines(command: Sequence[str], tree: Path, variables: Mapping[str, str]) -> Iterator[str]:
    """Yield what the command prints as it prints it; raise `subprocess.CalledProcessError` if it fails."""
    with subprocess.Popen(  # nosec B603 # it comes from the checkout
        command, cwd=tree, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        yield from process.stdout or ()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def run(test: str, tree: Path, home: Path, extra: Sequence[str]) -> None:
    """Run one of `TESTS` in the tree, showing its output; exit with the reason if it failed or tested nothing."""
    prepare_home(home)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    command = ["ansible-test", test, "--python", version, "--color", "no", *extra]
    output = []
    try:
        for line in output_lines(command, tree, environment(home, os.environ)):
            print(line, end="", flush=True)
            output.append(line)
    except subprocess.CalledProcessError as error:
        sys.exit(f"ansible-test {test} failed with exit status {error.returncode}.")
    text = "".join(output)
    if NOTHING_TESTED.search(text) or not PROOF_OF_TESTING[test].search(text):
        sys.exit(f"ansible-test {test} passed without testing anything.")


def configure_integration(tree: Path, peers: Path | None) -> None:
    """Tell the integration targets where the environment with other people's collections is."""
    if peers is not None:
        configuration = f"---\ninterop_peers: {json.dumps(str(peers.absolute()))}\n"
        (tree / "tests/integration/integration_config.yml").write_text(configuration, encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Copy the checkout and run the test that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("test", choices=TESTS)
    parser.add_argument("--parent", type=Path, default=BUILD / "ansible-test", help="folder of the copy and of the run's home folder")
    parser.add_argument("--peers", type=Path, help="folder of the programs of the environment that has other people's collections")
    parser.add_argument("extra", nargs="*", help="arguments for ansible-test, after --")
    chosen = parser.parse_args(arguments)
    parent = chosen.parent.resolve()
    tree = make_tree(parent)
    configure_integration(tree, chosen.peers)
    run(chosen.test, tree, parent / "home", chosen.extra)


if __name__ == "__main__":
    main()
