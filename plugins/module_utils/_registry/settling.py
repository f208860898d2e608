# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a shared store does about a write that was not answered: find out, never assume."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import KeyPairError, StoreConflictError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Document
from ansible_collections.keywright.ssh.plugins.module_utils._registry import codec

Found = tuple[bytes, str]
FENCES = 100


class UnansweredError(Exception):
    """A server did not answer, so it is not known whether it did what it was asked for; the argument is a reason that may be told."""


def settled(
    region: str,
    expected: str | None,
    find: Callable[[], Found | None],
    is_ours: Callable[[Found], bool],
    replace: Callable[[bytes], bool],
) -> str:
    """Return the version of a write that was done, or raise :class:`StoreConflictError` if it was not and never will be.

    What is as it was may change yet, when a server that was asked and did not answer goes on. So it is written again as it
    is, under a version of its own: then the write that was not answered does not find the version that it expects.
    ``find`` returns the document and its version, ``replace`` writes one if the version is the expected one, and tells.
    """
    try:
        while True:
            found = find()
            if found is not None and is_ours(found):
                return found[1]
            if (None if found is None else found[1]) != expected or replace(_as_it_is(region, found)):
                break
    except KeyPairError as error:
        error.outcome_unknown = True
        error.message += f" Whether the document of region '{region}' was written is not known; the next run finds it out."
        raise
    raise StoreConflictError(region)


def fence(region: str, find: Callable[[], Found | None], replace: Callable[[bytes, str | None], bool]) -> None:
    """Shut out all writes that were begun before and not answered, by writing what is there again under a version of its own.

    ``replace`` writes a document if the version is still the one that is given, and tells.
    """
    for _try in range(FENCES):
        found = find()
        if replace(_as_it_is(region, found), None if found is None else found[1]):
            return
    raise StoreConflictError(region)


def _as_it_is(region: str, found: Found | None) -> bytes:
    return found[0] if found is not None else codec.encode(Document(region, str(uuid.uuid4()), 1))
