# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Watch for secrets where others could see them: arguments and environments of processes, and temporary files.

Usage: watch.py REPORT STOP FOLDER WORD…. Looks until the file STOP exists, then writes what it saw to REPORT: a line
"WORD in PLACE" for each kind of place where each WORD was seen. WORDs are read from standard input, too, one a line;
those are the secrets. Processes are those that name FOLDER, the TMPDIR of the run that is watched, in their arguments or
their environment: another run of the tests on the same machine is not meant.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

REPORT, STOP, FOLDER = map(Path, sys.argv[1:4])
WORDS = [word.encode() for word in [*sys.argv[4:], *sys.stdin.read().splitlines()]]
SECONDS = 120


def content_of(path: Path) -> bytes:
    try:
        return path.read_bytes() if path.is_file() else b""
    except OSError:
        return b""


def places() -> list[tuple[str, bytes]]:
    """Return all that can be seen now, by the kind of the place."""
    processes = [entry for entry in os.listdir("/proc") if entry.isdigit() and int(entry) != os.getpid()]
    found = []
    for process in processes:
        shown = [(kind, content_of(Path("/proc", process, kind))) for kind in ("cmdline", "environ")]
        if any(os.fsencode(FOLDER) in content for _kind, content in shown):
            found += shown
    return found + [("file", content_of(Path(folder, name))) for folder, _folders, names in os.walk(FOLDER) for name in names]


def main() -> None:
    seen: set[str] = set()
    deadline = time.monotonic() + SECONDS
    while not STOP.exists() and time.monotonic() < deadline:
        seen |= {f"{word.decode()} in {kind}" for kind, content in places() for word in WORDS if word in content}
        time.sleep(0.002)
    REPORT.write_text("".join(f"{line}\n" for line in sorted(seen)), encoding="utf-8")


if __name__ == "__main__":
    main()
