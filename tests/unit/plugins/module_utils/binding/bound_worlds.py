# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host in memory and a registry in memory, both of which can break at each of their steps."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._login.attempt import Verdict
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Binding, Document, KeyPair
from ansible_collections.keywright.ssh.plugins.module_utils._planning.bind import BindWish
from ansible_collections.keywright.ssh.plugins.module_utils._registry.codec import decode, encode
from ansible_collections.keywright.ssh.plugins.module_utils._rules.authorized_keys import fingerprint_of, new_content, outcome
from ansible_collections.keywright.ssh.plugins.module_utils._service.binding import BindOutcome, Edit, Edited, bind, unbind
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import (
    CONTROLLER,
    REGION,
    binding,
    document,
    key_pair,
    material,
)
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.memory_store import MemoryStore

OPS, TWO, THREE = key_pair("ops", 1), key_pair("two", 2), key_pair("three", 3)
FOREIGN = material(9).line("laptop")
ACCOUNT = "deploy@web1"
HOME = "/home/deploy"
Event = Callable[[str], None]


def nothing(_name: str) -> None:
    pass


class MemoryHost:
    """A host whose file is ``content``, edited by the module's own functions.

    ``lets_in`` tells whether sshd takes the keys that are in the file. ``step`` is called before and after each thing that
    happens here, with its name.
    """

    def __init__(self, content: str = "") -> None:
        self.files: dict[str | None, bytes | None] = {None: content.encode()}
        self.lets_in = True
        self.fails: dict[str, Exception] = {}
        self.edits: list[Edit] = []
        self.logins: list[KeyPair] = []
        self.step: Event = nothing

    def edit(self, edit: Edit, check_mode: bool) -> Edited:
        self._happens("look" if check_mode else "edit")
        edited = self._apply({**edit._asdict(), "revoke": list(edit.revoke)}, check_mode)
        if not check_mode:
            self.edits.append(edit)
            self._happened("edit")
        return edited

    def undo(self, edit: Edit, edited: Edited) -> None:
        self._happens("undo")
        self._apply({"path": edit.path, "undo": edited._asdict()}, False)
        self._happened("undo")

    def log_on(self, wish: BindWish, key_pair: KeyPair) -> Verdict:
        self._happens("login")
        self.logins.append(key_pair)
        there = key_pair.fingerprint in self.fingerprints
        return Verdict(True) if self.lets_in and there else Verdict(False, words="Permission denied (publickey).")

    @property
    def content(self) -> bytes | None:
        """What the account's usual file holds."""
        return self.files[None]

    @content.setter
    def content(self, content: bytes | None) -> None:
        self.files[None] = content

    @property
    def fingerprints(self) -> set[str]:
        found = map(fingerprint_of, b"\n".join(content or b"" for content in self.files.values()).split(b"\n"))
        return {each[0] for each in found if each is not None}

    def _apply(self, edit: dict[str, Any], check_mode: bool) -> Edited:
        path = None if edit["path"] in (None, f"{HOME}/.ssh/authorized_keys") else os.path.join(HOME, edit["path"])
        old = self.files.get(path)
        new = new_content(edit, old or b"")
        if not check_mode:
            self.files[path] = new
        result = {**outcome(old, new, new != old), "path": path}
        return Edited(*(result[field] for field in ("changed", "removed", "added", "before", "after", "path")))

    def _happens(self, name: str) -> None:
        self.step(name)
        if f"before {name}" in self.fails:
            raise self.fails[f"before {name}"]

    def _happened(self, name: str) -> None:
        self.step(name)
        if f"after {name}" in self.fails:
            raise self.fails[f"after {name}"]


class BoundWorld:
    """A registry and the account :data:`ACCOUNT` of a host. Each controller that acts there is a call of a method."""

    def __init__(self, *bindings: Binding, content: str = "") -> None:
        self.store = MemoryStore()
        self.host = MemoryHost(content)
        self.put(document(OPS, TWO, THREE, bindings=bindings))

    def put(self, new: Document) -> None:
        self.store.documents[new.region] = encode(new)

    def document(self) -> Document:
        return decode(self.store.documents[REGION], REGION)

    @property
    def registered(self) -> Binding | None:
        return self.document().bindings.get(ACCOUNT)

    def wish(self, name: str, **options: Any) -> BindWish:
        return BindWish(**{"region": REGION, "name": name, "host": "web1", "address": "192.0.2.1", "port": 22, "user": "deploy", **options})

    def bind(self, name: str = "ops", check_mode: bool = False, **options: Any) -> BindOutcome:
        return bind(self.wish(name, **options), self._environment(), self.host, check_mode)

    def unbind(self, name: str = "ops", check_mode: bool = False, registry_only: bool = False, **options: Any) -> BindOutcome:
        return unbind(self.wish(name, **options), self._environment(), None if registry_only else self.host, check_mode)

    def unrecorded(self) -> set[str]:
        """Return the key pairs that the host lets in although the registry does not say so."""
        current = self.registered
        known = set() if current is None else {current.fingerprint, *current.replaces}
        names = {each.fingerprint: each.name for each in (OPS, TWO, THREE)}
        return {names[fingerprint] for fingerprint in self.host.fingerprints - known if fingerprint in names}

    def _environment(self) -> Environment:
        store: Any = self.store
        return Environment(store, CONTROLLER, lambda: datetime(2026, 11, 24, 4, 52, 7, tzinfo=timezone.utc))


def lines(*key_pairs: KeyPair) -> str:
    """Return the content of a file that holds a foreign line and those of the key pairs."""
    return "".join(f"{line}\n" for line in [FOREIGN, *(each.public_key for each in key_pairs)])


def with_ops(**changes: Any) -> BoundWorld:
    """Return a world in which ``ops`` is bound."""
    return BoundWorld(binding(OPS, **changes), content=lines(OPS))


def with_nothing() -> BoundWorld:
    """Return a world in which nothing is bound."""
    return BoundWorld(content=lines())


def with_two_pending() -> BoundWorld:
    """Return a world in which a run was stopped after it had registered that ``two`` replaces ``ops``."""
    return BoundWorld(binding(TWO, pending=True, replaces=(OPS.fingerprint,)), content=lines(OPS))


def attempted(task: Callable[[], Any]) -> KeyPairError | None:
    """Run a task and return what it fails with."""
    try:
        task()
    except KeyPairError as error:
        return error
    return None
