# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the built tarball: it holds what users need and nothing else, and galaxy-importer has nothing to say against it."""

from __future__ import annotations

import argparse
import re
import subprocess  # nosec B404 # each command is a list, without a shell
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

SHIPPED = frozenset(
    (
        *("CHANGELOG.rst", "FILES.json", "LICENSES", "MANIFEST.json", "README.md", "bindep.txt", "changelogs", "docs"),
        *("examples", "extensions", "meta", "playbooks", "plugins", "requirements.txt", "requirements-shared.txt", "roles"),
    )
)
LITTER = re.compile(r"/\.|__pycache__|\.pyc$|~$")
COMPLAINT = re.compile(r"^(?:WARNING|ERROR|CRITICAL)\b.*", re.MULTILINE)


def unwanted_members(tarball: Path) -> list[str]:
    """List what the tarball holds beside the kinds of files that users need."""
    with tarfile.open(tarball) as archive:
        names = [member.name for member in archive.getmembers()]
    return [name for name in names if name.split("/")[0] not in SHIPPED or LITTER.search(f"/{name}")]


def importer_complaints(tarball: Path) -> list[str]:
    """Run galaxy-importer, showing its output; list its errors and warnings, and its end if it failed."""
    command = [sys.executable, "-m", "galaxy_importer.main", str(tarball)]
    # It leaves its result in the current folder.
    run = subprocess.run(  # nosec B603 # it comes from the checkout
        command, cwd=tarball.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    print(run.stdout, end="")
    complaints = COMPLAINT.findall(run.stdout)
    return complaints or ([f"galaxy-importer ended with exit status {run.returncode}"] if run.returncode else [])


def main(arguments: Sequence[str] | None = None) -> None:
    """Check the one tarball of the folder; exit with what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of the tarball")
    (tarball,) = parser.parse_args(arguments).folder.resolve().glob("*.tar.gz")
    problems = [f"The tarball should not hold '{name}'." for name in unwanted_members(tarball)] + importer_complaints(tarball)
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
