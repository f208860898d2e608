# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``ssh_keypair`` does, from a task's arguments to its result; module and action differ only in where they come from."""

from __future__ import annotations

import contextlib
import os
import tempfile
import uuid
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.parameters import env_fallback
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.call import Call, opened, with_warnings
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.progress import Progress
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.secrets import forbid_core_dumps, mask
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.validation import validated
from ansible_collections.keywright.ssh.plugins.module_utils._interface import argument_spec
from ansible_collections.keywright.ssh.plugins.module_utils._interface.request import parse_ssh_keypair
from ansible_collections.keywright.ssh.plugins.module_utils._interface.results import outcome_result
from ansible_collections.keywright.ssh.plugins.module_utils._registry.backends import preload
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment
from ansible_collections.keywright.ssh.plugins.module_utils._service.keys import rehearse_keys
from ansible_collections.keywright.ssh.plugins.module_utils._service.run import fulfil

SSH_KEYPAIR = argument_spec.ssh_keypair(env_fallback)


def ssh_keypair(arguments: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """Run a ``ssh_keypair`` task and return its result; raises :class:`KeyPairError`."""
    forbid_core_dumps()
    return _done(arguments, call)


def _done(arguments: Mapping[str, Any], call: Call) -> dict[str, Any]:
    parameters, warnings = validated(SSH_KEYPAIR, arguments)
    if parameters["passphrase"]:
        mask(parameters["passphrase"])
    request = parse_ssh_keypair(parameters, call.resolve)
    with opened(request.registry, request.wish.lock_timeout) as store:
        outcome = fulfil(request.wish, Environment(store, on_secret=mask, on_progress=Progress(call.tell)), call.check_mode)
    result = outcome_result(request.wish, outcome, call.diff)
    return with_warnings(result, warnings)


def rehearse() -> None:
    """Go through a task that changes nothing, in the process that those of the tasks are copied from.

    What Python and the libraries set up when it is first needed is there in the copies then, and each page of memory that
    a copy need not write is one that need not be copied: a third of what a single key pair costs. The registry is one
    that does not exist, check mode writes nothing, and the key is one that everybody knows. Where all tasks find their
    registry in the environment, the library for it is loaded as well.
    """
    with contextlib.suppress(Exception):  # a task will meet the same, and say so
        nowhere = os.path.join(tempfile.gettempdir(), f"keywright-{uuid.uuid4()}")
        _done({"name": "rehearsal", "region": "rehearsal", "registry": nowhere, "private_key_dir": nowhere}, Call(str, True, False))
        rehearse_keys()
        preload(os.environ.get(argument_spec.REGISTRY_VARIABLE) or nowhere)
