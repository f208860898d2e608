# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look for known vulnerabilities in what users install and in the tools' environments, with pip-audit.

The exit status is 0 if everything was checked and nothing was found, 1 if something was found, and 2 if something could not
be checked, which is no pass: the database of vulnerabilities is on the network.
"""

from __future__ import annotations

import argparse
import json
import subprocess  # nosec B404 # each command is a list, without a shell
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.collection_tree import CHECKOUT

REQUIREMENTS = CHECKOUT / "examples" / "requirements.txt"
CLEAN, FOUND, UNCHECKED = range(3)


@dataclass
class Audit:
    """What pip-audit says of some packages."""

    checked: int = 0
    found: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)

    @property
    def status(self) -> int:
        """The exit status that this asks for."""
        return FOUND if self.found else UNCHECKED if self.unchecked or not self.checked else CLEAN


def read(report: str, complaint: str) -> Audit:
    """Read pip-audit's report in JSON; if it made none, nothing was checked, and its complaint says why."""
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError):
        return Audit(unchecked=[(complaint.strip().splitlines() or ["pip-audit said nothing"])[-1]])
    audit = Audit()
    for package in packages:
        if "skip_reason" in package:
            audit.unchecked.append(package["name"])
            continue
        audit.checked += 1
        audit.found += [f"{package['name']} {package['version']}: {each['id']}" for each in package["vulns"]]
    return audit


def run(arguments: Sequence[str]) -> Audit:
    """Run pip-audit in the environment that this script was started in."""
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # nosec B603 # it comes from the checkout
    return read(done.stdout, done.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    """Audit what the examples install and the environments that the command line names; return the worst exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("environments", nargs="*", type=Path, metavar="ENVIRONMENT")
    subjects = {"what users install": ["--requirement", str(REQUIREMENTS)]}
    for environment in parser.parse_args(arguments).environments:
        folders = [str(folder) for folder in environment.glob("lib/python*/site-packages")]
        subjects[environment.name] = [part for folder in folders for part in ("--path", folder)]
    audits = {subject: run(given) for subject, given in subjects.items()}
    for subject, audit in audits.items():
        print(f"{subject}: {audit.checked} packages checked, {len(audit.found)} vulnerabilities, {len(audit.unchecked)} not checked")
        print("".join(f"  {line}\n" for line in audit.found), end="")
        if audit.unchecked:
            print(f"  COULD NOT BE CHECKED: {', '.join(audit.unchecked)}")
    statuses = {audit.status for audit in audits.values()}
    return FOUND if FOUND in statuses else max(statuses)


if __name__ == "__main__":
    sys.exit(main())
