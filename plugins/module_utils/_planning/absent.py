# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide what to do so that a key pair is absent: a pure function of the wish and of what is there."""

from __future__ import annotations

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Delivery, KeyPair
from ansible_collections.keywright.ssh.plugins.module_utils._model.seen import ELSEWHERE, MISSING, PENDING, PRESENT, Seen
from ansible_collections.keywright.ssh.plugins.module_utils._model.wish import Wish
from ansible_collections.keywright.ssh.plugins.module_utils._planning.step import KEEP, REMOVE, Step


def plan_absent(wish: Wish, name: str, current: KeyPair | None, seen: Seen) -> Step:
    """Return the step that removes a key pair; one that is not registered is left at that.

    Raises :class:`KeyPairError` with ``PrivateKeyFile.Unreadable`` if the file is to go, too, and nobody can tell what it holds: once the
    registration is gone, no run would remove it any more.
    """
    if current is None:
        return Step(name, KEEP)
    if wish.remove_private_key and current.delivery is not None and seen.unreadable:
        raise KeyPairError(
            ErrorCode.FILE_UNREADABLE,
            f"The private key file '{current.delivery.file}' {seen.cause}, so it cannot be removed, and nothing was changed.",
        )
    removes_file = wish.remove_private_key and current.delivery is not None and seen.status in (PRESENT, PENDING)
    warnings = () if current.delivery is None or removes_file else _left(wish, current, current.delivery, seen)
    return Step(name, REMOVE, current, None, seen, removes_file, ("it is registered",), warnings)


def _left(wish: Wish, current: KeyPair, delivery: Delivery, seen: Seen) -> tuple[str, ...]:
    """Name the private key file that stays, why, and how a key pair of that name can be made again."""
    if seen.status == MISSING:
        return ()
    if seen.status == ELSEWHERE:
        where = f"on controller '{delivery.controller}', where it was delivered"
    elif wish.remove_private_key:
        where = f"because it {seen.cause}"
    else:
        where = "because option 'remove_private_key' is false"
    return (
        f"The private key file '{delivery.file}' of the removed key pair '{current.name}' was left {where}; a new key pair "
        "of that name needs another 'private_key_dir' or 'private_key_file', or that file moved away, and "
        "'adopt_private_key_file' registers this one again.",
    )
