#!/usr/bin/python
# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: registry_copy
short_description: Copy a registry of SSH key pairs to another place
version_added: 0.1.0
description:
  - Copies the registered key pairs of all regions, or of some, from one registry to another, whatever each is kept in. So a registry
    moves from files to a shared one, and a shared one is saved to files.
  - A document is copied with its lineage and its serial. What is in the destination is replaced only by a later state of the very same
    document. One that is newer, that has key pairs or bindings which the source has not, or that is of another lineage, is an error, and
    then nothing is copied. A binding of the destination that was made later than the one of the same account in the source, to another
    key pair, is one that the source has not. A change of tags or comments that was made in the destination alone is not noticed once the
    source is newer.
  - All regions are checked before the first is copied. If one changes after that check, the error names the regions that were copied
    before.
  - Nothing private is in a registry, and private key files stay where they are.
author:
  - The keywright.ssh authors (@keywright)
extends_documentation_fragment:
  - keywright.ssh.attributes
  - keywright.ssh.attributes.controller
  - keywright.ssh.registry
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  destination:
    description:
      - The registry to copy to, a directory or a URL as in O(registry).
      - A password does not need to stand in the URL, and should not, for Ansible itself may show a task's arguments.
    type: path
    required: true
  region:
    description:
      - The regions to copy.
      - If it is left out, all regions are copied; neither E(KEYWRIGHT_REGION) nor the module defaults of a group have an effect.
    type: list
    elements: str
  delete:
    description:
      - Whether key pairs, bindings, and notes of removals that are not finished, may go from the destination that are not in the source
        any more.
      - If it is left out, they are an error, since the destination may have got them of its own after the last copy.
    type: bool
    default: false
  lock_timeout:
    description:
      - How many seconds to wait for a lock that another run holds, or for a server that does not answer. V(0) means not to wait.
      - If it is left out, a run waits for a minute.
    type: int
    default: 60
seealso:
  - module: keywright.ssh.ssh_keypair
  - ref: ansible_collections.keywright.ssh.docsite.team
    description: How a team shares one registry.
"""

EXAMPLES = r"""
- name: Move a registry from files to etcd
  keywright.ssh.registry_copy:
    registry: ~/.ansible/keywright/registry
    destination: etcds://etcd1.example.com:2379,etcd2.example.com:2379/keywright

- name: Save a shared registry to files
  keywright.ssh.registry_copy:
    registry: etcds://etcd1.example.com:2379,etcd2.example.com:2379/keywright
    destination: backup/registry
"""

RETURN = r"""
regions:
  description: The regions, sorted by name.
  returned: success
  type: list
  elements: dict
  contains:
    region:
      description: The name of the region.
      type: str
      sample: eu-1
    copied:
      description: Whether its document was copied, or would be in check mode.
      type: bool
      sample: true
    serial:
      description: The serial of the document, which counts its writes.
      type: int
      sample: 12
    serial_before:
      description: The serial that the destination's document had. It is V(null) if there was none.
      type: int
      sample: 11
    key_pairs:
      description: How many key pairs the document holds.
      type: int
      sample: 3
  sample: [{"region": "eu-1", "copied": true, "serial": 12, "serial_before": 11, "key_pairs": 3}]
error_code:
  description: A stable code for the reason of a failure, as in RV(keywright.ssh.ssh_keypair#module:error_code).
  returned: failure
  type: str
  sample: Registry.Diverged
"""

import os

from ansible_collections.keywright.ssh.plugins.module_utils._boundary.call import Call
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.copying import REGISTRY_COPY, registry_copy
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.failures import guarded
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.quiet_module import QuietModule


def main() -> None:
    """Run without the action plugin; a registry's URL may hold a password, so the result does not repeat the arguments."""
    module = QuietModule(argument_spec=REGISTRY_COPY.options, supports_check_mode=True)
    result = guarded(lambda: registry_copy(module.params, Call(os.path.abspath, module.check_mode, module._diff)))
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
