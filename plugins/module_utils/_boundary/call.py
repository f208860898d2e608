# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a plugin is called and what all of them need: the registry that a task names, and a result with Ansible's own warnings."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ansible_collections.keywright.ssh.plugins.module_utils._boundary.secrets import mask
from ansible_collections.keywright.ssh.plugins.module_utils._interface.request import Resolve
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.backends import DEFAULT_PATIENCE, open_store
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Store
from ansible_collections.keywright.ssh.plugins.module_utils._registry.urls import secrets_of


def _tell_nobody(_text: str) -> None:
    pass


class Call(NamedTuple):
    """How a task was called: ``resolve`` makes a path absolute; ``diff`` asks for the difference that the run makes.

    ``tell`` shows a line to the person who waits. ``temporary`` is a folder that is removed when the run ends, whatever becomes of
    the task's own process; who has none leaves it out.
    """

    resolve: Resolve
    check_mode: bool
    diff: bool
    tell: Callable[[str], object] = _tell_nobody
    temporary: str | None = None


@contextlib.contextmanager
def opened(registry: str, patience: float = DEFAULT_PATIENCE, option: str = "registry") -> Iterator[Store]:
    """Give the store of a registry, which an option names, for the block; a password in its URL is masked."""
    for secret in secrets_of(registry):
        mask(secret)
    with contextlib.closing(_opened(registry, patience, option)) as store:
        yield store


def _opened(registry: str, patience: float, option: str) -> Store:
    try:
        return open_store(registry, patience)
    except KeyPairError as error:  # stores know of the option that nearly all plugins have
        code, message = error.code, error.message.replace("Option 'registry'", f"Option '{option}'", 1)
    raise KeyPairError(code, message)


def with_warnings(result: dict[str, Any], warnings: list[str]) -> dict[str, Any]:
    """Return a result with Ansible's own warnings about the arguments in front of ours."""
    return {**result, "warnings": warnings + result.get("warnings", [])} if warnings else result
