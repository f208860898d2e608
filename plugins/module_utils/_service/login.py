# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Log on with a registered key pair, where its private key is at hand."""

from __future__ import annotations

import contextlib
import os

from ansible_collections.keywright.ssh.plugins.module_utils._delivery.directories import Directories
from ansible_collections.keywright.ssh.plugins.module_utils._delivery.inspection import MAX_PRIVATE_KEY_BYTES, Inspector
from ansible_collections.keywright.ssh.plugins.module_utils._login.attempt import Route, Verdict, attempt
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import KeyPair
from ansible_collections.keywright.ssh.plugins.module_utils._model.seen import ELSEWHERE, PRESENT, UNVERIFIED
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment


def log_on(environment: Environment, key_pair: KeyPair, route: Route, passphrase: str | None) -> Verdict:
    """Return whether the login works, or why it was not tried."""
    delivery = key_pair.delivery
    if delivery is None:
        return Verdict(False, untried="the key pair was imported, so its private key is not here")
    with contextlib.closing(Directories()) as directories:
        seen = Inspector(environment.store.identity, environment.controller, directories).look(key_pair, passphrase)
        if seen.status == ELSEWHERE:
            return Verdict(False, untried=f"the private key is on controller '{delivery.controller}'")
        folder, name = os.path.split(delivery.file)
        directory = directories.get(folder)
        if directory is None or seen.status not in (PRESENT, UNVERIFIED):
            return Verdict(False, untried=f"the private key file '{delivery.file}' {seen.cause or 'is not delivered yet'}")
        try:
            private_key, _status = directory.read(name, MAX_PRIVATE_KEY_BYTES)
        except OSError as error:
            return Verdict(False, untried=f"the private key file '{delivery.file}' cannot be read: {error.strerror}")
    return attempt(route, key_pair.public_key, delivery.file, private_key, passphrase, environment.temporary)
