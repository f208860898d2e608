# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One planned step: what happens to one key pair, and why."""

from __future__ import annotations

from typing import NamedTuple

from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import KeyPair
from ansible_collections.keywright.ssh.plugins.module_utils._model.seen import NOTHING_SEEN, Seen

KEEP = "keep"
UPDATE = "update"
IMPORT = "import"
CREATE = "create"
ADOPT = "adopt"
REMOVE = "remove"


class Step(NamedTuple):
    """What is to be done about the key pair ``name``.

    ``before`` is what is registered and ``after`` what will be; ``seen`` is the private key file as it was found.
    CREATE, IMPORT and ADOPT replace the key pair where ``before`` is one. ``removes_file`` tells that the private key file
    goes with the registration. ``warnings`` are whole sentences.
    """

    name: str
    action: str
    before: KeyPair | None = None
    after: KeyPair | None = None
    seen: Seen = NOTHING_SEEN
    removes_file: bool = False
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Tell whether the step changes anything, an earlier run's unfinished work included."""
        return self.action != KEEP or self.seen.unfinished

    @property
    def writes_registry(self) -> bool:
        """Tell whether the step changes what is registered."""
        return self.action != KEEP


def files_of(step: Step) -> tuple[str, ...]:
    """Return the private key files that a step makes, moves, finishes or removes; an adopted file is left alone."""
    files: tuple[str, ...] = ()
    if step.before is not None and (step.seen.unfinished or step.removes_file):
        files += step.before.private_key_files()
    if step.after is not None and step.action in (CREATE, IMPORT):
        files += step.after.private_key_files()
    if step.after is not None and step.action == ADOPT and step.after.replaced is not None and step.after.replaced.file is not None:
        files += (step.after.replaced.file,)
    return files
