# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``registry_copy`` does, from a task's arguments to its result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.parameters import env_fallback
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.call import Call, opened, with_warnings
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.validation import validated
from ansible_collections.keywright.ssh.plugins.module_utils._interface import argument_spec
from ansible_collections.keywright.ssh.plugins.module_utils._interface.copying import copy_result, parse_registry_copy
from ansible_collections.keywright.ssh.plugins.module_utils._service.copying import copy_registry
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment

REGISTRY_COPY = argument_spec.registry_copy(env_fallback)


def registry_copy(arguments: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """Run a task and return its result; raises :class:`KeyPairError`."""
    parameters, warnings = validated(REGISTRY_COPY, arguments)
    request = parse_registry_copy(parameters, call.resolve)
    with (
        opened(request.registry, request.lock_timeout) as source,
        opened(request.destination, request.lock_timeout, "destination") as destination,
    ):
        copied, told = copy_registry(
            Environment(source), destination, request.regions, request.lock_timeout, call.check_mode, request.delete
        )
    return with_warnings(copy_result(copied, told, call.diff), warnings)
