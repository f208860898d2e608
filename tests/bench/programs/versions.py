# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Print the versions of what is measured with, as JSON."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import re
import subprocess


def main() -> None:
    """Ask each for its version."""
    names = ("ansible-core", "ansible", "cryptography", "moto")
    versions = {"Python": platform.python_version(), **{name: importlib.metadata.version(name) for name in names}}
    said = subprocess.run(["ssh", "-V"], check=True, capture_output=True, text=True).stderr
    found = re.search(r"OpenSSH_(\S+?),? ", said)
    print(json.dumps({**versions, "OpenSSH": found[1] if found else "unknown"}))


if __name__ == "__main__":
    main()
