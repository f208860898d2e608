# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep secrets in: ansible-core masks them where it can (2.22 and later), and no core dump holds them."""

from __future__ import annotations

import contextlib
import resource

try:
    from ansible.module_utils.secrets import register_secret
except ImportError:
    register_secret = None

# Which parts of its memory a process dumps (core(5)); where dumps go to a program, the limit alone does not keep them.
_DUMPED = "/proc/self/coredump_filter"


def forbid_core_dumps() -> None:
    """Let the process, which is the task's own and ends with it, leave no core dump: memory cannot be wiped of a key."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    with contextlib.suppress(OSError), open(_DUMPED, "wb", buffering=0) as file:  # only Linux has it
        file.write(b"0")


def mask(secret: str) -> None:
    """Register a secret text and each of its lines, since masks cover exact strings only."""
    if register_secret is None:
        return
    register_secret(secret)
    for line in secret.splitlines():
        if line and not line.startswith("-----"):
            register_secret(line)
