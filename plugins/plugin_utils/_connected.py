# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection of a task, for plugins that have a part on the host."""

from __future__ import annotations

import getpass
import shlex
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible_collections.keywright.ssh.plugins.module_utils._interface.binding import Destination
from ansible_collections.keywright.ssh.plugins.module_utils._login.client import effective_options
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, HostUnreachableError, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._service.binding import Edited

MODULE = "keywright.ssh.ssh_keypair_binding"


class TaskConnection:
    """The connection that an action has to its host."""

    def __init__(self, action: ActionBase, task_vars: Mapping[str, Any]) -> None:
        self._action = action
        self._task_vars = task_vars
        self._connection: Any = action._connection

    def destination(self) -> Destination:
        """Return which host it is; what Ansible leaves to ssh is asked of ssh."""
        task = self._action._task
        name = str(task.delegate_to or self._task_vars.get("inventory_hostname", "localhost"))
        address = str(self._option("host") or self._task_vars.get("ansible_host") or name)
        port, user = self._option("port") or self._task_vars.get("ansible_port"), self._user()
        if not (port and user):
            options = effective_options(address, self.arguments())
            port, user = port or options.get("port"), user or options.get("user", "")
        return Destination(name, address, int(port or 22), str(user))

    def arguments(self) -> tuple[str, ...]:
        """Return the arguments with which Ansible calls ssh for this host; for other connections there are none."""
        arguments: list[str] = []
        for option in ("ssh_args", "ssh_common_args", "ssh_extra_args"):
            arguments += shlex.split(self._option(option) or "")
        if self._option("host_key_checking") is False:
            arguments += ["-o", "StrictHostKeyChecking=no"]
        if self._option("timeout"):
            arguments += ["-o", f"ConnectTimeout={self._option('timeout')}"]
        return tuple(arguments)

    def edit(self, edit: Mapping[str, Any]) -> Edited:
        """Run the module on the host, with the task's privileges."""
        arguments = {"name": self._action._task.args.get("name"), "region": "host", "_edit": dict(edit)}
        try:
            result = self._action._execute_module(module_name=MODULE, module_args=arguments, task_vars=self._task_vars)
        except AnsibleConnectionFailure as error:
            words = " ".join(str(error).split())
        else:
            if result.get("failed") or result.get("unreachable"):
                raise _failure(result)
            return Edited(*(result[field] for field in ("changed", "removed", "added", "before", "after", "path")))
        raise HostUnreachableError(f"The host cannot be reached: {words}")

    def _user(self) -> str | None:
        user = self._option("remote_user") or getattr(self._action._play_context, "remote_user", None)
        return str(user) if user else (getpass.getuser() if self._connection.transport == "local" else None)

    def _option(self, name: str) -> Any:
        try:
            return self._connection.get_option(name)
        except KeyError:  # a connection of another kind does not have it
            return None


def _failure(result: Mapping[str, Any]) -> KeyPairError:
    message = " ".join(str(result.get("msg", "")).split()) or "it ended without saying why"
    if result.get("unreachable"):
        return HostUnreachableError(f"The host cannot be reached: {message}")
    codes = {code.value: code for code in ErrorCode}
    if result.get("error_code") in codes:
        return KeyPairError(codes[str(result["error_code"])], message)
    return KeyPairError(ErrorCode.EDIT_FAILED, f"The part of the task that runs on the host failed: {message}")
