# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the arguments of a task to its result, on real files."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._boundary import secrets
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.call import Call
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.failures import guarded
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.ssh_keypair import ssh_keypair
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import material
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import fingerprint_of, tree


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KEYWRIGHT_REGION", raising=False)
    monkeypatch.delenv("KEYWRIGHT_REGISTRY", raising=False)


def _task(place: Path, check_mode: bool = False, **arguments: Any) -> dict[str, Any]:
    call = Call(lambda path: os.path.join(place, "play", path), check_mode, True)
    return guarded(lambda: ssh_keypair({"name": "ops", "region": "eu-1", **arguments}, call))


def test_a_task_with_nothing_but_a_name_uses_the_home_of_its_user(tmp_path: Path) -> None:
    result = _task(tmp_path)
    assert result["changed"]
    pem = tmp_path / ".ssh/keywright/eu-1/ops.pem"
    assert result["key_pair"]["private_key_file"] == str(pem)
    assert fingerprint_of(pem) == result["key_pair"]["fingerprint"]
    assert (tmp_path / ".ansible/keywright/registry/eu-1.json").is_file()
    before = tree(tmp_path)
    assert not _task(tmp_path)["changed"]
    assert tree(tmp_path) == before


def test_relative_paths_are_the_playbooks(tmp_path: Path) -> None:
    arguments: dict[str, Any] = {"registry": "registry", "private_key_dir": "keys"}
    result = _task(tmp_path, **arguments)
    assert result["key_pair"]["private_key_file"] == str(tmp_path / "play/keys/ops.pem")
    assert (tmp_path / "play/registry/eu-1.json").is_file()
    assert not _task(tmp_path, **arguments)["changed"]


def test_check_mode_makes_nothing(tmp_path: Path) -> None:
    assert _task(tmp_path, check_mode=True)["changed"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"name": "o"}, "InvalidKeyPairName.Malformed"),
        ({"region": "EU"}, "InvalidRegionId.NotFound"),
        ({"registry": "s3://bucket"}, "Registry.UnknownBackend"),
        ({"size": 4096}, "InvalidParameter"),
        ({"size": 0}, "InvalidParameter"),
        ({"size": 10**5000}, "InvalidParameter"),
        ({"private_key_file": "keys/."}, "InvalidPath.Malformed"),
        ({"private_key_file": "keys/.."}, "InvalidPath.Malformed"),
        ({"lock_timeout": -1}, "InvalidParameter"),
        ({"lock_timeout": 10**400}, "InvalidParameter"),
        ({"tags": {"a": 10**5000}}, "InvalidTagValue.Malformed"),
        ({"tags": {10**5000: "a"}}, "InvalidTagKey.Malformed"),
        ({"public_key": material(0).line("x"), "type": None}, "InvalidParameter.Conflict"),
        ({"state": "absent", "name": [f"host-{number}" for number in range(101)]}, "QuotaExceed.KeyPairNames"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, str) else "",
)
def test_a_task_that_fails_makes_nothing_and_has_a_code(arguments: dict[str, Any], code: str, tmp_path: Path) -> None:
    result = _task(tmp_path, **arguments)
    if code != "InvalidParameter.Conflict" or result.get("failed"):  # a null may also count as left out
        assert (result["failed"], result["changed"], result["error_code"]) == (True, False, code), result["msg"]
        assert list(tmp_path.iterdir()) == []


def test_a_task_leaves_no_core_dump(tmp_path: Path) -> None:
    what_is_dumped = Path("/proc/self/coredump_filter")
    what_is_dumped.write_text("33")
    _task(tmp_path)
    assert (resource.getrlimit(resource.RLIMIT_CORE)[0], int(what_is_dumped.read_text(), 16)) == (0, 0)


def test_every_line_of_a_secret_is_masked_where_the_core_can(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(secrets, "register_secret", told.append)
    secrets.mask("-----BEGIN X-----\none\ntwo\n-----END X-----\n")
    assert told == ["-----BEGIN X-----\none\ntwo\n-----END X-----\n", "one", "two"]
    monkeypatch.setattr(secrets, "register_secret", None)
    secrets.mask("no core to tell")
