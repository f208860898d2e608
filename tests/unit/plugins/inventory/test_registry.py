# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory of what is bound: which registry is read, what is refused, and which binding a host is logged on to with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader
from ansible_collections.keywright.ssh.plugins.inventory.registry import connection_variables
from ansible_collections.keywright.ssh.plugins.module_utils._registry.codec import encode
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import REGION, binding, document, imported, key_pair

OPS = imported("ops", 1)
WEB = imported("web-1", 2)
PLUGIN = "keywright.ssh.registry"


@pytest.fixture(autouse=True)
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a registry in which two hosts are bound; the home and the working directory are other folders."""
    monkeypatch.delenv("KEYWRIGHT_REGISTRY", raising=False)
    for folder in ("home", "elsewhere", "inventory"):
        (tmp_path / folder).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "elsewhere")
    return _put(tmp_path / "registry")


def _put(registry: Path, content: bytes | None = None) -> Path:
    registry.mkdir(mode=0o700, parents=True)
    bindings = [binding(OPS), binding(WEB, "web2", user="root")]
    path = registry / f"{REGION}.json"
    path.write_bytes(encode(document(OPS, WEB, bindings=bindings)) if content is None else content)
    path.chmod(0o600)
    return registry


def _parsed(root: Path, **options: Any) -> InventoryData:
    """Return the inventory of a configuration in the folder ``inventory``."""
    path = root / "inventory" / "x.keywright.yml"
    path.write_text(json.dumps({"plugin": PLUGIN, **options}))
    inventory = InventoryData()
    inventory_loader.get(PLUGIN).parse(inventory, DataLoader(), str(path))
    return inventory


REGISTRIES = {
    "an absolute path": "{root}/registry",
    "a path beside the configuration": "../registry",
    "a path with a detour": "./x/../../registry",
    "a path in the home": "~/../registry",
    "a path with a variable": "$HOME/../registry",
}


@pytest.mark.parametrize("path", REGISTRIES.values(), ids=REGISTRIES)
def test_a_registry_is_found_from_the_configuration(tmp_path: Path, path: str) -> None:
    assert sorted(_parsed(tmp_path, registry=path.format(root=tmp_path)).hosts) == ["web1", "web2"]


@pytest.mark.parametrize("path", ["{root}/registry", "../registry", "~/../registry"])
def test_a_registry_is_found_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setenv("KEYWRIGHT_REGISTRY", path.format(root=tmp_path))
    assert sorted(_parsed(tmp_path).hosts) == ["web1", "web2"]


def test_a_configuration_counts_more_than_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYWRIGHT_REGISTRY", "/nowhere")
    assert sorted(_parsed(tmp_path, registry="../registry").hosts) == ["web1", "web2"]


def test_the_default_registry_is_in_the_home(tmp_path: Path, registry: Path) -> None:
    (tmp_path / "home" / ".ansible" / "keywright").mkdir(parents=True)
    registry.rename(tmp_path / "home" / ".ansible" / "keywright" / "registry")
    assert sorted(_parsed(tmp_path).hosts) == ["web1", "web2"]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no registry": ({"registry": "nowhere"}, r"nowhere' does not exist.*\(Registry.NotFound\)"),
    "a document that is truncated": ({"registry": "../broken"}, r"eu-1.json'.*\(Registry.Corrupt\)"),
    "a region that cannot be one": ({"registry": "../registry", "region": ["EU"]}, r"'EU'.*\(InvalidRegionId.NotFound\)"),
    "a backend that there is not": ({"registry": "s3://bucket/keys"}, r"'s3'.*\(Registry.UnknownBackend\)"),
}


@pytest.mark.parametrize(("options", "says"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_an_error_that_says_why(tmp_path: Path, options: dict[str, Any], says: str) -> None:
    _put(tmp_path / "broken", b'{"schema_version": 1,')
    with pytest.raises(AnsibleParserError, match=says):
        _parsed(tmp_path, **options)


@pytest.mark.parametrize("region", [REGION, [REGION], [REGION, "us-1"], []], ids=str)
def test_regions_are_one_or_more_or_all(tmp_path: Path, region: Any) -> None:
    assert sorted(_parsed(tmp_path, registry="../registry", region=region).hosts) == ["web1", "web2"]


def test_another_region_has_no_hosts(tmp_path: Path) -> None:
    assert list(_parsed(tmp_path, registry="../registry", region="us-1").hosts) == []


def test_an_expression_that_fails_matters_only_if_it_is_to(tmp_path: Path) -> None:
    compose = {"x": "nothing.of.the.kind", "y": "keywright_bindings | length"}
    composed = _parsed(tmp_path, registry="../registry", compose=compose).hosts["web1"].get_vars()
    assert (str(composed["y"]), "x" in composed) == ("1", False)  # before ansible-core 2.19, what is composed is text
    with pytest.raises(Exception, match="x"):
        _parsed(tmp_path, registry="../registry", compose=compose, strict=True)


def test_groups_are_named_after_region_and_key_pair(tmp_path: Path) -> None:
    groups = _parsed(tmp_path, registry="../registry").groups
    members = {name: [host.name for host in group.hosts] for name, group in groups.items() if name.startswith("keywright")}
    assert members == {
        "keywright_region_eu_1": ["web1", "web2"],
        "keywright_key_pair_eu_1_ops": ["web1"],
        "keywright_key_pair_eu_1_web_1": ["web2"],
    }


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("x.keywright.yml", True), ("x.keywright.yaml", True), (".keywright.yml", True), ("keywright.yml", False), ("x.yml", False)],
)
def test_a_configuration_is_known_by_its_name(tmp_path: Path, name: str, is_one: bool) -> None:
    (tmp_path / name).write_text("plugin: keywright.ssh.registry\n")
    assert inventory_loader.get(PLUGIN).verify_file(str(tmp_path / name)) == is_one
    assert not inventory_loader.get(PLUGIN).verify_file(str(tmp_path / "not-there.keywright.yml"))


def _bound(user: str = "deploy", file: str | None = "/keys/ops.pem", **changes: Any) -> dict[str, Any]:
    return {"user": user, "address": "192.0.2.1", "port": 22, "pending": False, "private_key_file": file, **changes}


# The bindings of a host and the option `user`: the account, and the private key file. None stands for no connection variables.
CHOICES: dict[str, tuple[list[dict[str, Any]], str | None, tuple[str, str | None] | None]] = {
    "one account": ([_bound()], None, ("deploy", "/keys/ops.pem")),
    "one account without a private key here": ([_bound(file=None)], None, ("deploy", None)),
    "two accounts": ([_bound(), _bound("root")], None, None),
    "two accounts, one of which is asked for": ([_bound(), _bound("root", "/keys/root.pem")], "root", ("root", "/keys/root.pem")),
    "an account that is not bound": ([_bound()], "root", None),
    "one that is not finished": ([_bound(pending=True)], None, None),
    "two, one of which is not finished": ([_bound(), _bound("root", pending=True)], None, ("deploy", "/keys/ops.pem")),
    "one account in two regions": ([_bound(file=None), _bound(file="/keys/far.pem")], None, ("deploy", "/keys/far.pem")),
    "nothing": ([], None, None),
}


@pytest.mark.parametrize(("bindings", "user", "chosen"), CHOICES.values(), ids=CHOICES)
def test_a_host_is_logged_on_to_as_the_one_account_that_is_bound(
    bindings: list[dict[str, Any]], user: str | None, chosen: tuple[str, str | None] | None
) -> None:
    found = connection_variables(bindings, user)
    if chosen is None:
        assert found == {}
    else:
        assert (found["ansible_user"], found.get("ansible_ssh_private_key_file")) == chosen
        assert (found["ansible_host"], found["ansible_port"]) == ("192.0.2.1", 22)


def test_a_private_key_file_is_named_if_it_is_here(tmp_path: Path) -> None:
    lost = key_pair("lost", 3)
    _put(tmp_path / "other", encode(document(lost, bindings=[binding(lost)])))
    variables = _parsed(tmp_path, registry="../other").hosts["web1"].get_vars()
    assert variables["ansible_user"] == "deploy"
    assert "ansible_ssh_private_key_file" not in variables


@pytest.mark.parametrize("text", ["postgresql:u:zqxj@h/db", ' "etcd://u:zqxj@h"', "host=x password=zqxj"])
def test_what_was_meant_as_a_url_is_not_looked_for_beside_the_configuration(tmp_path: Path, text: str) -> None:
    with pytest.raises(AnsibleParserError, match=r"InvalidRegistry\.Malformed") as caught:
        _parsed(tmp_path, registry=text)
    assert "zqxj" not in str(caught.value)
