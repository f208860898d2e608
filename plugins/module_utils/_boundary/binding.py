# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``ssh_keypair_binding`` does, from a task's arguments to its result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ansible.module_utils.common.parameters import env_fallback
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.call import Call, opened, with_warnings
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.secrets import forbid_core_dumps, mask
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.validation import validated
from ansible_collections.keywright.ssh.plugins.module_utils._interface import argument_spec
from ansible_collections.keywright.ssh.plugins.module_utils._interface.binding import Destination, binding_result, parse_ssh_keypair_binding
from ansible_collections.keywright.ssh.plugins.module_utils._login.attempt import Route, Verdict
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import KeyPair
from ansible_collections.keywright.ssh.plugins.module_utils._planning.bind import BindWish
from ansible_collections.keywright.ssh.plugins.module_utils._service.binding import Edit, Edited, bind, unbind
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment
from ansible_collections.keywright.ssh.plugins.module_utils._service.login import log_on


class Connection(Protocol):
    """The connection of a task to its host, which only the action has."""

    def destination(self) -> Destination:
        """Return which host it is."""

    def arguments(self) -> tuple[str, ...]:
        """Return the arguments of ssh with which the host is reached."""

    def edit(self, edit: Mapping[str, Any]) -> Edited:
        """Run the module on the host; raises :class:`KeyPairError`, :class:`HostUnreachableError` among them."""


class ConnectedHost:
    """A host as binding needs it, over a connection."""

    def __init__(self, connection: Connection, environment: Environment) -> None:
        self._connection = connection
        self._environment = environment

    def edit(self, edit: Edit, check_mode: bool) -> Edited:
        """Edit the account's file, or look at what would be edited."""
        return self._connection.edit({**edit._asdict(), "revoke": list(edit.revoke), "only_look": check_mode})

    def undo(self, edit: Edit, edited: Edited) -> None:
        """Put back what was there before an edit."""
        undo = {"before": edited.before, "after": edited.after, "removed": list(edited.removed), "added": list(edited.added)}
        self._connection.edit({"user": edit.user, "path": edit.path, "undo": undo})

    def log_on(self, wish: BindWish, key_pair: KeyPair) -> Verdict:
        """Log on with a key pair and nothing else."""
        route = Route(wish.address, wish.user, ("-p", str(wish.port), *self._connection.arguments()))
        return log_on(self._environment, key_pair, route, wish.passphrase)


def ssh_keypair_binding(
    arguments: Mapping[str, Any], call: Call, connection: Connection, host_options: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Run a task and return its result; raises :class:`KeyPairError`. ``host_options`` are the spec of the module's part."""
    forbid_core_dumps()
    spec = argument_spec.ssh_keypair_binding(host_options, env_fallback)
    parameters, warnings = validated(spec, arguments)
    if parameters["passphrase"]:
        mask(parameters["passphrase"])
    request = parse_ssh_keypair_binding(parameters, connection.destination(), call.resolve)
    with opened(request.registry, request.wish.lock_timeout) as store:
        environment = Environment(store, on_secret=mask, temporary=call.temporary)
        host = ConnectedHost(connection, environment)
        if request.present:
            outcome = bind(request.wish, environment, host, call.check_mode)
        else:
            outcome = unbind(request.wish, environment, None if request.registry_only else host, call.check_mode)
    return with_warnings(binding_result(request.wish, outcome, call.diff), warnings)
