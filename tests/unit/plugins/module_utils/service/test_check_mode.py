# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check mode says what the run will return, but for what only the run can know, and touches nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import KNOWN_AFTER_APPLY
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import material
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.memory_store import MemoryStore
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import World, tree

Before = Callable[[World], object]
UNKNOWN = {"id", "fingerprint", "fingerprint_md5", "fingerprint_ec2", "public_key", "created_at"}
ADOPT: dict[str, Any] = {"material": material(3), "adopted_file": "{root}/found"}
ROTATE: dict[str, Any] = {"type": "ecdsa", "regenerate": "full_idempotence"}


def _nothing(world: World) -> None:
    pass


def _ops(world: World) -> None:
    world.make("ops", tags={"a": "b"})


def _pending(world: World) -> None:
    _ops(world)
    record = world.registered()
    assert record is not None
    world.pem().rename(world.staged(record))


def _missing(world: World) -> None:
    _ops(world)
    world.pem().unlink()


def _foreign(world: World) -> None:
    world.put_key(world.pem(), 3)


def _found(world: World) -> None:
    world.put_key(world.root / "found", 3)


def _found_and_ops(world: World) -> None:
    _found(world)
    _ops(world)


def _found_and_imported(world: World) -> None:
    _found(world)
    world.make("ops", material=material(3))


def _found_and_missing(world: World) -> None:
    _found_and_imported(world)
    world.make("ops", material=material(3), adopted_file=str(world.put_key(world.root / "lost", 3)))
    (world.root / "lost").unlink()


TASKS: dict[str, tuple[Before, tuple[str, ...], dict[str, Any]]] = {
    "create": (_nothing, ("ops",), {}),
    "create with everything": (
        _nothing,
        ("ops",),
        {"type": "rsa", "size": 2048, "comment": "x", "tags": {"a": "b"}, "passphrase": "zqxjk"},
    ),
    "batch": (_ops, ("web", "ops", "db"), {"tags": {"c": "d"}, "purge_tags": False}),
    "import": (_nothing, ("ops",), {"material": material(0)}),
    "adopt": (_found, ("ops",), ADOPT),
    "adopt over generated": (_found_and_ops, ("ops",), {**ADOPT, "regenerate": "full_idempotence"}),
    "adopt what was imported": (_found_and_imported, ("ops",), ADOPT),
    "adopt what is missing": (_found_and_missing, ("ops",), ADOPT),
    "nothing to do": (_ops, ("ops",), {}),
    "retag": (_ops, ("ops",), {"tags": {"c": "d"}}),
    "comment": (_ops, ("ops",), {"comment": "new"}),
    "rotate": (_ops, ("ops",), ROTATE),
    "rotate a pending one": (_pending, ("ops",), ROTATE),
    "rotate a missing one": (_missing, ("ops",), ROTATE),
    "import over generated": (_ops, ("ops",), {"material": material(1), "regenerate": "full_idempotence"}),
    "regenerate": (_missing, ("ops",), {"on_missing_private_key": "regenerate"}),
    "missing": (_missing, ("ops",), {}),
    "pending": (_pending, ("ops",), {}),
    "pending and retag": (_pending, ("ops",), {"tags": {}}),
    "other location": (_ops, ("ops",), {"private_key_dir": "/elsewhere"}),
    "absent": (_ops, ("ops", "unknown"), {"present": False}),
    "absent with file": (_ops, ("ops",), {"present": False, "remove_private_key": True}),
    "absent and pending": (_pending, ("ops",), {"present": False}),
    "absent with file and pending": (_pending, ("ops",), {"present": False, "remove_private_key": True}),
    "absent and missing": (_missing, ("ops",), {"present": False, "remove_private_key": True}),
    "absent and nothing there": (_nothing, ("ops",), {"present": False}),
    "refused": (_ops, ("ops",), {"type": "rsa"}),
    "file in the way": (_foreign, ("ops",), {}),
    "size refused": (_nothing, ("ops",), {"size": 4096}),
}


def _result(world: World, names: tuple[str, ...], options: dict[str, Any], check_mode: bool) -> Any:
    placed = {name: value.format(root=world.root) if isinstance(value, str) else value for name, value in options.items()}
    try:
        return world.result(world.wish(*names, **placed), check_mode)
    except KeyPairError as error:
        return error.code, error.message


def _known(foretold: Any, done: Any) -> Any:
    """Return what was done with everything unknown to the prediction replaced by its words."""
    if isinstance(foretold, dict):
        return {
            key: KNOWN_AFTER_APPLY if key in UNKNOWN and foretold[key] == KNOWN_AFTER_APPLY else _known(foretold[key], done[key])
            for key in foretold
        } | {key: value for key, value in done.items() if key not in foretold}
    if isinstance(foretold, list) and len(foretold) == len(done):
        return [_known(one, other) for one, other in zip(foretold, done, strict=True)]
    return done


@pytest.mark.parametrize("kind", ["files", "memory"])
@pytest.mark.parametrize(("before", "names", "options"), TASKS.values(), ids=TASKS.keys())
def test_check_mode_touches_nothing_and_foretells_the_run(
    before: Before, names: tuple[str, ...], options: dict[str, Any], kind: str, quick_path: Path
) -> None:
    world = World(quick_path, MemoryStore() if kind == "memory" else None)
    before(world)
    untouched = tree(quick_path)
    documents = dict(world.store.documents) if kind == "memory" else {}
    foretold = _result(world, names, options, check_mode=True)
    assert tree(quick_path) == untouched
    assert (dict(world.store.documents) if kind == "memory" else {}) == documents
    assert world.secrets == [] or before is not _nothing
    done = _result(world, names, options, check_mode=False)
    assert _known(foretold, done) == foretold
    if isinstance(done, dict):
        again = _result(world, names, options, check_mode=True)
        assert not again["changed"]
        assert again == _result(world, names, options, check_mode=False)


def test_check_mode_knows_what_is_imported(world: World) -> None:
    foretold = world.result(world.wish("ops", material=material(0)), check_mode=True)
    unknown = {key for key, value in foretold["key_pair"].items() if value == KNOWN_AFTER_APPLY}
    assert unknown == {"id", "created_at"}


def test_check_mode_makes_no_lock_file_and_waits_for_none(world: World) -> None:
    world.make("ops")
    for lock in (world.registry / "eu-1.lock", world.keys / ".keywright.lock"):
        lock.unlink()
    for names in (("ops",), ("web",)):
        world.run(world.wish(*names), check_mode=True)
    world.make("ops")
    assert sorted(path.name for path in world.root.rglob("*.lock")) == []
