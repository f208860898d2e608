# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Load what the action of key pairs is made of, and return a registry's records without it: what is Ansible's own in a no-op."""

from __future__ import annotations

from ansible_collections.keywright.ssh.plugins.action import ssh_keypair

from . import load_json

LOADED = ssh_keypair.ActionModule


class ActionModule(load_json.ActionModule):
    """An action that returns ``key_pairs`` as ``load_json`` does."""
