# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attributes of plugins that run on the controller."""

from __future__ import annotations


class ModuleDocFragment:
    """``keywright.ssh.attributes``: support for Ansible's features; ``.controller``: what it means to run on the controller."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what a run would return, without changing anything.
  diff_mode:
    description: Returns details on what has changed, or would be changed in C(check_mode), when in diff mode.
"""

    CONTROLLER = r"""
options: {}
attributes:
  action:
    description: Has a corresponding action plugin, so that it runs inside the process that runs Ansible.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: none
    details:
      - A task that is C(async) is refused, since Ansible would leave its result in a file.
  bypass_host_loop:
    description: Runs once for all hosts instead of once per host.
    support: none
    details:
      - It runs for each host of a play, and all runs agree on one key pair. With C(run_once) it runs once.
  delegation:
    description: Can be used in conjunction with delegate_to and related keywords.
    support: none
    details:
      - It always runs on the controller. Delegating it elsewhere has no effect and is a warning.
  become:
    description: Is usable alongside C(become) keywords.
    support: none
    details:
      - It always runs as the user who runs Ansible. Privilege escalation has no effect and is a warning.
  platform:
    description: Target OS or family that can be operated against.
    support: full
    platforms: posix
    details:
      - It connects to no host, so it works for hosts of every kind, and for hosts that are not reachable.
"""
