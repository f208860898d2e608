# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Inventory of the hosts that key pairs are bound to."""

from __future__ import annotations

DOCUMENTATION = r"""
name: registry
short_description: Hosts that SSH key pairs are bound to
version_added: 0.1.0
description:
  - Lists the hosts to which M(keywright.ssh.ssh_keypair_binding) has bound key pairs, with what is needed to log on to them. A play after a
    bind logs on with the right key without a line of configuration.
  - The name of the configuration file ends in C(.keywright.yml) or C(.keywright.yaml).
  - Each host has the variable C(keywright_bindings), the list of its bindings. Where they are all of one account, or O(user) chooses one,
    it also has C(ansible_host), C(ansible_port), C(ansible_user), and, if that file is on this controller,
    C(ansible_ssh_private_key_file).
  - Each host is in the groups C(keywright_region_<region>) and C(keywright_key_pair_<region>_<name>), with other characters than letters,
    digits and underscores replaced by underscores.
author:
  - The keywright.ssh authors (@keywright)
extends_documentation_fragment:
  - keywright.ssh.registry
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description:
      - The name of this plugin, so that Ansible knows whose configuration it is.
    type: str
    required: true
    choices: [keywright.ssh.registry]
  registry:
    env:
      - name: KEYWRIGHT_REGISTRY
  region:
    description:
      - The regions to list.
      - If it is left out, all regions are listed.
    type: list
    elements: str
  user:
    description:
      - The account to log on to, on hosts that have bindings of several accounts.
      - If it is left out, such hosts have no connection variables from this plugin.
    type: str
seealso:
  - module: keywright.ssh.ssh_keypair_binding
"""

EXAMPLES = r"""
plugin: keywright.ssh.registry
region: [eu-1]
user: deploy
keyed_groups:
  - prefix: account
    key: ansible_user
compose:
  key_pair: keywright_bindings[0].key_pair
"""

import os
import re
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.failures import guarded
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.listing import bound_accounts
from ansible_collections.keywright.ssh.plugins.module_utils._registry.urls import is_path

ENDINGS = (".keywright.yml", ".keywright.yaml")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """The inventory ``keywright.ssh.registry``."""

    NAME = "keywright.ssh.registry"

    def verify_file(self, path: str) -> bool:
        """Tell whether a file is a configuration of this plugin, by its name."""
        return bool(super().verify_file(path)) and path.endswith(ENDINGS)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Fill the inventory; raises :class:`AnsibleParserError`."""
        super().parse(inventory, loader, path, cache)
        registry = self._read_config_data(path).get("registry") or os.environ.get("KEYWRIGHT_REGISTRY")
        if registry and is_path(registry):  # relative to the configuration, not to the working directory
            registry = os.path.join(os.path.dirname(os.path.abspath(path)), os.path.expanduser(os.path.expandvars(registry)))
        self._registry = registry
        hosts: dict[str, list[dict[str, Any]]] = {}
        for binding in self._bindings(path, cache):
            hosts.setdefault(binding["host"], []).append(binding)
        for host, bindings in hosts.items():
            self._add(host, bindings)

    def _bindings(self, path: str, cache: bool) -> list[dict[str, Any]]:
        """Return the bindings from the cache if there is one and it may be used, else from the registry."""
        key = self.get_cache_key(path)
        cached = self.get_option("cache")
        if cached and cache and key in self._cache:
            return list(self._cache[key])
        options = {"region": self.get_option("region"), "registry": self._registry or self.get_option("registry")}
        result = guarded(lambda: bound_accounts(options, os.path.abspath))
        if result.get("failed"):
            raise AnsibleParserError(f"{result['msg']} ({result['error_code']})")
        if cached:
            self._cache[key] = result["bindings"]
        return list(result["bindings"])

    def _add(self, host: str, bindings: list[dict[str, Any]]) -> None:
        inventory: Any = self.inventory
        inventory.add_host(host)
        inventory.set_variable(host, "keywright_bindings", wrap_var(bindings))
        for name, value in connection_variables(bindings, self.get_option("user")).items():
            inventory.set_variable(host, name, wrap_var(value))
        for binding in bindings:
            for group in (f"keywright_region_{binding['region']}", f"keywright_key_pair_{binding['region']}_{binding['key_pair']}"):
                inventory.add_host(host, group=inventory.add_group(re.sub(r"\W", "_", group)))
        strict = self.get_option("strict")
        variables = inventory.get_host(host).get_vars()
        self._set_composite_vars(self.get_option("compose"), variables, host, strict=strict)
        variables = inventory.get_host(host).get_vars()
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host, strict=strict)


def connection_variables(bindings: list[dict[str, Any]], user: str | None) -> Mapping[str, Any]:
    """Return what is needed to log on to a host, nothing if it is not clear as whom; a pending binding may not work yet."""
    usable = [binding for binding in bindings if not binding["pending"] and user in (None, binding["user"])]
    if len({binding["user"] for binding in usable}) != 1:
        return {}
    with_key = [binding for binding in usable if binding["private_key_file"] is not None]
    chosen = (with_key or usable)[0]
    variables = {"ansible_host": chosen["address"], "ansible_port": chosen["port"], "ansible_user": chosen["user"]}
    if chosen["private_key_file"] is not None:
        variables["ansible_ssh_private_key_file"] = chosen["private_key_file"]
    return variables
