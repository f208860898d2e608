# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the keys of a plan: once, outside the locks, and again inside only for what changed meanwhile."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._keys.dependencies import (
    loadable_cryptography,
    require_bcrypt,
    require_cryptography,
)
from ansible_collections.keywright.ssh.plugins.module_utils._keys.generation import generate, generate_all, known_key, public_key_of
from ansible_collections.keywright.ssh.plugins.module_utils._keys.private_key import serialize
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import KeyPair
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_types import OPENSSH
from ansible_collections.keywright.ssh.plugins.module_utils._model.material import Material
from ansible_collections.keywright.ssh.plugins.module_utils._model.wish import Wish
from ansible_collections.keywright.ssh.plugins.module_utils._planning.step import CREATE, Step


def check_can_make(wish: Wish, steps: Iterable[Step]) -> None:
    """Refuse, before a key is made, a plan that needs a library which is not installed."""
    if any(step.action == CREATE for step in steps):
        require_cryptography()
        if wish.passphrase is not None and (wish.private_key_format or OPENSSH) == OPENSSH:
            require_bcrypt()


class KeyMaker:
    """Makes private keys, and hands them out as the bytes of their files.

    A key is kept until the run ends: a run that loses to another one, and tries again, does not make its keys again.
    """

    def __init__(self, wish: Wish) -> None:
        self._wish = wish
        self._prepared: dict[tuple[str, str, int], Any] = {}

    def prepare(self, steps: Iterable[Step], on_progress: Callable[[str, int, int], None]) -> None:
        """Make the keys that a plan needs, which takes seconds for RSA and so is done while nobody waits for a lock."""
        planned = [step.after for step in steps if step.action == CREATE and step.after is not None]
        with contextlib.closing(generate_all([(each.type, each.size) for each in planned])) as keys:
            for key_pair, key in zip(planned, keys, strict=True):
                self._prepared[_kind(key_pair)] = key
                on_progress("private keys made", len(self._prepared), len(planned))

    def take(self, planned: KeyPair) -> tuple[Material, bytes]:
        """Return the public half and the private key file of a planned key pair."""
        kind = _kind(planned)
        if kind not in self._prepared:
            self._prepared[kind] = generate(planned.type, planned.size)
        key = self._prepared[kind]
        with loadable_cryptography():
            public_key = public_key_of(key, planned.comment)
            private_key = serialize(key, public_key, self._wish.private_key_format or OPENSSH, self._wish.passphrase)
        return Material(planned.type, planned.size, public_key.fingerprint, public_key.line("")), private_key


def rehearse_keys() -> None:
    """Do with a key that everybody knows what is done with each new one, up to the bytes of its file."""
    key = known_key()
    serialize(key, public_key_of(key, ""), OPENSSH, None)


def _kind(key_pair: KeyPair) -> tuple[str, str, int]:
    return key_pair.name, key_pair.type, key_pair.size
