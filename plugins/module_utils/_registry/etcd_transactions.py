# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Transactions of etcd, as its JSON gateway takes and answers them (etcd's API reference, ``TxnRequest`` and ``TxnResponse``).

The gateway leaves out of an answer what is false, zero or empty.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, NamedTuple

Operation = dict[str, Any]
Transaction = dict[str, list[Operation]]


class Found(NamedTuple):
    """A key that is there, with the revision that wrote it."""

    key: bytes
    value: bytes
    revision: str


class Answer(NamedTuple):
    """Whether the conditions of a transaction held, the revision after it, and what each of its looks found, in their order."""

    held: bool
    revision: str
    found: tuple[tuple[Found, ...], ...]


def transaction(conditions: tuple[Operation, ...], operations: tuple[Operation, ...], otherwise: tuple[Operation, ...] = ()) -> Transaction:
    """Return a transaction that does ``operations`` if all conditions hold, and ``otherwise`` if not."""
    return {"compare": list(conditions), "success": list(operations), "failure": list(otherwise)}


def look(key: bytes) -> Operation:
    """Return the operation that looks a key up."""
    return {"request_range": {"key": _encoded(key)}}


def look_below(start: bytes) -> Operation:
    """Return the operation that lists the keys that begin with ``start``, without their values."""
    end = start[:-1] + bytes([start[-1] + 1])
    return {"request_range": {"key": _encoded(start), "range_end": _encoded(end), "keys_only": True}}


def put(key: bytes, value: bytes) -> Operation:
    """Return the operation that writes a key."""
    return {"request_put": {"key": _encoded(key), "value": _encoded(value)}}


def is_at(key: bytes, revision: int) -> Operation:
    """Return the condition that a key was written last by a revision; of revision 0 is a key that is not there."""
    return {"key": _encoded(key), "result": "EQUAL", "target": "MOD", "mod_revision": revision}


def holds(key: bytes, value: bytes) -> Operation:
    """Return the condition that a key has a value."""
    return {"key": _encoded(key), "result": "EQUAL", "target": "VALUE", "value": _encoded(value)}


def answered(client: Any, asked: Transaction) -> Answer:
    """Ask through a client of ``etcd3gw``; raises :class:`ValueError` and its like if what comes is no answer to the transaction."""
    answer = client.transaction(asked)
    revision, held, responses = int(answer["header"]["revision"]), answer.get("succeeded", False), answer.get("responses", [])
    done = asked["success" if held is True else "failure"]
    if not isinstance(held, bool) or not (held or asked["compare"]) or len(responses) != len(done):
        raise ValueError
    found = [_found(response) for operation, response in zip(done, responses, strict=True) if "request_range" in operation]
    return Answer(held, str(revision), tuple(found))


def _found(response: Mapping[str, Any]) -> tuple[Found, ...]:
    kvs = response["response_range"].get("kvs", [])
    return tuple(Found(_decoded(each["key"]), _decoded(each.get("value", "")), str(int(each["mod_revision"]))) for each in kvs)


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
