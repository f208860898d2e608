# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole collection as two dicts, what is registered and what is in files, and what each task must do to them.

Nothing here knows how the collection works: no plan, no commit, no staged file. It is the documentation in a few lines.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ansible_collections.keywright.ssh.plugins.module_utils._keys.identify import identify_private_key
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode
from ansible_collections.keywright.ssh.plugins.module_utils._model.wish import Wish

NOT_MANAGED, PRESENT, MISSING, MISMATCHED = "not managed", "present", "missing", "mismatched"
MADE_BY_DEFAULT = ("ed25519", 256)
SIZES = {"ed25519": 256, "ecdsa": 256}


class RefusalError(Exception):
    """The task must fail with this code, and change nothing."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Entry:
    """What must be registered under a name.

    ``fingerprint`` is None for a key that is new, which nobody can know before. ``file`` is None for an imported key pair.
    ``replaced`` is the fingerprint of the key that was replaced.
    """

    fingerprint: str | None
    type: str
    size: int
    comment: str
    tags: Mapping[str, str]
    file: Path | None
    replaced: str | None = None


@dataclass(frozen=True)
class Change:
    """What a task does to one name: ``renewed`` tells of another key, ``moved`` and ``removed`` are files that go.

    ``finished`` tells that the file of the replaced key is where it was, so that it looks like the work of a run that was stopped.
    """

    name: str
    before: Entry | None
    after: Entry | None
    renewed: bool = False
    moved: Path | None = None
    removed: Path | None = None
    finished: bool = False

    @property
    def made(self) -> Path | None:
        """The private key file that comes into being."""
        return self.after.file if self.after is not None and self.after.fingerprint is None else None

    @property
    def registers(self) -> bool:
        return self.renewed or self.before != self.after

    @property
    def changed(self) -> bool:
        return self.registers or self.finished


@functools.lru_cache(maxsize=1000)
def fingerprint_in(content: bytes) -> str | None:
    """Return the fingerprint of the private key that a file holds, None if it holds none."""
    return identify_private_key(content, None).fingerprint


@dataclass
class Model:
    """``entries`` by region and name, ``files`` by path, and the key pair that each region has ``bound``, if any.

    ``kept`` says of each replaced key where its file was, and where that is kept.
    """

    entries: dict[tuple[str, str], Entry] = field(default_factory=dict)
    files: dict[Path, bytes] = field(default_factory=dict)
    bound: dict[str, str] = field(default_factory=dict)
    kept: dict[tuple[str, str], tuple[Path, Path]] = field(default_factory=dict)

    def status(self, entry: Entry) -> str:
        if entry.file is None:
            return NOT_MANAGED
        if entry.file not in self.files:
            return MISSING
        return PRESENT if fingerprint_in(self.files[entry.file]) == entry.fingerprint else MISMATCHED

    def predict(self, wish: Wish) -> list[Change]:
        """Return what a task does to each of its names; raises :class:`RefusalError`."""
        decide = self._present if wish.present else self._absent
        changes = [decide(wish, name, self.entries.get((wish.region, name))) for name in wish.names]
        for change in changes:
            if change.before is not None and (change.renewed or change.after is None) and self.bound.get(wish.region) == change.name:
                raise RefusalError(ErrorCode.BOUND)
        for change in changes:
            if change.made is not None and change.made in self.files and change.made != change.moved:
                raise RefusalError(ErrorCode.FILE_EXISTS)
        made = [change.made for change in changes if change.made is not None]
        if len(set(made)) < len(made):  # names that were registered with one file get their new keys in the place of the old ones
            raise RefusalError(ErrorCode.FILE_EXISTS)
        return [replace(change, finished=self._is_back(wish.region, change)) for change in changes]

    def _is_back(self, region: str, change: Change) -> bool:
        """Tell whether somebody has put the file of the replaced key back, away from where it is kept."""
        if change.before is None or (region, change.name) not in self.kept:
            return False
        place, kept = self.kept[region, change.name]
        content = self.files.get(place)
        return (
            place != change.before.file
            and kept not in self.files
            and content is not None
            and fingerprint_in(content) == change.before.replaced
        )

    def _absent(self, wish: Wish, name: str, entry: Entry | None) -> Change:
        goes = entry is not None and wish.remove_private_key and self.status(entry) == PRESENT
        return Change(name, entry, None, removed=entry.file if entry is not None and goes else None)

    def _present(self, wish: Wish, name: str, entry: Entry | None) -> Change:
        if entry is None:
            return self._renewed(wish, name, None)
        status, differs = self.status(entry), _differs(wish, entry)
        if differs and wish.regenerate == "fail":
            raise RefusalError(ErrorCode.ALREADY_EXISTS)
        if differs and wish.regenerate == "full_idempotence":
            return self._renewed(wish, name, entry)
        if wish.adopted_file is not None and not differs and status != PRESENT:
            return Change(name, entry, replace(_updated(wish, entry), file=Path(wish.adopted_file)))
        if status == MISSING and wish.on_missing_private_key == "regenerate":
            return self._renewed(wish, name, entry)
        if status in (MISSING, MISMATCHED) and wish.on_missing_private_key == "fail":
            raise RefusalError(ErrorCode.FILE_MISSING if status == MISSING else ErrorCode.FILE_MISMATCHED)
        return Change(name, entry, _updated(wish, entry))

    def _renewed(self, wish: Wish, name: str, entry: Entry | None) -> Change:
        after = _given(wish, name) or _made(wish, name, entry)
        if entry is not None:
            after = replace(after, replaced=entry.fingerprint)
        after = replace(after, tags=_tags(wish, entry))
        holds_it = entry is not None and self.status(entry) == PRESENT
        return Change(name, entry, after, renewed=True, moved=entry.file if entry is not None and holds_it else None)


def _differs(wish: Wish, entry: Entry) -> bool:
    if wish.material is not None:
        return wish.material.fingerprint != entry.fingerprint
    return wish.type not in (None, entry.type) or wish.size not in (None, entry.size)


def _updated(wish: Wish, entry: Entry) -> Entry:
    return replace(entry, tags=_tags(wish, entry), comment=entry.comment if wish.comment is None else wish.comment)


def _given(wish: Wish, name: str) -> Entry | None:
    """Return the entry of a key that the task brings along."""
    if wish.material is None:
        return None
    comment = (wish.material.comment or name) if wish.comment is None else wish.comment
    file = None if wish.adopted_file is None else Path(wish.adopted_file)
    return Entry(wish.material.fingerprint, wish.material.type, wish.material.size, comment, {}, file)


def _made(wish: Wish, name: str, entry: Entry | None) -> Entry:
    """Return the entry of a key that is made: what the task leaves out is as it was, or as it is by default."""
    key_type, size = MADE_BY_DEFAULT if entry is None or entry.type not in SIZES else (entry.type, entry.size)
    if wish.type not in (None, key_type):
        key_type = str(wish.type)
        size = SIZES[key_type]
    comment = name if entry is None else entry.comment
    folder = wish.default_directory if wish.private_key_dir is None else wish.private_key_dir
    stays = entry is not None and entry.file is not None and wish.private_key_dir is None
    file = entry.file if entry is not None and stays else Path(folder, f"{name}.pem")
    return Entry(None, key_type, wish.size or size, comment if wish.comment is None else wish.comment, {}, file)


def _tags(wish: Wish, entry: Entry | None) -> Mapping[str, str]:
    old = {} if entry is None else entry.tags
    if wish.tags is None:
        return old
    return dict(wish.tags) if wish.purge_tags else {**old, **wish.tags}


def goes_together(model: Model, region: str, names: Iterable[str]) -> bool:
    """Tell whether each of the names has a private key file of its own, so that one task can name them all."""
    entries = [model.entries.get((region, name)) for name in names]
    files = [entry.file for entry in entries if entry is not None and entry.file is not None]
    return len(files) == len(set(files))
