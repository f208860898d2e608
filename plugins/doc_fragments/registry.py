# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that say where key pairs are registered."""

from __future__ import annotations


class ModuleDocFragment:
    """``keywright.ssh.registry``: where; ``.region``: in which region; ``.writing``: what every plugin that writes takes, too."""

    DOCUMENTATION = r"""
options:
  registry:
    description:
      - The directory in which the key pairs are registered, one JSON document per region. It never holds anything private, so it
        can be shared, read, compared and committed.
      - A relative path is relative to the directory of the playbook, or of the inventory's configuration.
      - The directory is made, with mode V(0700), when the first key pair is registered.
      - A URL names a registry that several controllers share, in a cluster of etcd or in PostgreSQL. It is
        C(etcd://HOST:PORT,HOST:PORT/PREFIX), C(etcds://) for TLS, or C(postgresql://USER@HOST/DATABASE) as libpq understands it.
        C(file:///PATH) is the same as the path. What only looks like a URL, such as one in quotes, is no path and is refused.
      - A password does not need to stand in the URL, and should not, for Ansible itself may show a task's arguments. See
        R(the guide,ansible_collections.keywright.ssh.docsite.team) for where else it can be.
      - If it is left out, the environment variable E(KEYWRIGHT_REGISTRY) of the controller is used.
    type: path
    default: ~/.ansible/keywright/registry
"""

    REGION = r"""
options:
  region:
    description:
      - The region that the key pairs belong to. A name of a key pair is unique in its region.
      - 1 to 63 characters. The first is a lower-case ASCII letter, the others are lower-case ASCII letters, digits or V(-).
      - A region needs no set-up, it comes into being with its first key pair.
      - If it is left out, the environment variable E(KEYWRIGHT_REGION) of the controller is used. If that is not set either, it
        is an error.
    type: str
    required: true
"""

    WRITING = r"""
options:
  private_key_dir:
    description:
      - The directory on the controller to which private keys are delivered, each as C(<name>.pem) with mode V(0600).
      - A relative path is relative to the playbook's directory. A missing directory is made with mode V(0700).
      - A directory that is writable by everyone, or that is owned by another user than root or the one who runs Ansible, is refused.
      - Delivery happens once. For a key pair that is registered already, another directory than the one it was delivered to is a
        warning and has no effect.
      - If it is left out, a new private key is delivered to C(~/.ssh/keywright/<region>/).
    type: path
  lock_timeout:
    description:
      - How many seconds to wait for each lock that another run holds. V(0) means not to wait.
      - If it is left out, a run waits for a minute.
    type: int
    default: 60
"""
