# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules that repeat nothing of what they were given, for those that somebody runs without their action plugins.

Hosts import this, so it keeps to what the oldest of their Pythons can do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule


class QuietModule(AnsibleModule):
    """A module whose arguments, among them a wrongly pasted private key, stay out of the system's log and of its results.

    The parameter ``no_log`` does not do that: Ansible tells each module whether its task has ``no_log``, and that overrides it.
    """

    def __init__(self, **how: Any) -> None:  # with types, which Ansible's has not
        super().__init__(**how)

    def log(self, msg: str, log_args: Mapping[str, Any] | None = None) -> None:
        """Write nothing: all that Ansible has to log of a module are its arguments and what may repeat them."""

    def exit_json(self, **result: Any) -> NoReturn:
        """End with a result that does not repeat the arguments."""
        super().exit_json(**{"invocation": {}, **result})

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        """Fail with a result that does not repeat the arguments, also where Ansible itself finds them wrong."""
        super().fail_json(msg=msg, **{"invocation": {}, **result})


class HostModule(QuietModule):
    """A module that an action plugin runs on a host; it logs what that asks for, in ``_edit``, and there is no secret in it."""

    def log(self, msg: str, log_args: Mapping[str, Any] | None = None) -> None:
        """Write what the action asks for, and nothing if somebody else runs the module, with whatever was pasted into it."""
        if self.params.get("_edit") is not None:
            super(QuietModule, self).log(msg, log_args)
