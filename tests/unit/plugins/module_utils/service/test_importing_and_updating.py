# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._rules.comments import check_comment
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import binding, imported, key_pair, material
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import World, tree


def test_an_import_registers_the_public_key_and_delivers_nothing(any_world: World) -> None:
    wish = any_world.wish("alice", material=material(0, comment="alice@laptop"))
    first = any_world.result(wish)
    assert first["changed"]
    assert first["key_pair"]["private_key_status"] == "not_managed"
    assert first["key_pair"]["private_key_file"] is None
    assert first["key_pair"]["public_key"] == material(0).line("alice@laptop")
    assert not any_world.keys.exists()
    before = tree(any_world.root)
    second = any_world.result(wish)
    assert second == {**first, "changed": False, "diff": {**first["diff"], "before": {}, "after": {}}}
    assert tree(any_world.root) == before


def test_another_public_key_is_refused_and_the_registered_one_stays(any_world: World) -> None:
    any_world.make("alice", material=material(0))
    before = tree(any_world.root)
    with pytest.raises(KeyPairError) as caught:
        any_world.make("alice", material=material(1))
    assert caught.value.code is ErrorCode.ALREADY_EXISTS
    assert tree(any_world.root) == before
    assert not any_world.make("alice", material=material(1), regenerate="never").changed


def test_an_import_over_an_import_is_done_when_asked_for(any_world: World) -> None:
    any_world.make("alice", material=material(0), tags={"a": "b"})
    old = any_world.registered("alice")
    any_world.make("alice", material=material(1), regenerate="full_idempotence")
    new = any_world.registered("alice")
    assert old is not None
    assert new is not None
    assert new.fingerprint == material(1).fingerprint
    assert new.id != old.id
    assert new.tags == {"a": "b"}
    assert new.replaced is not None
    assert (new.replaced.fingerprint, new.replaced.file) == (old.fingerprint, None)
    assert not any_world.make("alice", material=material(1), regenerate="full_idempotence").changed


@pytest.mark.parametrize("status", ["imported", "missing", "mismatched"])
def test_a_key_pair_that_is_kept_does_not_adopt_the_file_of_another_key(status: str, any_world: World) -> None:
    any_world.make("ops", material=material(3) if status == "imported" else None)
    if status != "imported":
        any_world.pem().unlink()
    if status == "mismatched":
        any_world.put_key(any_world.pem(), 5)
    file = any_world.put_key(any_world.root / "found", 4)
    before = tree(any_world.root)
    record = any_world.registered()
    assert not any_world.make("ops", material=material(4), adopted_file=str(file), regenerate="never").changed
    assert any_world.registered() == record
    assert tree(any_world.root) == before


def test_tags_are_updated_without_touching_key_or_file(any_world: World) -> None:
    any_world.make("ops", tags={"a": "1", "b": "2"})
    old, files = any_world.registered(), tree(any_world.keys)
    wish = any_world.wish("ops", tags={"b": "3"}, purge_tags=False)
    assert any_world.run(wish).changed
    assert old is not None
    assert any_world.registered() == old._replace(tags={"a": "1", "b": "3"})
    assert any_world.document().serial == 2
    assert tree(any_world.keys) == files
    before = tree(any_world.root)
    assert not any_world.run(wish).changed
    assert tree(any_world.root) == before
    assert any_world.make("ops", tags={}).changed
    cleared = any_world.registered()
    assert cleared is not None
    assert cleared.tags == {}


@pytest.mark.parametrize("comment", ["new one", "", "\u00fcber", "no\u00a0break", "\U0001f469\u200d\U0001f4bb"], ids=ascii)
def test_a_comment_that_is_accepted_is_registered_and_can_be_read_again(comment: str, any_world: World) -> None:
    try:
        check_comment(comment)
    except KeyPairError:
        return
    any_world.make("ops", comment="old one")
    files = tree(any_world.keys)
    assert any_world.make("ops", comment=comment).changed
    record = any_world.registered()
    assert record is not None
    assert record.comment == comment
    assert not any_world.make("ops", comment=comment).changed
    assert tree(any_world.keys) == files


def test_a_document_of_a_team_keeps_its_mode(world: World) -> None:
    world.make("ops")
    document = world.registry / "eu-1.json"
    document.chmod(0o664)
    world.make("ops", tags={"a": "b"})
    assert document.stat().st_mode & 0o777 == 0o664


def test_other_key_pairs_are_not_touched_by_an_update(any_world: World) -> None:
    any_world.make("aa", "bb", "cc")
    others = {name: record for name, record in any_world.document().key_pairs.items() if name != "bb"}
    any_world.make("bb", tags={"a": "b"})
    assert {name: record for name, record in any_world.document().key_pairs.items() if name != "bb"} == others


def test_bindings_stay_whatever_else_is_written(world: World) -> None:
    bound = world.here(key_pair())
    world.put_key(world.pem(), 0)
    world.register(bound, imported("web", 1), bindings=[binding(bound)])
    world.make("ops", tags={"a": "b"})
    world.make("new")
    world.make("web", present=False)
    assert world.document().bindings == {"deploy@web1": binding(bound)}
    with pytest.raises(KeyPairError) as caught:
        world.make("ops", present=False)
    assert caught.value.code is ErrorCode.BOUND
    assert world.result(world.wish("ops"))["key_pair"]["bindings"][0]["host"] == "web1"
