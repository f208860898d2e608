# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which kind of key is made when one has to be made."""

from __future__ import annotations

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import KeyPair
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_types import DEFAULT_TYPE, KEY_TYPES, OPENSSH
from ansible_collections.keywright.ssh.plugins.module_utils._model.wish import Wish
from ansible_collections.keywright.ssh.plugins.module_utils._rules.text import shown

_TOO_LONG_TO_SHOW = 10**9


def material_to_make(wish: Wish, current: KeyPair | None) -> tuple[str, int]:
    """Return the type and the size in bits of the key to make.

    What the task leaves out is taken from the key pair that is replaced, else from the table of key types.
    """
    key_type = wish.type or (current.type if current is not None and KEY_TYPES[current.type].sizes else DEFAULT_TYPE)
    size = wish.size
    if size is None:
        size = current.size if current is not None and current.type == key_type else KEY_TYPES[key_type].default_size
    check_size(key_type, size, stated=wish.type is not None)
    check_format(key_type, wish.private_key_format or OPENSSH, stated=wish.type is not None)
    return key_type, size


def check_size(key_type: str, size: int, stated: bool = True) -> None:
    """Refuse a size that keys of a type do not have."""
    sizes = sorted(KEY_TYPES[key_type].sizes)
    if size not in sizes:
        which = "one of " + ", ".join(map(str, sizes)) if len(sizes) > 1 else f"left out or {sizes[0]}"
        got = size if abs(size) < _TOO_LONG_TO_SHOW else shown(size)
        raise KeyPairError(ErrorCode.PARAMETER_INVALID, f"Option 'size' must be {which} for {key_type} keys{_origin(stated)}, got {got}.")


def check_format(key_type: str, private_key_format: str, stated: bool = True) -> None:
    """Refuse a private key format that keys of a type are not written in."""
    formats = KEY_TYPES[key_type].private_key_formats
    if private_key_format not in formats:
        raise KeyPairError(
            ErrorCode.PARAMETER_INVALID,
            f"Option 'private_key_format' must be '{OPENSSH}' for {key_type} keys{_origin(stated)}, because OpenSSH before 9.6 cannot read "
            f"them in other formats, got '{private_key_format}'.",
        )


def _origin(stated: bool) -> str:
    return "" if stated else " (option 'type' is left out)"
