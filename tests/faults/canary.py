# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A search for secrets in whatever a run leaves behind, in the forms in which they could leak."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key

from .hooks.sitecustomize import private_numbers

# What a private key file begins with, whatever key it holds: its first line, and its magic number in Base64.
SIGNS = ("PRIVATE KEY-----", "b3BlbnNzaC1rZXktdjE")
WINDOW = 16
_FILLING = re.compile(rb"\\+[nrt]|[\s\"'\\,|>]|\x1b\[[0-9;]*m")


def forms_of(secret: bytes) -> frozenset[bytes]:
    """Return short texts of which each leak of a secret holds one: as it is, Base64 at any offset, hexadecimal, decimal."""
    forms = {secret, quote(secret).encode(), secret.hex().encode(), secret.hex().upper().encode()}
    if len(secret) >= 16:
        forms.add(str(int.from_bytes(secret, "big")).encode())
        forms.update(window for text in _base64(secret) for window in windows(text))
    return frozenset(forms)


def _base64(secret: bytes) -> Iterator[bytes]:
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + secret)
        yield encoded[-(-offset * 4 // 3) + (1 if offset else 0) : len(encoded) - 4]


def windows(text: bytes) -> list[bytes]:
    """Return pieces of a text such that whoever tells 31 characters of it in a row tells a piece."""
    return [text[start : start + WINDOW] for start in range(0, len(text) - WINDOW + 1, WINDOW)]


def forms_of_file(file: bytes) -> frozenset[bytes]:
    """Return pieces of a private key file, read as text and as key; what it tells of the public key is not among them."""
    try:
        key = _loaded(file)
    except (TypeError, ValueError):  # encrypted: the second half is all cipher text
        body = b"".join(line for line in file.splitlines() if line and not line.startswith(b"-----") and b":" not in line)
        forms = frozenset(windows(body[len(body) // 2 :]))
    else:
        forms = frozenset(form for number in private_numbers(key) for form in forms_of(number))
    return forms | {window for text in _base64(file[len(file) // 2 :]) for window in windows(text)}


def _loaded(file: bytes) -> Any:
    load = load_ssh_private_key if b"OPENSSH" in file else load_pem_private_key
    return load(file, password=None)


class Detector:
    """Finds secrets, each under the name that it was added with."""

    def __init__(self) -> None:
        self._forms: dict[bytes, str] = {}
        self._short: list[bytes] = []
        self._by_beginning: dict[bytes, list[bytes]] = {}

    def add(self, name: str, forms: Iterable[bytes]) -> None:
        """Look for these forms of a secret as well."""
        for form in forms:
            if form not in self._forms:
                beginning = self._short if len(form) < WINDOW else self._by_beginning.setdefault(form[:WINDOW], [])
                beginning.append(form)
            self._forms[form] = name

    def found_in(self, data: bytes) -> list[str]:
        """Return the names of the secrets in the data, however their lines are wrapped or escaped."""
        return sorted({self._forms[form] for text in (data, _FILLING.sub(b"", data)) for form in self._in(text)})

    def _in(self, text: bytes) -> Iterator[bytes]:
        """Yield the forms in a text. There may be many thousand of them, so the text is gone through once."""
        yield from (form for form in self._short if form in text)
        for start in range(len(text) - WINDOW + 1):
            for form in self._by_beginning.get(text[start : start + WINDOW], ()):
                if text.startswith(form, start):
                    yield form

    def found_below(self, folder: Path, ignored: Iterable[Path]) -> list[str]:
        """Return which files below a folder hold secrets; ``ignored`` are files and folders that may."""
        skipped = set(ignored)
        found = []
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink() and not skipped & {path, *path.parents}:
                found += [f"{path.relative_to(folder)} holds {name}" for name in self.found_in(path.read_bytes())]
        return found
