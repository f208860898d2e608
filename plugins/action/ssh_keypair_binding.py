# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bind SSH key pairs to accounts on hosts: the part on the controller; the documentation is the module's."""

from __future__ import annotations

from typing import Any

from ansible import constants
from ansible.plugins.action import ActionBase
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.binding import ssh_keypair_binding
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.call import Call
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.failures import guarded
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode
from ansible_collections.keywright.ssh.plugins.modules.ssh_keypair_binding import ARGUMENT_SPEC
from ansible_collections.keywright.ssh.plugins.plugin_utils._connected import TaskConnection


class ActionModule(ActionBase):
    """The action of ``keywright.ssh.ssh_keypair_binding``."""

    _supports_async = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the task's result; a host that cannot be reached is reported as Ansible does it."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        task = self._task
        temporary: str = constants.DEFAULT_LOCAL_TMP  # type: ignore[attr-defined] # made of Ansible's configuration
        call = Call(self._loader.path_dwim, bool(task.check_mode), bool(task.diff), temporary=temporary)
        connection = TaskConnection(self, task_vars or {})
        result.update(guarded(lambda: ssh_keypair_binding(task.args, call, connection, ARGUMENT_SPEC)))
        if result.get("error_code") == ErrorCode.HOST_UNREACHABLE.value:
            del result["failed"]
            result["unreachable"] = True
        return result
