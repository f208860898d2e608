# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one task asks for, parsed and checked at the door; None means that the task left the option out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.keywright.ssh.plugins.module_utils._model.material import Material

FAIL = "fail"
NEVER = "never"
FULL_IDEMPOTENCE = "full_idempotence"
WARN = "warn"
IGNORE = "ignore"
REGENERATE = "regenerate"

REGENERATE_CHOICES = (FAIL, NEVER, FULL_IDEMPOTENCE)
ON_MISSING_CHOICES = (WARN, IGNORE, FAIL, REGENERATE)


@dataclass(frozen=True)
class Wish:
    """The wish for the key pairs ``names`` of one region; paths are absolute, ``lock_timeout`` is in seconds.

    ``material`` is the public key that the task brings along: one to import or, where ``adopted_file`` is not None, the
    public half of the private key that is already in that file; ``adopted_cause`` is what is wrong with it.
    ``default_directory`` is empty if the home is unusable.
    """

    region: str
    names: tuple[str, ...]
    present: bool = True
    type: str | None = None
    size: int | None = None
    material: Material | None = None
    adopted_file: str | None = None
    adopted_cause: str | None = None
    comment: str | None = None
    passphrase: str | None = field(default=None, repr=False)
    private_key_format: str | None = None
    private_key_dir: str | None = None
    private_key_file: str | None = None
    default_directory: str = ""
    tags: Mapping[str, str] | None = None
    purge_tags: bool = True
    regenerate: str = FAIL
    remove_private_key: bool = False
    on_missing_private_key: str = WARN
    lock_timeout: float = 60

    def stated_file(self, name: str) -> str | None:
        """Return where the task says that the private key file is to be, None if it does not say."""
        if self.private_key_file is not None:
            return self.private_key_file
        return None if self.private_key_dir is None else f"{self.private_key_dir.rstrip('/')}/{name}.pem"

    def default_file(self, name: str) -> str:
        """Return where the private key file of a new key pair goes when the task does not say."""
        return f"{self.default_directory}/{name}.pem"
