# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cut public keys and documents at every byte and flip every bit of them: ``exact_runs FOLDER STEP``, in the core itself.

What a reader of foreign bytes may do with them: refuse them with an error of its own, or take them for what they are.
"""

from __future__ import annotations

import base64
import json
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._keys.public_key import parse_public_key
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.file_store import FileStore

from ..places import REGION
from .operations import generate_key

KINDS: dict[str, tuple[str, ...]] = {
    "ed25519": (),
    "ecdsa256": ("-t", "ecdsa", "-b", "256"),
    "ecdsa384": ("-t", "ecdsa", "-b", "384"),
    "ecdsa521": ("-t", "ecdsa", "-b", "521"),
    "rsa": ("-t", "rsa", "-b", "2048"),
}


def flips(data: bytes) -> Iterator[bytes]:
    """Yield the data with each of its bits turned, one at a time."""
    for bit in range(len(data) * 8):
        turned = bytearray(data)
        turned[bit // 8] ^= 1 << bit % 8
        yield bytes(turned)


def cuts(data: bytes) -> Iterator[bytes]:
    """Yield what is left when the data ends early, at each of its bytes."""
    for end in range(len(data)):
        yield data[:end]


def _blobs(folder: Path) -> dict[str, tuple[str, bytes]]:
    """Return one valid key of each type: its algorithm and its blob; those of security keys are put together by hand."""
    made = {}
    for kind, arguments in KINDS.items():
        generate_key(folder / kind, *arguments)
        algorithm, encoded = (folder / f"{kind}.pub").read_text().split()[:2]
        made[kind] = algorithm, base64.b64decode(encoded)
    for kind, plain, algorithm in (
        ("ed25519-sk", "ed25519", "sk-ssh-ed25519@openssh.com"),
        ("ecdsa-sk", "ecdsa256", "sk-ecdsa-sha2-nistp256@openssh.com"),
    ):
        rest = made[plain][1][4 + len(made[plain][0]) :]
        made[kind] = algorithm, _string(algorithm.encode()) + rest + _string(b"ssh:")
    return made


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _line(algorithm: str, blob: bytes) -> str:
    return f"{algorithm} {base64.b64encode(blob).decode()}"


def _keys(folder: Path, change: Callable[[bytes], Iterator[bytes]], step: int) -> dict[str, Any]:
    """Try all changed keys; those that are taken must read back the same, and ssh-keygen must see the same key."""
    tries, lost = 0, []
    taken: dict[str, str] = {}
    for kind, (algorithm, blob) in _blobs(folder).items():
        for number, changed in enumerate(change(blob)):
            if number % step:
                continue
            tries += 1
            line = _line(algorithm, changed)
            problem = _problem(line, taken)
            if problem:
                lost.append(f"{kind} {number}: {problem}")
    return {"tries": tries, "lost": lost + _disagreements(folder, taken), "taken": len(taken)}


def _problem(line: str, taken: dict[str, str]) -> str:
    try:
        key = parse_public_key(line)
    except KeyPairError as error:
        return "" if error.code is ErrorCode.PUBLIC_KEY_MALFORMED else f"refused with {error.code.value}"
    except Exception as error:
        return f"met {error!r}"
    taken[line] = key.fingerprint
    return "" if key.line("") == line else "it reads back as another key"


def _disagreements(folder: Path, taken: dict[str, str]) -> list[str]:
    """Return which of the keys ``ssh-keygen`` reads in another way; it prints a line for each key of a file."""
    if not taken:
        return []
    file = folder / "taken"
    file.write_text("".join(f"{line}\n" for line in taken))
    done = subprocess.run(["ssh-keygen", "-l", "-f", str(file)], capture_output=True, text=True, check=False)
    seen = [line.split()[1] for line in done.stdout.splitlines()]
    if seen == list(taken.values()):
        return []
    return [f"ssh-keygen sees {len(seen)} keys of {len(taken)}: {done.stderr.strip()[:200]}"]


def _documents(document: Path, folder: Path, change: Callable[[bytes], Iterator[bytes]], step: int) -> dict[str, Any]:
    """Try all changed documents; each is read or refused, and stays as it is."""
    tries, lost, taken = 0, [], 0
    folder.mkdir(mode=0o700)
    file = folder / document.name
    for number, changed in enumerate(change(document.read_bytes())):
        if number % step:
            continue
        tries += 1
        file.write_bytes(changed)
        store = FileStore(str(folder))
        try:
            store.read(REGION)
            taken += 1
        except KeyPairError as error:
            if not error.code.value.startswith("Registry."):
                lost.append(f"{number}: refused with {error.code.value}")
        except Exception as error:
            lost.append(f"{number}: met {error!r}")
        finally:
            store.close()
        if file.read_bytes() != changed:
            lost.append(f"{number}: the document was changed")
    return {"tries": tries, "lost": lost, "taken": taken}


def main(folder: Path, step: int) -> dict[str, Any]:
    """Try everything, or every ``step``-th; ``folder`` has a region's document, ``eu-1.json``."""
    for name in ("cut", "flipped"):
        (folder / name).mkdir()
    document = folder / f"{REGION}.json"
    return {
        "public keys cut at every byte": _keys(folder / "cut", cuts, step),
        "public keys with each bit flipped": _keys(folder / "flipped", flips, step),
        "documents cut at every byte": _documents(document, folder / "documents-cut", cuts, step),
        "documents with each bit flipped": _documents(document, folder / "documents-flipped", flips, step),
    }


if __name__ == "__main__":
    json.dump(main(Path(sys.argv[1]), int(sys.argv[2])), sys.stdout)
