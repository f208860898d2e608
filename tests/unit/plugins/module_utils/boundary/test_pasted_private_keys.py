# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A private key that is pasted into any option of any plugin is in no result, whatever comes of the task."""

from __future__ import annotations

import io
import itertools
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.call import Call
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.failures import guarded
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.listing import SSH_KEYPAIR_INFO, ssh_keypair_info
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.ssh_keypair import SSH_KEYPAIR, ssh_keypair
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import private_key_bytes
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import tree

PLUGINS = {"ssh_keypair": (SSH_KEYPAIR, ssh_keypair), "ssh_keypair_info": (SSH_KEYPAIR_INFO, ssh_keypair_info)}
KEYS = {
    "openssh": private_key_bytes(0).decode(),
    "pkcs8": private_key_bytes(0, "ecdsa", 256, "pkcs8").decode(),
    "pkcs1": private_key_bytes(0, "rsa", 2048, "pkcs1").decode(),
}
FORMS: dict[str, Any] = {
    "text": lambda pem: pem,
    "one line": lambda pem: pem.replace("\n", " "),
    "escaped": lambda pem: pem.replace("\n", "\\n"),
    "behind other text": lambda pem: f"key: {pem}",
    "list": lambda pem: [pem],
    "lines": lambda pem: pem.splitlines(),
    "value": lambda pem: {"key": pem},
    "key": lambda pem: {pem: "value"},
    "nested": lambda pem: [{"keys": [pem, {"more": pem}]}],
}
CASES = [(plugin, option, form) for plugin, (spec, run) in PLUGINS.items() for option in spec.options for form in FORMS]


def _parts(pem: str) -> list[str]:
    """Return pieces of the secret half: every 16 characters of its last lines, which no public key shares."""
    body = "".join(pem.splitlines()[1:-1])
    secret = body[len(body) // 2 :]
    return [secret[start : start + 16] for start in range(0, len(secret) - 16, 4)]


def _run(plugin: str, arguments: dict[str, Any], place: Path) -> dict[str, Any]:
    common = {"region": "eu-1", "registry": str(place / "registry")}
    if plugin == "ssh_keypair":
        common |= {"name": "ops", "private_key_dir": str(place / "keys")}
    return guarded(lambda: PLUGINS[plugin][1]({**common, **arguments}, Call(lambda path: str(place / path), True, True)))


@pytest.mark.parametrize(("plugin", "option", "form"), CASES, ids=lambda name: name.replace(" ", "-"))
def test_it_is_not_shown_again(plugin: str, option: str, form: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = tree(tmp_path)
    for pem in KEYS.values():
        result = _run(plugin, {option: FORMS[form](pem)}, tmp_path)
        shown = repr(result) + "".join(capfd.readouterr())
        assert [part for part in _parts(pem) if part in shown] == [], result
        assert result.get("error_code") != "InternalError", result
    assert tree(tmp_path) == before


@pytest.mark.parametrize("plugin", PLUGINS)
@pytest.mark.parametrize("form", ["text", "one line", "escaped"])
def test_it_is_not_shown_as_the_name_of_an_option_either(form: str, plugin: str, tmp_path: Path) -> None:
    for pem in KEYS.values():
        result = _run(plugin, {FORMS[form](pem): 1}, tmp_path)
        assert result["error_code"] == "UnsupportedParameter"
        assert [part for part in _parts(pem) if part in repr(result)] == []


@pytest.mark.parametrize("others", [{"state": "gone"}, {"size": "x"}, {"type": "rsa"}, {"force": 1}], ids=str)
@pytest.mark.parametrize("option", ["public_key", "comment", "passphrase", "private_key_dir", "name"])
def test_it_is_not_shown_beside_another_mistake(option: str, others: dict[str, Any], tmp_path: Path) -> None:
    result = _run("ssh_keypair", {option: KEYS["openssh"], **others}, tmp_path)
    assert result["failed"]
    assert [part for part in _parts(KEYS["openssh"]) if part in repr(result)] == []


def test_the_detector_finds_what_is_shown() -> None:
    for pem, form in itertools.product(KEYS.values(), ("text", "one line", "escaped", "list")):
        stream = io.StringIO()
        print(FORMS[form](pem), file=stream)
        assert any(part in stream.getvalue() for part in _parts(pem))
