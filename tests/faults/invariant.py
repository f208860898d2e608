# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must be true of a world, told by ``json``, ``hashlib`` and ``ssh-keygen``: nothing here asks the collection."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import stat
import subprocess
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .worlds import World

BYSTANDER = "bystander"
LOCK = ".keywright.lock"
STAGED = re.compile(r"\.keywright\.[0-9a-f]{24}\.[\w-]{43}")


def load(document: Path) -> dict[str, Any]:
    """Return a document, an empty one if there is none; a name that is there twice is an error."""
    if not document.exists():
        return {"serial": 0, "key_pairs": {}}
    loaded: dict[str, Any] = json.loads(document.read_bytes(), object_pairs_hook=_unique)
    return loaded


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    loaded = dict(pairs)
    if len(loaded) != len(pairs):
        raise ValueError("a name is registered twice")
    return loaded


def fingerprint(private_key: Path, passphrase: str = "") -> str:
    """Return the fingerprint of the private key in a file as ``ssh-keygen`` computes it, empty if it holds none."""
    command = ["ssh-keygen", "-y", "-P", passphrase, "-f", str(private_key)]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    fields = done.stdout.split()
    if done.returncode != 0 or len(fields) < 2:
        return ""
    digest = hashlib.sha256(base64.b64decode(fields[1])).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def files(world: World) -> dict[Path, bytes]:
    """Return the files outside the registry, by their paths in the world, without locks."""
    found = (path for path in world.root.rglob("*") if path.is_file() and not path.is_symlink())
    return {path.relative_to(world.root): path.read_bytes() for path in found if path.name != LOCK and world.registry not in path.parents}


@dataclass(frozen=True)
class Memory:
    """What was there before: the document and the files."""

    document: dict[str, Any]
    files: dict[Path, bytes]

    @classmethod
    def of(cls, world: World) -> Memory:
        """Remember a world."""
        return cls(_without_paths(world), files(world))


def _without_paths(world: World) -> dict[str, Any]:
    text = json.dumps(load(world.document)).replace(f"{world.root}/", "")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def violations_at_any_time(world: World, memory: Memory, gone: Collection[str] = ()) -> list[str]:
    """Return which promises are broken that hold even right after a crash; ``gone`` are names that may go, with their files."""
    document, contents = _without_paths(world), files(world)
    found = []
    if document["serial"] < memory.document["serial"]:
        found.append("the serial went back")
    if document["key_pairs"].get(BYSTANDER) != memory.document["key_pairs"].get(BYSTANDER):
        found.append("another key pair was changed")
    keys = {fingerprint(world.root / path) for path in contents}
    for name, record in document["key_pairs"].items():
        if "delivery" in record and record["fingerprint"] not in keys:
            found.append(f"nobody holds the private key of {name}")
    for path, data in memory.files.items():
        removed = path.stem in gone and path.stem not in document["key_pairs"]
        if data not in contents.values() and not removed:
            found.append(f"the content of {path} is lost")
    return found


def violations_after_error(world: World, memory: Memory, gone: Collection[str] = ()) -> list[str]:
    """Return which promises are broken by a run that was told of its fault, and so could clean up."""
    found = violations_at_any_time(world, memory, gone)
    document, contents = _without_paths(world), files(world)
    named = [*_delivered(document), *document.get("removals", {}).values()]
    known = {record["fingerprint"].removeprefix("SHA256:").replace("/", "_").replace("+", "-") for record in named}
    for path in contents:
        if STAGED.fullmatch(path.name) and path.name.rpartition(".")[2] not in known:
            found.append(f"{path.name} is left, and nobody registered it or noted its removal")
    found += [f"{path.name} is left" for path in world.registry.glob(".*.new")]
    for path, data in memory.files.items():
        unchanged = document["key_pairs"].get(path.stem) == memory.document["key_pairs"].get(path.stem)
        if unchanged and path.stem in document["key_pairs"] and contents.get(path) != data:
            found.append(f"{path} was not put back")
    return found


def violations_after_repair(
    world: World, memory: Memory, names: Collection[str], present: bool = True, removed: bool = False, passphrase: str = ""
) -> list[str]:
    """Return which promises are broken once the task was run again without a fault."""
    found = violations_at_any_time(world, memory, names if removed else ())
    document = load(world.document)
    found += [f"{path.name} is left" for path in [*staged(world), *hidden(world)]]
    if document.get("removals"):
        found.append("a note about a removal is left")
    for name in names:
        record = document["key_pairs"].get(name)
        if (record is not None) != present:
            found.append(f"{name} is {'not' if present else 'still'} registered")
        elif record is not None and "delivery" in record:
            found += file_problems(record, passphrase)
        elif removed and (world.keys / f"{name}.pem").exists():
            found.append(f"{name}.pem is still there")
    for path, data in memory.files.items():
        if path.stem == BYSTANDER and files(world).get(path) != data:
            found.append(f"{path} was changed")
    return found


def _delivered(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [record for record in document["key_pairs"].values() if "delivery" in record]


def staged(world: World) -> list[Path]:
    """Return the files that the collection has begun, in whatever directory of the world, and not finished."""
    return [path for path in world.root.rglob(".keywright.*") if path.name != LOCK]


def hidden(world: World) -> list[Path]:
    """Return the hidden files of the registry; locks stay for ever and are none of them."""
    return [path for path in world.registry.glob(".*") if path.suffix != ".lock"]


def file_problems(record: dict[str, Any], passphrase: str = "") -> list[str]:
    """Return what is wrong with the private key file of a record: kind, mode, content."""
    path = Path(record["delivery"]["file"])
    if not path.is_file() or path.is_symlink():
        return [f"{path.name} was not delivered"]
    mode = stat.S_IMODE(path.stat().st_mode)
    found = [] if mode == 0o600 else [f"{path.name} has mode {mode:04o}"]
    return found if fingerprint(path, passphrase) == record["fingerprint"] else [*found, f"{path.name} is not the registered key"]


def all_problems(document: Path, passphrase: str = "") -> list[str]:
    """Return what is wrong with the private key files of all delivered key pairs of a document."""
    return [problem for record in _delivered(load(document)) for problem in file_problems(record, passphrase)]
