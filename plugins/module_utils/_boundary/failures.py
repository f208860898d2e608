# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one place that turns errors into failed results.

A result is returned after the ``except`` block was left: failing inside it would print the original exception, and what
it carries, through ``__context__``.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError


def guarded(operation: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the result of an operation, or a failed result that says why there is none.

    Of an error that nobody expected only the type and the place are told, since its text may hold anything.
    """
    try:
        return operation()
    except KeyPairError as error:
        code, message = error.code, error.message
    except Exception as error:
        code, message = ErrorCode.INTERNAL, _defect(error)
    return {"failed": True, "changed": False, "msg": message, "error_code": code.value}


def _defect(error: Exception) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1]
    number = f" (errno {error.errno})" if isinstance(error, OSError) else ""
    return (
        f"The collection keywright.ssh met an error that it does not know: {type(error).__name__}{number} in "
        f"{os.path.basename(place.filename)} line {place.lineno}; please report this."
    )
