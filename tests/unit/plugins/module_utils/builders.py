# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records and wishes with everything filled in, so that a test states only what it is about."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._keys.generation import generate, public_key_of
from ansible_collections.keywright.ssh.plugins.module_utils._keys.private_key import serialize
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Binding, Delivery, Document, KeyPair
from ansible_collections.keywright.ssh.plugins.module_utils._model.material import Material
from ansible_collections.keywright.ssh.plugins.module_utils._model.wish import Wish

REGION = "eu-1"
CONTROLLER = "here/0123456789ab"
ELSEWHERE = "there/ba9876543210"
LINEAGE = "6f1c2d3e-4a5b-4c6d-8e7f-8091a2b3c4d5"
OTHER_LINEAGE = "00000000-4a5b-4c6d-8e7f-8091a2b3c4d5"


@functools.cache
def key(number: int = 0, key_type: str = "ed25519", size: int = 256) -> Any:
    """Return the private key of a number, the same one all through a test run."""
    return generate(key_type, size)


def material(number: int = 0, key_type: str = "ed25519", size: int = 256, comment: str = "") -> Material:
    """Return the public half of :func:`key` as tasks bring it along."""
    public_key = public_key_of(key(number, key_type, size), comment)
    return Material(key_type, size, public_key.fingerprint, public_key.line(""), comment)


def private_key_bytes(
    number: int = 0, key_type: str = "ed25519", size: int = 256, form: str = "openssh", passphrase: str | None = None
) -> bytes:
    """Return the content of the private key file of :func:`key`."""
    return serialize(key(number, key_type, size), public_key_of(key(number, key_type, size), "test"), form, passphrase)


def key_pair(name: str = "ops", number: int = 0, key_type: str = "ed25519", size: int = 256, **changes: Any) -> KeyPair:
    """Return a generated key pair that is delivered here; ``changes`` are fields of the record."""
    made = material(number, key_type, size)
    comment = changes.get("comment", name)
    record = KeyPair(
        name=name,
        region=REGION,
        id="11111111-2222-4333-8444-555555555555",
        type=key_type,
        size=size,
        fingerprint=made.fingerprint,
        public_key=made.line(comment),
        comment=comment,
        creation_type="generated",
        created_at="2026-01-02T03:04:05Z",
        delivery=Delivery(CONTROLLER, f"/keys/{name}.pem"),
    )
    return record._replace(**changes)


def imported(name: str = "ops", number: int = 0, **changes: Any) -> KeyPair:
    """Return an imported key pair."""
    return key_pair(name, number, **{"creation_type": "imported", "delivery": None, **changes})


def binding(record: KeyPair, host: str = "web1", **changes: Any) -> Binding:
    """Return a finished binding of a key pair to the account ``deploy`` of a host."""
    return Binding(
        **{
            "key_pair": record.name,
            "fingerprint": record.fingerprint,
            "host": host,
            "address": "192.0.2.1",
            "port": 22,
            "user": "deploy",
            "bound_at": "2026-01-02T03:04:05Z",
            **changes,
        }
    )


def document(*key_pairs: KeyPair, serial: int = 7, removals: Mapping[str, Any] | None = None, bindings: Iterable[Binding] = ()) -> Document:
    """Return a document of :data:`REGION` that holds the key pairs."""
    bound = {each.account: each for each in bindings}
    return Document(REGION, LINEAGE, serial, {each.name: each for each in key_pairs}, removals or {}, bound)


def wish(*names: str, **options: Any) -> Wish:
    """Return the wish of a task that states the options and leaves the others out."""
    return Wish(**{"region": REGION, "names": names or ("ops",), "default_directory": "/keys", **options})
