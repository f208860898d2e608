# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""So many files are staged and published while somebody else puts links to a victim in their way: ``race_runs FOLDER TRIES``.

Who does so can do what another user can in a directory that is sticky: make names that are free, and remove her own.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._delivery.directories import LOCK_NAME
from ansible_collections.keywright.ssh.plugins.module_utils._delivery.workspace import PROBE_NAME, locked_directories
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError

STAGED = f".keywright.{'0' * 24}.{'A' * 43}"
TARGET = "ops.pem"
PRECIOUS = b"precious\n"
KEY = b"k" * 4000
MOST = 100


def _swap(keys: Path, victim: Path, turn: int) -> None:
    """Put a link of some kind in the way of one name, and take it away."""
    name = keys / (STAGED, TARGET, PROBE_NAME)[turn % 3]
    own = keys.parent / "own"
    try:
        if turn // 3 % 3 == 0:
            name.symlink_to(victim)
        elif turn // 3 % 3 == 1:
            os.link(victim, name)
        else:
            os.link(own, name)
    except OSError:
        return
    with contextlib.suppress(OSError):
        name.unlink()


def _publish(keys: Path, found: dict[str, Any]) -> None:
    folder, target = str(keys), keys / TARGET
    try:
        with locked_directories([folder], [], 30) as workspace:
            workspace.check_can_publish(folder)
            workspace.stage(folder, STAGED, KEY)
            workspace.publish(STAGED, str(target), "SHA256:none", None)
    except KeyPairError as error:
        found["refused"] += 1
        if error.code not in (ErrorCode.FILE_EXISTS, ErrorCode.FILE_UNWRITABLE):
            found["lost"].append(f"{error.code.value}: {error.message}")
    for name in (STAGED, TARGET):
        path = keys / name
        with contextlib.suppress(OSError):
            status = path.lstat()
            if status.st_size == len(KEY):
                found["published"] += name == TARGET
                path.unlink()


def main(folder: Path, tries: int) -> dict[str, Any]:
    """Publish so many times, one at a time, or more until each side has won, and return what was lost."""
    keys, victim, stop = folder / "keys", folder / "victim", folder / "stop"
    keys.mkdir(mode=0o700, parents=True)
    (keys / LOCK_NAME).touch(0o600)
    victim.write_bytes(PRECIOUS)
    (folder / "own").write_bytes(b"a file of the attacker\n")
    before = victim.stat()
    child = os.fork()
    if not child:
        turn = 0
        while not stop.exists():
            for _each in range(100):
                turn += 1
                _swap(keys, victim, turn)
        os._exit(0)
    found: dict[str, Any] = {"published": 0, "refused": 0, "lost": []}
    done = 0
    while done < tries or (done < MOST * tries and not (found["published"] and found["refused"])):
        done += 1
        _publish(keys, found)
        if victim.read_bytes() != PRECIOUS:
            found["lost"].append("the victim was written to")
            victim.write_bytes(PRECIOUS)
    stop.touch()
    os.waitpid(child, 0)
    after = victim.stat()
    if (after.st_mode, after.st_uid, after.st_mtime_ns, after.st_ino) != (before.st_mode, before.st_uid, before.st_mtime_ns, before.st_ino):
        found["lost"].append("the victim was touched")
    return {**found, "tries": done}


if __name__ == "__main__":
    json.dump(main(Path(sys.argv[1]), int(sys.argv[2])), sys.stdout)
