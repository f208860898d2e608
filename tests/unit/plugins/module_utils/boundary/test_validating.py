# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.listing import SSH_KEYPAIR_INFO
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.ssh_keypair import SSH_KEYPAIR
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.validation import plain, validated
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import KeyPairError


class _Tagged(str):
    """What ansible-core makes of texts to remember where they come from."""


def _task(**options: Any) -> dict[str, Any]:
    return {"name": "ops", "region": "eu-1", **options}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KEYWRIGHT_REGION", raising=False)
    monkeypatch.delenv("KEYWRIGHT_REGISTRY", raising=False)


def test_a_task_is_completed_with_defaults() -> None:
    parameters, warnings = validated(SSH_KEYPAIR, _task())
    assert parameters.keys() == SSH_KEYPAIR.options.keys()
    assert (parameters["name"], parameters["state"], parameters["purge_tags"], parameters["lock_timeout"]) == (["ops"], "present", True, 60)
    assert parameters["registry"].endswith("/.ansible/keywright/registry")
    assert "~" not in parameters["registry"]
    assert warnings == []


def test_region_and_registry_come_from_the_environment_unless_they_are_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYWRIGHT_REGION", "eu-9")
    monkeypatch.setenv("KEYWRIGHT_REGISTRY", "/from/environment")
    parameters = validated(SSH_KEYPAIR, {"name": "ops"})[0]
    assert (parameters["region"], parameters["registry"]) == ("eu-9", "/from/environment")
    parameters = validated(SSH_KEYPAIR, _task(registry="/stated"))[0]
    assert (parameters["region"], parameters["registry"]) == ("eu-1", "/stated")


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "no name": ({"region": "eu-1"}, "MissingParameter", "Option 'name' is required"),
    "no region": ({"name": "ops"}, "MissingParameter", "Option 'region' is required"),
    "nothing": ({}, "MissingParameter", "'region', 'name'"),
    "unknown option": (_task(force=True), "UnsupportedParameter", "There is no option 'force'; the options are 'region'"),
    "two unknown options": (_task(force=True, bits=1), "UnsupportedParameter", "'bits', 'force'"),
    "choice": (_task(type="dsa"), "InvalidParameter", "Option 'type' must be one of 'ed25519', 'ecdsa', 'rsa', got 'dsa'"),
    "choices with a comma": (_task(type="dsa,rsa"), "InvalidParameter", "'rsa', got 'dsa,rsa'."),
    "state": (_task(state="gone"), "InvalidParameter", "Option 'state' must be one of 'present', 'absent', got 'gone'"),
    "text as number": (_task(size="big"), "InvalidParameter", "Option 'size' must be of type int, got 'big'"),
    "text as dict": (_task(tags="big"), "InvalidParameter", "Option 'tags' must be of type dict, got 'big'"),
    "list as dict": (_task(tags=["a"]), "InvalidParameter", "Option 'tags' must be of type dict"),
    "text as bool": (_task(purge_tags="perhaps"), "InvalidParameter", "Option 'purge_tags' must be of type bool, got 'perhaps'"),
    "dict as list": (_task(name={"a": "b"}), "InvalidParameter", "Option 'name' must be of type list"),
    "conflict": (_task(public_key="x", type="rsa"), "InvalidParameter.Conflict", "Option 'public_key' excludes option 'type'"),
    "passphrase conflict": (_task(public_key="x", passphrase="zqxjk"), "InvalidParameter.Conflict", "'passphrase'"),
    "file conflict": (_task(public_key="x", private_key_file="/x"), "InvalidParameter.Conflict", "'private_key_file'"),
    "only what is stated is in conflict": (_task(public_key="x", size=1), "InvalidParameter.Conflict", "excludes option 'size'."),
    "another pair in conflict": (
        _task(adopt_private_key_file="/x", type="rsa"),
        "InvalidParameter.Conflict",
        "Option 'adopt_private_key_file' excludes option 'type'.",
    ),
    "two pairs in conflict": (
        _task(public_key="x", type="rsa", adopt_private_key_file="/x"),
        "InvalidParameter.Conflict",
        "Option 'public_key' excludes option 'type', 'adopt_private_key_file'.",
    ),
    "two values": (_task(type="dsa", size="big"), "InvalidParameter", "Option 'size' must be of type int"),
    "value that is an option's name": (_task(lock_timeout="state"), "InvalidParameter", "'lock_timeout' must be of type int, got 'state'."),
    "three in conflict": (_task(public_key="x", type="rsa", size=1), "InvalidParameter.Conflict", "option 'type', 'size'"),
    "null name": (_task(name=None), "MissingParameter", "Option 'name' is required"),
    "list as text": (_task(comment=["a"]), "InvalidParameter", "Option 'comment' must be of type str, got a list"),
    "list as passphrase": (_task(passphrase=["zqxjk"]), "InvalidParameter", "Option 'passphrase' must be of type str, got a list"),
    "dict as path": (_task(private_key_dir={"a": "b"}), "InvalidParameter", "'private_key_dir' must be of type path, got a dictionary"),
    "unknown option that is null": (_task(force=None), "UnsupportedParameter", "There is no option 'force'"),
    "dict as passphrase": (_task(passphrase={"zqxjk": 1}, size="x"), "InvalidParameter", ""),
}


@pytest.mark.parametrize(("task", "code", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_task_that_does_not_fit_the_spec_is_refused_in_our_own_words(task: dict[str, Any], code: str, message: str) -> None:
    with pytest.raises(KeyPairError) as caught:
        validated(SSH_KEYPAIR, task)
    assert (caught.value.code.value, message in caught.value.message) == (code, True), caught.value.message
    assert "zqxjk" not in str(caught.value)


@pytest.mark.parametrize("stated", ["rsa,dsa,dss", ["rsa", "dsa", "dss"]], ids=["text", "list"])
def test_of_a_list_the_first_value_that_is_not_a_choice_is_named(stated: Any) -> None:
    with pytest.raises(KeyPairError, match=r"Option 'type' must be one of 'ed25519', .*, got 'dsa'\.$"):
        validated(SSH_KEYPAIR_INFO, {"region": "eu-1", "type": stated})


@pytest.mark.parametrize("option", ["type", "size", "passphrase", "private_key_format", "private_key_file"])
def test_an_option_that_is_null_excludes_nothing_or_is_refused_in_our_own_words(option: str) -> None:
    try:
        validated(SSH_KEYPAIR, _task(public_key="x", **{option: None}))
    except KeyPairError as error:
        assert error.code.value == "InvalidParameter.Conflict"
        assert f"'{option}'" in error.message


@pytest.mark.parametrize("option", ["lock_timeout", "state", "regenerate", "purge_tags", "registry", "tags", "type"])
def test_an_option_that_is_null_counts_as_left_out(option: str) -> None:
    assert validated(SSH_KEYPAIR, _task(**{option: None})) == validated(SSH_KEYPAIR, _task())


def test_marked_values_become_plain_ones_at_every_depth() -> None:
    found = plain({_Tagged("a"): [_Tagged("b"), {_Tagged("c"): (_Tagged("d"), 1, None)}]})
    assert found == {"a": ["b", {"c": ["d", 1, None]}]}
    assert {type(next(iter(found))), type(found["a"][0])} == {str}
    parameters = validated(SSH_KEYPAIR, _task(name=[_Tagged("ops")], comment=_Tagged("x"), tags={_Tagged("a"): _Tagged("b")}))[0]
    assert {type(parameters["comment"]), type(parameters["name"][0]), type(parameters["tags"]["a"])} == {str}
