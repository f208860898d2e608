# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a task's parameters to its wish, and from what was done to its result."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.binding import ConnectedHost
from ansible_collections.keywright.ssh.plugins.module_utils._interface.binding import Destination, binding_result, parse_ssh_keypair_binding
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._planning.bind import BindWish
from ansible_collections.keywright.ssh.plugins.module_utils._service.binding import Edit, Edited
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.binding.bound_worlds import FOREIGN, OPS, TWO, with_nothing, with_ops
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import CONTROLLER
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.memory_store import MemoryStore

DESTINATION = Destination("web1", "192.0.2.1", 2222, "admin")
LEFT_OUT: dict[str, Any] = {
    "name": "ops",
    "region": "eu-1",
    "registry": "registry",
    "user": None,
    "state": "present",
    "verify": True,
    "exclusive": False,
    "path": None,
    "passphrase": None,
    "registry_only": False,
    "lock_timeout": 60,
}


def _parsed(**options: Any) -> Any:
    return parse_ssh_keypair_binding({**LEFT_OUT, **options}, DESTINATION, lambda path: f"/playbook/{path}")


def test_what_is_left_out_is_taken_from_the_connection() -> None:
    request = _parsed()
    assert request.wish == BindWish("eu-1", "ops", "web1", "192.0.2.1", 2222, "admin")
    assert (request.registry, request.present, request.registry_only) == ("/playbook/registry", True, False)


def test_what_is_stated_is_wished() -> None:
    stated: dict[str, Any] = {"user": "deploy", "verify": False, "exclusive": True, "path": "keys", "passphrase": "x", "lock_timeout": 0}
    assert _parsed(**stated).wish == BindWish("eu-1", "ops", "web1", "192.0.2.1", 2222, **stated)
    assert _parsed(state="absent", registry_only=True).registry_only


def test_a_wish_does_not_show_its_passphrase() -> None:
    assert "correct horse" not in repr(_parsed(passphrase="correct horse"))


REFUSED: dict[str, tuple[dict[str, Any], ErrorCode, str]] = {
    "no region": ({"region": "EU"}, ErrorCode.REGION_UNKNOWN, "'EU'"),
    "no name": ({"name": "-"}, ErrorCode.NAME_MALFORMED, "'-'"),
    "empty user": ({"user": ""}, ErrorCode.PARAMETER_INVALID, "'user'"),
    "user of another host": ({"user": "a@b"}, ErrorCode.PARAMETER_INVALID, "'a@b'"),
    "user with a space": ({"user": "a b"}, ErrorCode.PARAMETER_INVALID, "'user'"),
    "user of two lines": ({"user": "a\nb"}, ErrorCode.PARAMETER_INVALID, "'user'"),
    "empty path": ({"path": ""}, ErrorCode.PARAMETER_INVALID, "'path'"),
    "path of two lines": ({"path": "a\nb"}, ErrorCode.PARAMETER_INVALID, "'path'"),
    "no time": ({"lock_timeout": -1}, ErrorCode.PARAMETER_INVALID, "'lock_timeout'"),
    "forgetting a bind": ({"registry_only": True}, ErrorCode.PARAMETER_CONFLICT, "'registry_only'"),
    "no registry": ({"registry": ""}, ErrorCode.PATH_MALFORMED, "'registry'"),
}


@pytest.mark.parametrize(("options", "code", "says"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_refused(options: dict[str, Any], code: ErrorCode, says: str) -> None:
    with pytest.raises(KeyPairError, match=says) as refusal:
        _parsed(**options)
    assert refusal.value.code is code


def test_a_result_tells_the_binding_and_the_lines_that_change() -> None:
    world = with_ops()
    outcome = world.bind("two")
    result = binding_result(world.wish("two"), outcome, with_diff=True)
    assert result == {
        "changed": True,
        "binding": {
            "host": "web1",
            "user": "deploy",
            "key_pair": "two",
            "fingerprint": TWO.fingerprint,
            "replaced": "ops",
            "verified": True,
        },
        "diff": {
            "before": f"{OPS.public_key}\n",
            "after": f"{TWO.public_key}\n",
            "before_header": "keys of deploy@web1",
            "after_header": "keys of deploy@web1",
        },
    }
    assert "diff" not in binding_result(world.wish("two"), outcome, with_diff=False)


def test_a_result_of_an_unbind_has_no_binding() -> None:
    world = with_ops()
    result = binding_result(world.wish("ops"), world.unbind("ops"), with_diff=True)
    assert (result["changed"], result["binding"], result["diff"]["before"]) == (True, None, f"{OPS.public_key}\n")
    forgotten = binding_result(world.wish("ops"), with_nothing().unbind(registry_only=True), with_diff=True)
    assert forgotten == {"changed": False, "binding": None}


class _Connection:
    """A connection that notes what is sent to the host."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def destination(self) -> Destination:
        return DESTINATION

    def arguments(self) -> tuple[str, ...]:
        return ()

    def edit(self, edit: Any) -> Edited:
        self.sent.append(edit)
        return Edited(True, [FOREIGN], [OPS.public_key], "YQ==", "b")


def test_the_host_is_sent_what_it_needs_and_nothing_secret() -> None:
    connection = _Connection()
    store: Any = MemoryStore()
    host = ConnectedHost(connection, Environment(store, CONTROLLER))
    edit = Edit("deploy", None, OPS.public_key, (TWO.fingerprint,), True)
    host.undo(edit, host.edit(edit, check_mode=True))
    common = {"user": "deploy", "path": None}
    assert connection.sent == [
        {**common, "grant": OPS.public_key, "revoke": [TWO.fingerprint], "exclusive": True, "only_look": True},
        {**common, "undo": {"before": "YQ==", "after": "b", "removed": [FOREIGN], "added": [OPS.public_key]}},
    ]
