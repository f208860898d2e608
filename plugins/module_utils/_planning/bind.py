# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide what binding or unbinding a key pair changes: pure functions of the wish and of what is registered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Binding, Document, KeyPair, account_of


@dataclass(frozen=True)
class BindWish:
    """The wish for the access of one key pair to one account; ``path`` is the host's file, None for the usual one."""

    region: str
    name: str
    host: str
    address: str
    port: int
    user: str
    verify: bool = True
    exclusive: bool = False
    path: str | None = None
    passphrase: str | None = field(default=None, repr=False)
    lock_timeout: float = 60

    @property
    def account(self) -> str:
        """What the region has at most one binding for."""
        return account_of(self.user, self.host)


class BindPlan(NamedTuple):
    """``grant`` is the line that the host's file is to have, ``revoke`` are fingerprints of keys whose lines are to go.

    ``before`` and ``after`` are the registered binding; ``replaced`` is the name of another key pair that was bound.
    ``key_pair`` is the one that is granted.
    """

    before: Binding | None
    after: Binding | None
    grant: str | None
    revoke: tuple[str, ...]
    replaced: str | None = None
    key_pair: KeyPair | None = None

    @property
    def pending(self) -> Binding | None:
        """Return the binding as it is registered before the host is touched; what is registered already needs no other."""
        if self.after is None or self.after == self.before:
            return self.after
        return self.after._replace(pending=True, replaces=self.revoke)


def plan_bind(wish: BindWish, document: Document, now: str) -> BindPlan:
    """Return what binds the key pair; raises :class:`KeyPairError` with ``InvalidKeyPairName.NotFound``."""
    key_pair = document.key_pairs.get(wish.name)
    if key_pair is None:
        raise KeyPairError(
            ErrorCode.NAME_UNKNOWN,
            f"No key pair '{wish.name}' is registered in region '{wish.region}'; create or import it with keywright.ssh.ssh_keypair first.",
        )
    before = document.bindings.get(wish.account)
    same = before is not None and before.key_pair == wish.name
    earlier = () if before is None else (before.fingerprint, *before.replaces)
    revoke = tuple(fingerprint for fingerprint in dict.fromkeys(earlier) if fingerprint != key_pair.fingerprint)
    bound_at = before.bound_at if before is not None and same else now
    after = Binding(wish.name, key_pair.fingerprint, wish.host, wish.address, wish.port, wish.user, bound_at, path=wish.path)
    return BindPlan(before, after, key_pair.public_key, revoke, None if before is None or same else before.key_pair, key_pair)


def plan_unbind(wish: BindWish, document: Document) -> BindPlan:
    """Return what takes the key pair's access away; what is neither bound nor registered changes nothing."""
    before = document.bindings.get(wish.account)
    if before is not None and before.key_pair == wish.name:
        return BindPlan(before, None, None, (before.fingerprint, *before.replaces))
    key_pair = document.key_pairs.get(wish.name)
    is_others = key_pair is None or (before is not None and before.fingerprint == key_pair.fingerprint)
    return BindPlan(None, None, None, () if key_pair is None or is_others else (key_pair.fingerprint,))


def check_file(wish: BindWish, before: Binding | None) -> None:
    """Refuse to edit another file than the registered one, which would leave an access that nobody knows of."""
    if before is not None and before.path != wish.path:
        raise KeyPairError(
            ErrorCode.KEYS_ELSEWHERE,
            f"Key pair '{before.key_pair}' is bound to '{wish.account}' in {_named(before.path)}, and this task is about "
            f"{_named(wish.path)}; unbind it there first.",
        )


def _named(path: str | None) -> str:
    return "the account's own file" if path is None else f"the file '{path}'"
