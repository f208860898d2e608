# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which key pairs a question is about: what each filter lets through, alone and together."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._planning.selection import (
    Selection,
    host_pattern,
    name_pattern,
    normal_fingerprint,
)
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import binding, imported, key_pair

OPS = key_pair("ops", tags={"team": "a", "empty": ""})
WEB = imported("web", 1, type="rsa", tags={"team": "b"})
DB = key_pair("db", 2, tags={})
MD5 = {record.name: f"MD5 of {record.name}" for record in (OPS, WEB, DB)}

SELECTED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing stated": ({}, ["ops", "web", "db"]),
    "name": ({"names": (name_pattern("ops"),)}, ["ops"]),
    "part of a name": ({"names": (name_pattern("op"), name_pattern("ps"))}, []),
    "one of several names": ({"names": (name_pattern("nobody"), name_pattern("*b"))}, ["web", "db"]),
    "type": ({"types": frozenset({"rsa"})}, ["web"]),
    "several types": ({"types": frozenset({"rsa", "ed25519"})}, ["ops", "web", "db"]),
    "type that nothing has": ({"types": frozenset({"ecdsa"})}, []),
    "generated": ({"creation_types": frozenset({"generated"})}, ["ops", "db"]),
    "imported": ({"creation_types": frozenset({"imported"})}, ["web"]),
    "fingerprint": ({"fingerprints": frozenset({OPS.fingerprint})}, ["ops"]),
    "fingerprint of either kind": ({"fingerprints": frozenset({OPS.fingerprint, MD5["db"]})}, ["ops", "db"]),
    "fingerprint of nothing": ({"fingerprints": frozenset({"SHA256:x"})}, []),
    "tag": ({"tags": {"team": "a"}}, ["ops"]),
    "tag with any value": ({"tags": {"team": ""}}, ["ops", "web"]),
    "tag that is empty itself": ({"tags": {"empty": ""}}, ["ops"]),
    "tag that nothing has": ({"tags": {"nothing": ""}}, []),
    "all tags are needed": ({"tags": {"team": "", "empty": ""}}, ["ops"]),
    "two tags of different key pairs": ({"tags": {"team": "b", "empty": ""}}, []),
    "all filters are needed: name and type": ({"names": (name_pattern("ops"),), "types": frozenset({"rsa"})}, []),
    "all filters are needed: tag and kind": ({"tags": {"team": "a"}, "creation_types": frozenset({"imported"})}, []),
    "all filters are needed: fingerprint and name": ({"fingerprints": frozenset({OPS.fingerprint}), "names": (name_pattern("web"),)}, []),
    "all filters are needed: type and kind": ({"types": frozenset({"rsa"}), "creation_types": frozenset({"generated"})}, []),
    "all filters are needed: kind and fingerprint": (
        {"creation_types": frozenset({"imported"}), "fingerprints": frozenset({OPS.fingerprint})},
        [],
    ),
    "all filters are needed: fingerprint and tag": ({"fingerprints": frozenset({OPS.fingerprint}), "tags": {"team": "b"}}, []),
}


@pytest.mark.parametrize(("filters", "names"), SELECTED.values(), ids=SELECTED)
def test_a_key_pair_is_selected_if_every_filter_that_is_stated_lets_it_through(filters: dict[str, Any], names: list[str]) -> None:
    selection = Selection(**filters)
    assert [record.name for record in (OPS, WEB, DB) if selection.matches(record, MD5[record.name])] == names


ON_WEB1, ON_DB1 = binding(OPS, "web1"), binding(OPS, "db1")
STATES = {"present": (ON_WEB1, ON_DB1), "missing": (ON_DB1,), "elsewhere": ()}
IN_STATE: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing stated": ({}, ["present", "missing", "elsewhere"]),
    "status": ({"statuses": frozenset({"present"})}, ["present"]),
    "status of nothing": ({"statuses": frozenset({"pending"})}, []),
    "bound to a host": ({"bound_to": (host_pattern("web1"),)}, ["present"]),
    "bound to one of several": ({"bound_to": (host_pattern("web1"), host_pattern("d*"))}, ["present", "missing"]),
    "bound to a part of a host's name": ({"bound_to": (host_pattern("web"), host_pattern("eb1"))}, []),
    "unbound": ({"unbound": True}, ["elsewhere"]),
    "status and bound": ({"statuses": frozenset({"missing"}), "bound_to": (host_pattern("web1"),)}, []),
    "status and unbound": ({"statuses": frozenset({"present"}), "unbound": True}, []),
    "bound and unbound": ({"bound_to": (host_pattern("*"),), "unbound": True}, []),
}


@pytest.mark.parametrize(("filters", "statuses"), IN_STATE.values(), ids=IN_STATE)
def test_the_state_of_a_key_pair_is_selected_by_its_file_and_by_the_hosts_that_let_it_in(
    filters: dict[str, Any], statuses: list[str]
) -> None:
    selection = Selection(**filters)
    assert [status for status, bindings in STATES.items() if selection.matches_state(status, bindings)] == statuses


def test_a_selection_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Selection().unbound = True  # type: ignore[misc]


@pytest.mark.parametrize("pattern", ["", "*" * 129, "a b", "ä", "a/b", "a\n"])
def test_what_no_name_can_match_is_no_pattern_of_names(pattern: str) -> None:
    with pytest.raises(KeyPairError) as refusal:
        name_pattern(pattern)
    assert refusal.value.code is ErrorCode.NAME_MALFORMED


@pytest.mark.parametrize("pattern", ["", "web1\n", "\x00"])
def test_what_no_host_can_be_called_is_no_pattern_of_hosts(pattern: str) -> None:
    with pytest.raises(KeyPairError, match="'bound_to' must be names of hosts") as refusal:
        host_pattern(pattern)
    assert refusal.value.code is ErrorCode.PARAMETER_INVALID


@pytest.mark.parametrize(
    ("pattern", "host", "matches"),
    [
        ("web1.example", "web1.example", True),
        ("web1.example", "web1xexample", False),
        ("*.example", "web1.example", True),
        ("web1 (old)", "web1 (old)", True),
    ],
)
def test_only_a_star_is_special_in_the_name_of_a_host(pattern: str, host: str, matches: bool) -> None:
    assert (host_pattern(pattern).fullmatch(host) is not None) == matches


SHA256 = "A" * 42 + "/"
MD5_DIGITS = "0123456789abcdef" * 2
MD5_COLONS = "01:23:45:67:89:ab:cd:ef:01:23:45:67:89:ab:cd:ef"
FINGERPRINTS = {
    f"SHA256:{SHA256}": f"SHA256:{SHA256}",
    SHA256: f"SHA256:{SHA256}",
    f"{SHA256}=": f"SHA256:{SHA256}",
    MD5_COLONS: MD5_COLONS,
    f"MD5:{MD5_COLONS}": MD5_COLONS,
    MD5_DIGITS: MD5_COLONS,
    MD5_DIGITS.upper(): MD5_COLONS,
    f"md5:{MD5_COLONS.upper()}": MD5_COLONS,
}


@pytest.mark.parametrize(("stated", "shown"), FINGERPRINTS.items())
def test_a_fingerprint_may_be_stated_in_every_usual_form(stated: str, shown: str) -> None:
    assert normal_fingerprint(stated) == shown


@pytest.mark.parametrize(
    "stated", ["", "SHA256:", SHA256[1:], f"{SHA256}A", f"sha256:{SHA256}", MD5_DIGITS[1:], f"{MD5_COLONS}:00", MD5_COLONS[3:]]
)
def test_what_is_no_fingerprint_is_refused(stated: str) -> None:
    with pytest.raises(KeyPairError, match="'fingerprint' must be SHA256") as refusal:
        normal_fingerprint(stated)
    assert refusal.value.code is ErrorCode.PARAMETER_INVALID
