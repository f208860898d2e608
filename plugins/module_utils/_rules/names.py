# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of key pairs and regions (source: the ECS procedure "Create an SSH key pair", CreateKeyPair)."""

from __future__ import annotations

import re

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._rules.text import shown

MAX_KEY_PAIRS_PER_REGION = 500
MAX_NAMES_TO_REMOVE = 100

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._:-]{1,127}")
_REGION = re.compile(r"[a-z][a-z0-9-]{0,62}")


def is_name(name: str) -> bool:
    """Tell whether text is a valid name of a key pair."""
    return _NAME.fullmatch(name) is not None


def is_region(region: str) -> bool:
    """Tell whether text is a valid name of a region."""
    return _REGION.fullmatch(region) is not None


def check_name(name: str) -> None:
    """Refuse a name that the source would refuse, or that is not ASCII (the name becomes a file name)."""
    if not is_name(name):
        raise KeyPairError(
            ErrorCode.NAME_MALFORMED,
            "Option 'name' must be 2 to 128 characters, start with an ASCII letter and go on with ASCII letters, digits, "
            f"'.', '_', '-' or ':', got {shown(name)}.",
        )


def check_region(region: str) -> None:
    """Refuse a region whose name could not be the name of its document."""
    if not is_region(region):
        raise KeyPairError(
            ErrorCode.REGION_UNKNOWN,
            "Option 'region' must be 1 to 63 characters, start with a lower-case ASCII letter and go on with lower-case "
            f"ASCII letters, digits or '-', got {shown(region)}.",
        )


def check_quota(region: str, registered: int, new: int) -> None:
    """Refuse to register more key pairs than a region may hold."""
    if registered + new > MAX_KEY_PAIRS_PER_REGION:
        raise KeyPairError(
            ErrorCode.QUOTA_KEY_PAIRS,
            f"Region '{region}' may hold {MAX_KEY_PAIRS_PER_REGION} key pairs and holds {registered}, so option 'name' cannot "
            f"add {new} more; nothing was created.",
        )


def check_removal_quota(names: int) -> None:
    """Refuse to remove more key pairs in one task than the source does (DeleteKeyPairs)."""
    if names > MAX_NAMES_TO_REMOVE:
        raise KeyPairError(
            ErrorCode.QUOTA_NAMES,
            f"Option 'name' may list at most {MAX_NAMES_TO_REMOVE} key pairs to remove, got {names}; split the list, for example "
            f"with the filter 'batch({MAX_NAMES_TO_REMOVE})'.",
        )
