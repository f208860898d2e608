# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Create, import, tag and remove SSH key pairs on the controller; the documentation is the module's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._boundary.call import Call
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.ssh_keypair import rehearse, ssh_keypair
from ansible_collections.keywright.ssh.plugins.plugin_utils._controller_action import ControllerAction

# Ansible imports this file once and forks a process for each host and each item of a loop, which gets all that is there then.
rehearse()


class ActionModule(ControllerAction):
    """The action of ``keywright.ssh.ssh_keypair``."""

    def operate(self, arguments: Mapping[str, Any], call: Call) -> dict[str, Any]:
        """Run the task."""
        return ssh_keypair(arguments, call)
