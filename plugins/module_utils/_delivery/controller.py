# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which controller this is, so that a record can say who holds a private key."""

from __future__ import annotations

import contextlib
import hashlib
import platform

_MACHINE_ID = "/etc/machine-id"


def this_controller() -> str:
    """Return the node's name and, where the machine has an ID, 12 hexadecimal digits that are derived from it.

    The ID itself is confidential (machine-id(5)), so only a hash of it is told.
    """
    name = platform.node() or "localhost"
    machine = ""
    with contextlib.suppress(OSError), open(_MACHINE_ID, "rb", buffering=0) as file:  # a text would import a codec, in each process anew
        machine = file.read(64).decode("ascii", "replace").strip()
    return f"{name}/{hashlib.sha256(f'keywright.ssh {machine}'.encode()).hexdigest()[:12]}" if machine else name


def same_controller(one: str, other: str) -> bool:
    """Tell whether two records name one controller: its machine ID decides, since names change; else its name."""
    first, second = one.partition("/"), other.partition("/")
    return first[2] == second[2] if first[2] and second[2] else first[0] == second[0]
