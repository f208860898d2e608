# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the actions of this collection have in common: they run on the controller, in Ansible's own process."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.call import Call
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.collector import paused_collector
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.failures import guarded

# An action's file is imported by Ansible itself before it forks, and its workers have no terminal.
_HAS_TERMINAL = sys.stdout.isatty()
_display = Display()

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class ControllerAction(ActionBase):
    """An action that opens no connection; :meth:`operate` does the work.

    What cannot have an effect here is said in a warning instead of being ignored: privilege escalation, another host to
    delegate to, and environment variables for a remote process.
    """

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_async = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the task's result, a failed one instead of an exception."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        call = Call(self._loader.path_dwim, bool(self._task.check_mode), bool(self._task.diff), self._tell)
        result.update(guarded(lambda: self._operate(call)))
        warnings = self._ineffective(task_vars or {}) + result.get("warnings", [])
        if warnings:
            result["warnings"] = warnings
        return result

    def _operate(self, call: Call) -> dict[str, Any]:
        with paused_collector():
            return self.operate(self._task.args, call)

    def operate(self, arguments: Mapping[str, Any], call: Call) -> dict[str, Any]:
        """Do what the task asks for and return its result; raises :class:`KeyPairError`."""
        raise NotImplementedError

    def _tell(self, text: str) -> None:
        """Show a line to a person at a terminal, and to no log."""
        if _HAS_TERMINAL:
            _display.display(f"{self._task.action}: {text}", screen_only=True)

    def _ineffective(self, task_vars: Mapping[str, Any]) -> list[str]:
        given = {
            "become": bool(self._task.become),
            "delegate_to": bool(self._task.delegate_to) and not _is_controller(str(self._task.delegate_to), task_vars),
            "environment": any(self._task.environment or []),
        }
        return [
            f"'{keyword}' has no effect on {self._task.action}: it runs on the controller, as the user who runs Ansible."
            for keyword, is_given in given.items()
            if is_given
        ]


def _is_controller(host: str, task_vars: Mapping[str, Any]) -> bool:
    delegated = task_vars.get("ansible_delegated_vars", {}).get(host, {})
    return host in LOCAL_NAMES or delegated.get("ansible_connection") == "local"
