#!/usr/bin/python
# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ssh_keypair
short_description: Create, import, tag and remove SSH key pairs
version_added: 0.1.0
description:
  - Manages SSH key pairs the way that a cloud console does, for any machines. A key pair has a name that is unique in its region, it
    is generated here or imported as a public key, it carries tags, and its public half is registered in a file that a team can read,
    compare and commit.
  - The private key of a generated key pair is delivered exactly once, to a file on the controller. It is never stored elsewhere,
    returned, logged, or sent to a host.
  - A task is one transaction, also when O(name) lists several key pairs. A run that is stopped at any instant leaves either nothing,
    or registered key pairs whose private keys the next run of the task delivers.
  - No existing file is ever overwritten.
author:
  - The keywright.ssh authors (@keywright)
extends_documentation_fragment:
  - keywright.ssh.attributes
  - keywright.ssh.attributes.controller
  - keywright.ssh.registry
  - keywright.ssh.registry.region
  - keywright.ssh.registry.writing
requirements:
  - cryptography >= 42 (on the controller, where ansible-core has brought it along)
  - bcrypt >= 4 (on the controller, only for O(passphrase) with O(private_key_format=openssh))
attributes:
  check_mode:
    support: full
    details:
      - What only a run can know, such as the fingerprint of a key that is yet to be made, is returned as V((known after apply)).
  diff_mode:
    support: full
options:
  name:
    description:
      - The name of the key pair, or the names of several, which are then handled as one transaction.
      - 2 to 128 characters. The first is an ASCII letter, the others are ASCII letters, digits, V(.), V(_), V(-) or V(:). Upper and
        lower case differ.
      - A region holds at most 500 key pairs. If a list would lead to more, none of the list is created.
      - With O(state=absent) at most 100 names can be given. Names that are not registered change nothing.
      - A name that is listed twice counts once.
    type: list
    elements: str
    required: true
  state:
    description:
      - V(present) creates or imports what is not registered, and brings tags and comment up to date.
      - V(absent) removes the registration. See O(remove_private_key) for the private key file. A key pair that is bound to hosts is
        not removed.
      - If it is left out, key pairs are to be present.
    type: str
    choices: [present, absent]
    default: present
  type:
    description:
      - The type of key to create.
      - If it is left out, V(ed25519) is created, and a registered key pair of any type is accepted.
    type: str
    choices: [ed25519, ecdsa, rsa]
  size:
    description:
      - The size of the key to create, in bits. V(2048), V(3072) or V(4096) for V(rsa); V(256), V(384) or V(521) for V(ecdsa); V(256)
        for V(ed25519).
      - If it is left out, V(3072) is created for V(rsa) and V(256) for V(ecdsa), and a registered key pair of any size is accepted.
    type: int
  public_key:
    description:
      - Import this public key instead of generating a key pair. No private key is delivered then.
      - An OpenSSH line with or without comment, its Base64 part alone, RFC 4716, or PEM (SubjectPublicKeyInfo).
      - Types are C(rsa) of at least 2048 bits, C(ecdsa), C(ed25519), and the C(sk-) forms of the latter two, which are held by security
        keys.
      - Keys are compared, not texts. Another comment, white space or format is no difference.
      - For one name only.
      - If it is left out, a key pair is generated, and a registered key pair is accepted, be it generated or imported.
    type: str
  adopt_private_key_file:
    description:
      - Register the key pair whose private key is already in this file on the controller. The file is left untouched where it is, and
        counts as delivered there.
      - The public key is computed from it. An encrypted private key needs O(passphrase).
      - For one name only. O(private_key_dir) has no effect with it, and may stand in C(module_defaults).
      - Where the key pair is registered already, a file that holds the same key takes the place of a private key file that is missing,
        or that never was here because the key pair was imported.
      - If it is left out, no file is adopted.
    type: path
  comment:
    description:
      - The comment of the public key, at most 1024 characters without control characters. Private key files in OpenSSH format hold it
        as well.
      - For a registered key pair it updates the registration. The private key file keeps the comment that it was made with.
      - If it is left out, a new key pair gets its name as comment (an imported one keeps the comment that it comes with), and the comment
        of a registered one stays.
    type: str
  passphrase:
    description:
      - Encrypt the private key file with this passphrase, 5 characters to 1023 bytes.
      - It bears on delivery only, and is never a difference. It also opens a delivered file whose format hides which key it holds.
      - Take it from a vault or a file. ansible-core 2.19 and later print the text of a failing task, so a passphrase that is written
        into the playbook itself may end up in its output.
      - If it is left out, the private key file is not encrypted.
    type: str
  private_key_format:
    description:
      - The format of the private key file. V(pkcs8) and V(pkcs1) are for V(rsa) and V(ecdsa); for V(ed25519) they are refused, because
        OpenSSH before 9.6 cannot read them.
      - The encryption of V(pkcs1) is weak by today's standards. Prefer another format with O(passphrase).
      - It bears on delivery only, and is never a difference.
      - If it is left out, V(openssh) is written.
    type: str
    choices: [openssh, pkcs8, pkcs1]
  private_key_file:
    description:
      - The file on the controller to which the private key is delivered, with mode V(0600). For one name only.
      - It takes precedence over O(private_key_dir), so that the latter can be a default for many tasks.
      - If it is left out, the file is C(<name>.pem) in O(private_key_dir).
    type: path
  tags:
    description:
      - Tags of the key pair. At most 20; keys have 1 to 128 characters and do not start with V(aliyun) or V(acs:); values have at most
        128 characters; neither contains V(http://) or V(https://).
      - Values are text, and whole numbers are taken as their digits. Put everything else in quotes.
      - If it is left out, tags stay as they are. To remove all, set it to V({}) with O(purge_tags=true).
    type: dict
  purge_tags:
    description:
      - Whether to remove tags that O(tags) does not list.
      - If it is left out, they are removed where O(tags) is given.
    type: bool
    default: true
  regenerate:
    description:
      - What to do when the registered key pair is not what the task asks for, by O(type), O(size), O(public_key) or
        O(adopt_private_key_file).
      - V(fail) fails and shows both fingerprints.
      - V(never) keeps the registered key pair.
      - V(full_idempotence) replaces it. The old private key file is kept beside the new one, under its name followed by the time of the
        replacement. A key pair that is bound to hosts is not replaced.
      - If it is left out, the task fails.
    type: str
    choices: [fail, never, full_idempotence]
    default: fail
  remove_private_key:
    description:
      - Whether O(state=absent) also removes the private key file, which it does only if the file still is the key pair's.
      - If it is left out, the file stays, and a warning names it.
    type: bool
    default: false
  on_missing_private_key:
    description:
      - What to do when a key pair was delivered on this controller, but its private key file is gone or is another key.
      - V(warn) warns and names the cause. V(ignore) says nothing. V(fail) fails.
      - V(regenerate) replaces the key pair if its file is missing, and warns if it is another key.
      - If it is left out, it is a warning.
    type: str
    choices: [warn, ignore, fail, regenerate]
    default: warn
seealso:
  - module: keywright.ssh.ssh_keypair_info
  - module: keywright.ssh.ssh_keypair_binding
  - plugin: keywright.ssh.ssh_public_key
    plugin_type: lookup
  - module: community.crypto.openssh_keypair
  - module: amazon.aws.ec2_key
  - module: ansible.posix.authorized_key
"""

EXAMPLES = r"""
- name: Create a key pair; the private key is delivered to ~/.ssh/keywright/eu-1/ops.pem
  keywright.ssh.ssh_keypair:
    name: ops
    region: eu-1

- name: Create several key pairs in one transaction, with tags
  keywright.ssh.ssh_keypair:
    name: [web, db, cache]
    region: eu-1
    tags:
      team: platform
      environment: production

- name: Create an RSA key pair with a passphrase, delivered beside the playbook
  keywright.ssh.ssh_keypair:
    name: backup
    region: eu-1
    type: rsa
    size: 4096
    passphrase: "{{ backup_passphrase }}"
    private_key_dir: private

- name: Import a public key
  keywright.ssh.ssh_keypair:
    name: alice
    region: eu-2
    public_key: "{{ lookup('ansible.builtin.file', 'alice.pub') }}"

- name: Register a key pair whose private key is already there, without touching the file
  keywright.ssh.ssh_keypair:
    name: legacy
    region: eu-1
    adopt_private_key_file: private/id_rsa

- name: Rotate a key pair to another type; the old private key is kept beside the new one
  keywright.ssh.ssh_keypair:
    name: backup
    region: eu-1
    type: ecdsa
    regenerate: full_idempotence
    private_key_dir: private

- name: Remove a key pair together with its private key file
  keywright.ssh.ssh_keypair:
    name: cache
    region: eu-1
    state: absent
    remove_private_key: true
"""

RETURN = r"""
key_pairs:
  description:
    - The key pairs that are present after the run, in the order of O(name).
    - Empty with O(state=absent).
  returned: success
  type: list
  elements: dict
  contains: &key_pair
    name:
      description: The name of the key pair.
      type: str
      returned: success
      sample: ops
    region:
      description: The region that it belongs to.
      type: str
      returned: success
      sample: eu-1
    id:
      description: A UUID that stands for this key. A replaced key pair has another one.
      type: str
      returned: success
      sample: 21d12112-0951-4ef1-8026-2efa62e520d0
    type:
      description: V(ed25519), V(ecdsa), V(rsa), V(ed25519-sk) or V(ecdsa-sk).
      type: str
      returned: success
      sample: ed25519
    size:
      description: The size of the key in bits.
      type: int
      returned: success
      sample: 256
    fingerprint:
      description: The SHA256 fingerprint, as C(ssh-keygen -l) prints it.
      type: str
      returned: success
      sample: SHA256:vaXG66H2Cgm6aJOtbhn6O0saUP1aF9nxpwGiBCRmXQE
    fingerprint_ec2:
      description:
        - The fingerprint that Amazon EC2 shows for the public key once it was imported there, as with C(key_material) of
          M(amazon.aws.ec2_key).
        - MD5 of the DER form for V(rsa), SHA256 in Base64 for V(ed25519), and null for other types, which EC2 does not take.
      type: str
      returned: success
      sample: vaXG66H2Cgm6aJOtbhn6O0saUP1aF9nxpwGiBCRmXQE=
    fingerprint_md5:
      description: The MD5 fingerprint, as C(ssh-keygen -l -E md5) prints it after C(MD5:).
      type: str
      returned: success
      sample: 2f:bf:8d:fb:d3:84:0d:4f:13:fe:f3:5f:68:9a:8d:de
    public_key:
      description: The public key as a line for C(authorized_keys).
      type: str
      returned: success
      sample: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDUwxT/jZaObHAiug5ltXUbw2unhX23r+rXcbIwi4isl ops
    comment:
      description: The comment of the public key.
      type: str
      returned: success
      sample: ops
    creation_type:
      description: V(generated) or V(imported).
      type: str
      returned: success
      sample: generated
    created_at:
      description: When this key was registered, in UTC, by ISO 8601.
      type: str
      returned: success
      sample: "2026-11-24T04:52:00Z"
    tags:
      description: The tags of the key pair.
      type: dict
      returned: success
      sample:
        team: platform
    private_key_file:
      description: The absolute path to which the private key was delivered, null for an imported key pair.
      type: str
      returned: success
      sample: /home/alice/.ssh/keywright/eu-1/ops.pem
    private_key_status:
      description:
        - V(delivered) by this run; V(present), the file is the key pair's; V(pending), the next run delivers it.
        - V(missing), there is no file; V(mismatched), the file is not the key pair's.
        - V(unverified), the file cannot be read, or is encrypted in a format that hides which key it holds and the passphrase was not
          given.
        - V(elsewhere), it was delivered on another controller; V(not_managed), the key pair was imported.
      type: str
      returned: success
      sample: delivered
    bindings:
      description: The accounts of hosts that M(keywright.ssh.ssh_keypair_binding) has bound the key pair to.
      type: list
      elements: dict
      returned: success
      contains:
        host:
          description: The host, by its name in the inventory.
          type: str
          returned: success
          sample: web1
        address:
          description: The address at which it was reached.
          type: str
          returned: success
          sample: 192.0.2.10
        port:
          description: The port of its SSH server.
          type: int
          returned: success
          sample: 22
        user:
          description: The account.
          type: str
          returned: success
          sample: deploy
        bound_at:
          description: When it was bound, in UTC, by ISO 8601.
          type: str
          returned: success
          sample: "2026-11-24T05:20:12Z"
        pending:
          description: Whether the run that bound it was stopped before it was done. A pending binding counts, and the next run finishes it.
          type: bool
          returned: success
          sample: false
key_pair:
  description: The only item of RV(key_pairs), null with O(state=absent).
  returned: when O(name) is one name
  type: dict
  contains: *key_pair
error_code:
  description: A stable code for the reason of a failure, for use in C(failed_when) or C(rescue). The guide on error codes lists them all.
  returned: failure
  type: str
  sample: KeyPair.AlreadyExist
"""

import os

from ansible_collections.keywright.ssh.plugins.module_utils._boundary.call import Call
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.failures import guarded
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.quiet_module import QuietModule
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.ssh_keypair import SSH_KEYPAIR, ssh_keypair


def main() -> None:
    """Run without the action plugin; arguments, among them a wrongly pasted private key, stay out of syslog and of the result."""
    module = QuietModule(
        argument_spec=SSH_KEYPAIR.options,
        mutually_exclusive=SSH_KEYPAIR.mutually_exclusive,
        supports_check_mode=True,
    )
    call = Call(os.path.abspath, module.check_mode, module._diff)
    result = guarded(lambda: ssh_keypair(module.params, call))
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
