# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Step 1 of a delivery: everything that can be known to be in the way, before a key is made."""

from __future__ import annotations

import os
from collections.abc import Iterable

from ansible_collections.keywright.ssh.plugins.module_utils._delivery.directories import Directories, check_can_be_made, check_directory
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import KNOWN_AFTER_APPLY, KeyPair
from ansible_collections.keywright.ssh.plugins.module_utils._model.seen import PENDING, PRESENT
from ansible_collections.keywright.ssh.plugins.module_utils._planning.step import CREATE, Step
from ansible_collections.keywright.ssh.plugins.module_utils._rules.paths import MAX_FILE_NAME_BYTES

_TIME_BYTES = len("20261231T235959.999999Z")


def check_targets(steps: Iterable[Step], directories: Directories) -> None:
    """Refuse a plan whose private keys could not be delivered; a file that is in the way is never touched.

    Raises :class:`KeyPairError` with ``PrivateKeyFile.Exists``, ``.Unwritable`` or ``.UnsafeDirectory``, or
    ``InvalidPath.Malformed``.
    """
    checked: set[str] = set()
    takers: dict[tuple[str, str], dict[str, str]] = {}
    for step in steps:
        if step.after is not None and step.after.replaced is not None and step.after.replaced.at == KNOWN_AFTER_APPLY:
            _check_kept_name(step.after.replaced.file)
        if step.seen.status == PENDING and step.seen.cause is not None and step.before is not None and step.before.delivery is not None:
            raise _pending(step.before.delivery.file, step.seen.cause)
        if step.action == CREATE and step.after is not None and step.after.delivery is not None:
            folder, name = os.path.split(step.after.delivery.file)
            if folder not in checked:
                _check_folder(folder, directories)
                checked.add(folder)
            if directories.has(folder, name) and not _is_replaced_file(step, directories):
                raise _in_the_way(step.after, step.after.delivery.file)
            alike = takers.setdefault((directories.real(folder), name.casefold()), {})
            for other, first in alike.items():
                if other == name or directories.ignores_case(folder):
                    raise _shared(first, step.name, step.after.delivery.file)
            alike[name] = step.name


def _check_folder(folder: str, directories: Directories) -> None:
    directory = directories.get(folder)
    if directory is not None:
        check_directory(directory)
    check_can_be_made(folder)


def _check_kept_name(file: str | None) -> None:
    if file is not None and len(os.path.basename(file).encode()) + 1 + _TIME_BYTES > MAX_FILE_NAME_BYTES:
        raise KeyPairError(
            ErrorCode.PATH_MALFORMED,
            f"The replaced private key file '{file}' cannot be kept: with the time its name would be longer than {MAX_FILE_NAME_BYTES} "
            "bytes; move it away yourself, or state a shorter 'private_key_file'.",
        )


def _is_replaced_file(step: Step, directories: Directories) -> bool:
    """Tell whether the file in the way is known to hold the replaced key, so that it will be moved aside."""
    return (
        step.before is not None
        and step.before.delivery is not None
        and step.after is not None
        and step.after.delivery is not None
        and directories.is_one_file(step.before.delivery.file, step.after.delivery.file)
        and step.seen.status in (PRESENT, PENDING)
    )


def _pending(file: str, cause: str) -> KeyPairError:
    return KeyPairError(
        ErrorCode.FILE_EXISTS,
        f"The private key file '{file}' {cause}; its key pair is registered, and the private key is staged beside it. Move that file "
        "away and run the task again.",
    )


def _shared(first: str, second: str, file: str) -> KeyPairError:
    return KeyPairError(
        ErrorCode.FILE_EXISTS,
        f"The private keys of key pairs '{first}' and '{second}' would both be delivered to '{file}', and nothing was registered; name "
        "them in tasks of their own, with another 'private_key_dir' or 'private_key_file' for one of them.",
    )


def _in_the_way(key_pair: KeyPair, file: str) -> KeyPairError:
    return KeyPairError(
        ErrorCode.FILE_EXISTS,
        f"The file '{file}' already exists, so the private key of key pair '{key_pair.name}' cannot be delivered there, and nothing was "
        "registered; state another 'private_key_dir' or 'private_key_file', register that file's own key with "
        "'adopt_private_key_file', or move the file away.",
    )
