# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the operating system refused, as an error that a user understands."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError


@contextlib.contextmanager
def explained(code: ErrorCode, what: str) -> Iterator[None]:
    """Turn an :class:`OSError` of the block into a :class:`KeyPairError` that says what was tried and why it failed."""
    failure = None
    try:
        yield
    except OSError as error:
        failure = KeyPairError(code, f"{what}: {error.strerror or type(error).__name__}.")
    if failure is not None:
        raise failure
