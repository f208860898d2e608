#!/usr/bin/python
# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ssh_keypair_info
short_description: List SSH key pairs
version_added: 0.1.0
description:
  - Lists registered SSH key pairs with the state of their private key files. It takes no lock, makes nothing, and never sees a
    half-written state.
  - All filters must match. A name that is not registered gives an empty list.
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
    support: N/A
options:
  region:
    description:
      - The regions to list. A region that nothing is registered in is empty.
      - If it is left out, the environment variable E(KEYWRIGHT_REGION) of the controller is used. If that is not set either, or if the
        list is empty, all regions are listed.
    type: list
    elements: str
  name:
    description:
      - Names of key pairs. V(*) stands for any characters, so V(web*) starts with, V(*web) ends with, V(*web*) contains, and V(web) is
        equal.
      - If it is left out, key pairs of all names are listed.
    type: list
    elements: str
  fingerprint:
    description:
      - Fingerprints of public keys, SHA256 or MD5, with or without the prefix, and with or without the colons of MD5.
      - If it is left out, key pairs of all fingerprints are listed.
    type: list
    elements: str
  tags:
    description:
      - Tags that a key pair must all have. An empty value asks for the key of the tag, whatever its value.
      - If it is left out, key pairs are listed whatever their tags.
    type: dict
  type:
    description:
      - Types of key.
      - If it is left out, key pairs of all types are listed.
    type: list
    elements: str
    choices: [ed25519, ecdsa, rsa, ed25519-sk, ecdsa-sk]
  creation_type:
    description:
      - How key pairs came into being.
      - If it is left out, generated and imported ones are listed.
    type: list
    elements: str
    choices: [generated, imported]
  private_key_status:
    description:
      - The state of the private key file, as in RV(keywright.ssh.ssh_keypair#module:key_pairs[].private_key_status).
      - If it is left out, key pairs are listed whatever the state of their files.
    type: list
    elements: str
    choices: [present, pending, missing, mismatched, unverified, elsewhere, not_managed]
  bound_to:
    description:
      - Hosts, by their names in the inventory, to at least one of which a key pair is bound. V(*) stands for any characters.
      - If it is left out, key pairs are listed whatever they are bound to.
    type: list
    elements: str
  unbound:
    description:
      - Whether to list only key pairs that are bound to no host.
      - If it is left out, bound and unbound ones are listed.
    type: bool
    default: false
  include_public_key:
    description:
      - Whether key pairs come with C(public_key).
      - If it is left out, they do.
    type: bool
    default: true
seealso:
  - module: keywright.ssh.ssh_keypair
"""

EXAMPLES = r"""
- name: List the key pairs of all regions
  keywright.ssh.ssh_keypair_info:
  register: all_key_pairs

- name: List those of one region and team whose names start with web
  keywright.ssh.ssh_keypair_info:
    region: eu-1
    name: web*
    tags:
      team: platform

- name: Find out which key pair a fingerprint in a log belongs to
  keywright.ssh.ssh_keypair_info:
    fingerprint: SHA256:vaXG66H2Cgm6aJOtbhn6O0saUP1aF9nxpwGiBCRmXQE

- name: Find out which key pairs let somebody in to a host
  keywright.ssh.ssh_keypair_info:
    bound_to: web1

- name: Fail if private key files are gone or exchanged
  keywright.ssh.ssh_keypair_info:
    private_key_status: [missing, mismatched]
  register: suspicious
  failed_when: suspicious.key_pairs | length > 0
"""

RETURN = r"""
key_pairs:
  description:
    - The key pairs that match, sorted by region and name, each with the keys of RV(keywright.ssh.ssh_keypair#module:key_pairs), but
      without C(public_key) if O(include_public_key=false).
  returned: success
  type: list
  elements: dict
  sample:
    - name: ops
      region: eu-1
      id: 21d12112-0951-4ef1-8026-2efa62e520d0
      type: ed25519
      size: 256
      fingerprint: SHA256:vaXG66H2Cgm6aJOtbhn6O0saUP1aF9nxpwGiBCRmXQE
      fingerprint_md5: 2f:bf:8d:fb:d3:84:0d:4f:13:fe:f3:5f:68:9a:8d:de
      fingerprint_ec2: vaXG66H2Cgm6aJOtbhn6O0saUP1aF9nxpwGiBCRmXQE=
      public_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDUwxT/jZaObHAiug5ltXUbw2unhX23r+rXcbIwi4isl ops
      comment: ops
      creation_type: generated
      created_at: "2026-11-24T04:52:00Z"
      tags:
        team: platform
      private_key_file: /home/alice/.ssh/keywright/eu-1/ops.pem
      private_key_status: present
      bindings:
        - host: web1
          address: 192.0.2.10
          port: 22
          user: deploy
          bound_at: "2026-11-24T05:20:12Z"
          pending: false
regions:
  description: The regions that were looked at, sorted, whether or not a key pair of theirs matches.
  returned: success
  type: list
  elements: dict
  contains:
    region:
      description: The name of the region.
      type: str
      returned: success
      sample: eu-1
    count:
      description: How many key pairs are registered in it.
      type: int
      returned: success
      sample: 3
    quota:
      description: How many key pairs a region can hold.
      type: int
      returned: success
      sample: 500
    free:
      description: How many more key pairs it can hold.
      type: int
      returned: success
      sample: 497
error_code:
  description: A stable code for the reason of a failure, as in RV(keywright.ssh.ssh_keypair#module:error_code).
  returned: failure
  type: str
  sample: Registry.Corrupt
"""

import os

from ansible_collections.keywright.ssh.plugins.module_utils._boundary.call import Call
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.failures import guarded
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.listing import SSH_KEYPAIR_INFO, ssh_keypair_info
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.quiet_module import QuietModule


def main() -> None:
    """Run without the action plugin; a registry's URL may hold a password, so the result does not repeat the arguments."""
    module = QuietModule(argument_spec=SSH_KEYPAIR_INFO.options, supports_check_mode=True)
    result = guarded(lambda: ssh_keypair_info(module.params, Call(os.path.abspath, module.check_mode, module._diff)))
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
