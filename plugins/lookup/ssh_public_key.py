# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look up public keys of registered key pairs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
name: ssh_public_key
short_description: Public keys of registered SSH key pairs
version_added: 0.1.0
description:
  - Returns the public keys of key pairs that M(keywright.ssh.ssh_keypair) has registered, each as a line for C(authorized_keys).
  - There is nothing private in a registry, so there is no way to get a private key from this lookup.
author:
  - The keywright.ssh authors (@keywright)
extends_documentation_fragment:
  - keywright.ssh.registry
  - keywright.ssh.registry.region
options:
  _terms:
    description:
      - The names of the key pairs.
    type: list
    elements: str
    required: true
  region:
    env:
      - name: KEYWRIGHT_REGION
  registry:
    env:
      - name: KEYWRIGHT_REGISTRY
  default:
    description:
      - What to return for a name that is not registered.
      - If it is left out, a name that is not registered is an error.
    type: raw
seealso:
  - module: keywright.ssh.ssh_keypair
"""

EXAMPLES = r"""
- name: Show the public key of one key pair
  ansible.builtin.debug:
    msg: "{{ lookup('keywright.ssh.ssh_public_key', 'ops', region='eu-1') }}"

- name: Write those of several into one file
  ansible.builtin.copy:
    content: "{{ query('keywright.ssh.ssh_public_key', 'web', 'db', region='eu-1') | join('\n') }}\n"
    dest: deploy_keys.pub
    mode: "0644"

- name: Do without the one that may not be there
  ansible.builtin.debug:
    msg: "{{ lookup('keywright.ssh.ssh_public_key', 'legacy', region='eu-1', default='none') }}"
"""

RETURN = r"""
_raw:
  description:
    - One public key per name, in the order of the names.
  type: list
  elements: str
"""

import os
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.failures import guarded
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.listing import ssh_public_keys
from ansible_collections.keywright.ssh.plugins.module_utils._registry.urls import is_path


class LookupModule(LookupBase):
    """The lookup ``keywright.ssh.ssh_public_key``."""

    def run(self, terms: list[Any], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[Any]:
        """Return one public key per name; raises :class:`AnsibleLookupError`."""
        registry = kwargs.get("registry") or os.environ.get("KEYWRIGHT_REGISTRY")
        if isinstance(registry, str) and registry:  # relative to the playbook, as in the modules, not to the working directory
            kwargs["registry"] = os.path.expanduser(os.path.expandvars(registry)) if is_path(registry) else registry
        if kwargs.get("region") is None and not os.environ.get("KEYWRIGHT_REGION"):
            raise AnsibleLookupError("Option 'region' is required and was not given. (MissingParameter)")
        texts = {option: value for option, value in kwargs.items() if option != "registry" or isinstance(value, str)}
        self.set_options(var_options=variables, direct=texts)  # what is no text is refused below, with an error code
        options = {option: self.get_option(option) for option in ("region", "registry")}
        options["registry"] = options["registry"] if kwargs.get("registry") is None else kwargs["registry"]
        default = [kwargs["default"]] if "default" in kwargs else []
        resolve = os.path.abspath if self._loader is None else self._loader.path_dwim
        result = guarded(lambda: ssh_public_keys(terms, options, resolve, *default))
        if result.get("failed"):
            raise AnsibleLookupError(f"{result['msg']} ({result['error_code']})")
        return list(result["public_keys"])
