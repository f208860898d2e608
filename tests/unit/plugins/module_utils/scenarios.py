# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks that are stopped midway, and what must be true of the world afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Document
from ansible_collections.keywright.ssh.plugins.module_utils._model.wish import Wish
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import material
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import LOCK, World, fingerprint_of, mode_of

Options = dict[str, Any]
OWN_REGISTRY_FILES = {"eu-1.json", "eu-1.lock"}


@dataclass(frozen=True)
class Scenario:
    """``before`` makes the world, ``names`` and ``options`` are the task that is stopped, ``then`` the one that follows.

    ``may_refuse``: the one that follows may be refused with that code, where the stopped one did its work in another way.
    """

    before: Callable[[World], object]
    names: tuple[str, ...]
    options: Options = field(default_factory=dict)
    then: Options | None = None
    may_refuse: ErrorCode | None = None

    def stopped(self, world: World) -> Wish:
        return world.wish(*self.names, **_placed(self.options, world))

    def following(self, world: World) -> Wish:
        return world.wish(*self.names, **_placed(self.options if self.then is None else self.then, world))


def _placed(options: Options, world: World) -> Options:
    return {name: value.format(root=world.root) if isinstance(value, str) else value for name, value in options.items()}


def _bystander(world: World) -> None:
    world.make("bystander", tags={"a": "b"})


def _ops(world: World) -> None:
    _bystander(world)
    world.make("ops", comment="mine")


def _ops_and_web(world: World) -> None:
    _ops(world)
    world.make("web")


def _pending(world: World) -> None:
    _ops(world)
    record = world.registered()
    assert record is not None
    world.pem().rename(world.staged(record))


def _missing(world: World) -> None:
    _ops(world)
    world.pem().unlink()


def _found(world: World) -> None:
    _ops(world)
    world.put_key(world.keys / "found", 4)


GONE: Options = {"present": False, "remove_private_key": True}
ROTATE: Options = {"type": "ecdsa", "regenerate": "full_idempotence"}
IMPORT: Options = {"material": material(7), "regenerate": "full_idempotence"}
ADOPT: Options = {"material": material(4), "adopted_file": "{root}/keys/found", "regenerate": "full_idempotence"}
SCENARIOS = {
    "first of all": Scenario(lambda world: world.root.mkdir(exist_ok=True), ("ops",)),
    "create": Scenario(_bystander, ("ops",)),
    "create in a new directory": Scenario(_bystander, ("ops",), {"private_key_dir": "{root}/a/b"}),
    "batch": Scenario(_ops, ("one", "ops", "two", "three"), {"tags": {"c": "d"}}),
    "retag": Scenario(_ops, ("ops",), {"tags": {"c": "d"}}),
    "rotate": Scenario(_ops, ("ops",), ROTATE),
    "rotate into another directory": Scenario(_ops, ("ops",), {**ROTATE, "private_key_dir": "{root}/a"}),
    "rotate what is missing": Scenario(_missing, ("ops",), {"on_missing_private_key": "regenerate"}),
    "import": Scenario(_bystander, ("ops",), {"material": material(7)}),
    "import over generated": Scenario(_ops, ("ops",), IMPORT),
    "adopt": Scenario(_found, ("new",), ADOPT),
    "adopt over generated": Scenario(_found, ("ops",), ADOPT),
    "deliver what is pending": Scenario(_pending, ("ops",)),
    "rotate what is pending": Scenario(_pending, ("ops",), ROTATE),
    "absent": Scenario(_ops, ("ops",), {"present": False}),
    "absent with file": Scenario(_ops_and_web, ("ops", "web"), GONE),
    "absent with file, pending": Scenario(_pending, ("ops",), GONE),
    "create, then absent with file": Scenario(_bystander, ("ops",), then=GONE),
    "rotate, then absent with file": Scenario(_ops, ("ops",), ROTATE, then=GONE),
    "rotate, then import": Scenario(_ops, ("ops",), ROTATE, then=IMPORT),
    "absent with file, then present": Scenario(_ops, ("ops",), GONE, then={}, may_refuse=ErrorCode.FILE_EXISTS),
    "absent with file, then present elsewhere": Scenario(_ops, ("ops",), GONE, then={"private_key_dir": "{root}/a"}),
}
ESSENTIAL = (
    "create",
    "batch",
    "retag",
    "rotate",
    "rotate into another directory",
    "import over generated",
    "deliver what is pending",
    "absent with file",
    "rotate, then absent with file",
)


@dataclass(frozen=True)
class Memory:
    """What was there before the task that was stopped."""

    document: Document
    files: dict[Path, bytes]

    @classmethod
    def of(cls, world: World) -> Memory:
        return cls(world.document(), _contents(world))


def _contents(world: World) -> dict[Path, bytes]:
    files = world.root.rglob("*")
    return {path: path.read_bytes() for path in files if path.is_file() and path.parent != world.registry and path.name != LOCK}


def violations_once_stopped(world: World, memory: Memory, clean: bool) -> list[str]:
    """Return what is wrong right after the stop: nothing that was there is lost, and each registered key is in a file.

    ``clean``: the run ended by an error that it could handle, and so leaves no private key that nobody registered, and
    each private key file of a key pair that is still registered where it was.
    """
    found = []
    document = world.document()
    if document.serial < memory.document.serial:
        found.append("the serial went back")
    if document.key_pairs.get("bystander") != memory.document.key_pairs.get("bystander"):
        found.append("another key pair was changed")
    contents = _contents(world)
    keys = {fingerprint_of(path) for path in contents}
    for name, record in document.key_pairs.items():
        if record.delivery is not None and record.fingerprint not in keys and memory.document.key_pairs.get(name) != record:
            found.append(f"nobody holds the private key of {name}")
    if clean:
        kept = [record for name, record in memory.document.key_pairs.items() if document.key_pairs.get(name) == record]
        files = [Path(record.delivery.file) for record in kept if record.delivery is not None]
        found += [f"{path.name} was not put back" for path in files if path in memory.files and path not in contents]
    staged = [path.name for path in contents if _is_staged(path)]
    known = {world.staged(record).name for record in document.key_pairs.values() if record.delivery is not None}
    if clean and not document.removals and not set(staged) - {path.name for path in memory.files} <= known:
        found.append("a private key is left that nobody registered")
    return found


def violations_once_repaired(world: World, memory: Memory, wish: Wish, other_task: bool = False) -> list[str]:
    """Return what is wrong after the run that followed.

    ``other_task``: it was not the stopped task that ran again, but one that may have nothing to write, and so leaves to
    later runs what holds no secret and is in nobody's way.
    """
    document, contents = world.document(), _contents(world)
    own = [*world.root.rglob(".keywright.*"), *world.registry.rglob(".*.new")]
    found = [f"{path.name} is left" for path in own if path.name != LOCK and (_is_staged(path) or not other_task)]
    found += [f"{path.name} is strange" for path in world.registry.glob("[!.]*") if path.name not in OWN_REGISTRY_FILES]
    if document.removals:
        found.append("a note about a removal is left")
    if document.serial < memory.document.serial:
        found.append("the serial went back")
    if document.key_pairs.get("bystander") != memory.document.key_pairs.get("bystander"):
        found.append("another key pair was changed")
    for name in wish.names:
        found += _violations_of(world, name, document, wish.present)
    if not (wish.remove_private_key or other_task):
        found += [f"the content of {path.name} is lost" for path, data in memory.files.items() if data not in contents.values()]
    found += [f"{path} was changed" for path, data in memory.files.items() if "bystander" in path.name and contents.get(path) != data]
    again = world.run(wish)
    return found + (["a further run changes something"] if again.changed else [])


def _is_staged(path: Path) -> bool:
    return path.name.startswith(".keywright.") and len(path.name) > 70


def _violations_of(world: World, name: str, document: Document, present: bool) -> list[str]:
    record = document.key_pairs.get(name)
    if not present:
        return [] if record is None else [f"{name} is still registered"]
    if record is None:
        return [f"{name} is not registered"]
    if record.delivery is None:
        return []
    pem = Path(record.delivery.file)
    if not pem.is_file():
        return [f"the private key of {name} was not delivered"]
    return [] if (fingerprint_of(pem), mode_of(pem)) == (record.fingerprint, 0o600) else [f"the private key of {name} is not right"]
