# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each plugin does, from a task's arguments to its result; module and action differ only in where they come from."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.common.parameters import env_fallback
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.secrets import mask
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.validation import validated
from ansible_collections.keywright.ssh.plugins.module_utils._interface import argument_spec
from ansible_collections.keywright.ssh.plugins.module_utils._interface.request import Resolve, parse_ssh_keypair
from ansible_collections.keywright.ssh.plugins.module_utils._interface.results import outcome_result
from ansible_collections.keywright.ssh.plugins.module_utils._registry.backends import open_store
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment
from ansible_collections.keywright.ssh.plugins.module_utils._service.run import fulfil

SSH_KEYPAIR = argument_spec.ssh_keypair(env_fallback)


@dataclass(frozen=True)
class Call:
    """How a task was called: ``resolve`` makes a path absolute; ``diff`` asks for the difference that the run makes."""

    resolve: Resolve
    check_mode: bool
    diff: bool


def ssh_keypair(arguments: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """Run a ``ssh_keypair`` task and return its result; raises :class:`KeyPairError`."""
    parameters, warnings = validated(SSH_KEYPAIR, arguments)
    if parameters["passphrase"]:
        mask(parameters["passphrase"])
    request = parse_ssh_keypair(parameters, call.resolve)
    with contextlib.closing(open_store(request.registry)) as store:
        outcome = fulfil(request.wish, Environment(store, on_secret=mask), call.check_mode)
    result = outcome_result(request.wish, outcome, call.diff)
    if warnings:
        result["warnings"] = warnings + result.get("warnings", [])
    return result
