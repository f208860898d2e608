# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A controller and its model, side by side: after each task, registry and files are what the model says.

``RUNS`` counts the tasks that were run, predictions and repetitions not among them.
"""

from __future__ import annotations

import contextlib
import errno
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._delivery.workspace import PROBE_NAME
from ansible_collections.keywright.ssh.plugins.module_utils._interface.results import outcome_result
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import KNOWN_AFTER_APPLY, KeyPair
from ansible_collections.keywright.ssh.plugins.module_utils._model.wish import Wish
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.binding.bound_worlds import MemoryHost
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import CONTROLLER
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.faults import Alarm, Fault, killed_at, raising
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.models import (
    Change,
    Entry,
    Model,
    RefusalError,
    fingerprint_in,
)
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import LOCK, World, mode_of, tree

RUNS: Counter[str] = Counter()
REGIONS = ("eu-1", "us-2")
IN_MEMORY = Path("/dev/shm")
FULL = raising(lambda: OSError(errno.ENOSPC, "the system says so"))
BROKEN = raising(lambda: OSError(errno.EIO, "the system says so"))


def _struck(strike: Callable[[], Any], expected: type[BaseException], afterwards: bool) -> Callable[[int, Callable[[], object]], bool]:
    def stop(number: int, task: Callable[[], object]) -> bool:
        fault = Fault(number, strike, afterwards)
        with contextlib.suppress(expected), fault.installed():
            task()
        return fault.hit is not None

    return stop


STOPS = {
    "kill": killed_at,
    "error": _struck(FULL, KeyPairError, False),
    "error though done": _struck(BROKEN, KeyPairError, True),
    "alarm": _struck(raising(Alarm), Alarm, False),
    "alarm right after": _struck(raising(Alarm), Alarm, True),
}
# A run that is stopped so can still clean up after itself: it leaves no private key that nobody registered.
HANDLED = ("error", "alarm")


class ModelledWorld:
    """One controller below a folder of its own, and what must be true of it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=IN_MEMORY if IN_MEMORY.is_dir() else None))
        self.world = World(self.folder)
        self.model = Model()
        self.hosts = {region: MemoryHost() for region in REGIONS}
        self.records: dict[tuple[str, str], KeyPair] = {}
        self.serials = dict.fromkeys(REGIONS, 0)

    def close(self) -> None:
        shutil.rmtree(self.folder)

    def put(self, file: Path, content: bytes) -> None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.touch(mode=0o600)
        file.write_bytes(content)
        self.model.files[file] = content

    def take(self, file: Path) -> bytes:
        file.unlink()
        return self.model.files.pop(file)

    def key_files(self) -> list[Path]:
        return sorted(file for file, content in self.model.files.items() if fingerprint_in(content) is not None)

    def files_to_meddle_with(self) -> list[Path]:
        """Return all files, and those that are registered before them as well, so that they are met more often."""
        registered = [entry.file for entry in self.model.entries.values() if entry.file in self.model.files]
        return sorted(filter(None, registered)) + sorted(self.model.files)

    def wish(self, region: str, *them: str, **options: Any) -> Wish:
        return self.world.wish(*them, region=region, **options)

    def run(self, wish: Wish, stopped: Sequence[tuple[str, int]]) -> None:
        """Run a task, first as a prediction, then as often as it is stopped, then to its end, and once more."""
        RUNS["tasks"] += 1
        try:
            changes = self.model.predict(wish)
        except RefusalError as refusal:
            RUNS["refused"] += 1
            for check_mode in (True, False):
                assert self.untouched(partial(code_of, partial(self.world.run, wish, check_mode))) is refusal.code
            return
        predicted = self.untouched(lambda: self.world.run(wish, check_mode=True))
        assert predicted.changed == any(change.changed for change in changes)
        hit = [kind for kind, number in stopped if self.stop(kind, number, wish, changes)]
        RUNS["stopped"] += len(hit)
        outcome = self.world.run(wish)
        if not stopped:
            assert _agree(outcome_result(wish, predicted, True), outcome_result(wish, outcome, True))
        self.compare(wish, changes, unsure=any(kind.startswith("error") for kind in hit))
        assert not self.untouched(lambda: self.world.run(wish)).changed

    def untouched(self, look: Callable[[], Any]) -> Any:
        """Do something that must not change anything."""
        before = tree(self.folder)
        seen = look()
        assert tree(self.folder) == before
        return seen

    def stop(self, kind: str, number: int, wish: Wish, changes: list[Change]) -> bool:
        """Stop a task at a call: nothing that was there is lost, and each registered key is in a file."""
        before = self.files()
        hit = STOPS[kind](number, lambda: self.world.run(wish))
        after, document = self.files(), self.world.document(wish.region)
        contents = set(after.values())
        gone = {self.model.files[change.removed] for change in changes if change.removed is not None}
        assert set(self.model.files.values()) - gone <= contents
        keys = {fingerprint_in(content) for content in contents}
        old = {record.fingerprint for record in self.records.values()}
        for record in document.key_pairs.values():
            assert record.delivery is None or record.fingerprint in keys | old
        if kind in HANDLED and not document.removals:
            known = {record.fingerprint for record in document.key_pairs.values()} | old
            new = {content for file, content in after.items() if not file.name.startswith(PROBE_NAME)} - set(before.values())
            assert set(map(fingerprint_in, new)) <= known
        self.untouched(lambda: self.world.run(wish, check_mode=True))
        return hit

    def compare(self, wish: Wish, changes: list[Change], unsure: bool) -> None:
        """Compare registry and files with the model, after what a task has changed; ``unsure``: a look at a file may have failed."""
        found = self.world.document(wish.region).key_pairs
        for change in changes:
            self.model.entries.pop((wish.region, change.name), None)
            if change.after is not None:
                self.model.entries[wish.region, change.name] = _fitting(change, found[change.name])
                old = self.records.get((wish.region, change.name))
                assert change.renewed or old is None or (old.id, old.created_at) == (found[change.name].id, found[change.name].created_at)
        self.compare_registry(wish.region, {change.name for change in changes}, any(change.registers for change in changes))
        self.compare_files(wish.region, changes, found, unsure)

    def compare_registry(self, mine: str, them: set[str], changed: bool) -> None:
        """Compare all that is registered with the model; ``them`` are the names of the region that a task was about."""
        records: dict[tuple[str, str], KeyPair] = {}
        for region in REGIONS:
            document = self.world.document(region)
            assert document.removals == {}
            records |= {(region, name): record for name, record in document.key_pairs.items()}
            assert document.serial > self.serials[region] if changed and region == mine else document.serial == self.serials[region]
            self.serials[region] = document.serial
        assert {key: _entry_of(record) for key, record in records.items()} == self.model.entries
        others = set(records) | set(self.records)
        others -= {(mine, name) for name in them}
        assert {key: records.get(key) for key in others} == {key: self.records.get(key) for key in others}
        self.records = records

    def compare_files(self, region: str, changes: list[Change], found: Any, unsure: bool) -> None:
        files = self.model.files
        for change in changes:
            if change.finished:
                place, kept = self.model.kept[region, change.name]
                files[kept] = files.pop(place)
            if change.renewed or change.after is None:
                self.model.kept.pop((region, change.name), None)
            if change.moved is not None:
                self.set_aside(region, change.name, change.moved, found[change.name].replaced.kept_as, unsure)
            if change.removed is not None:
                del files[change.removed]
        there = self.files()
        for change in changes:
            if change.made is not None:
                assert mode_of(change.made) == 0o600
                assert fingerprint_in(there[change.made]) == found[change.name].fingerprint
                files[change.made] = there[change.made]
        assert there == files
        allowed = {f"{region}.{end}" for region in REGIONS for end in ("json", "lock")}
        assert {path.name for path in self.world.registry.glob("*") if not path.name.startswith(".account-")} <= allowed

    def set_aside(self, region: str, name: str, file: Path, kept_as: str | None, unsure: bool) -> None:
        """Move a replaced key's file in the model; what could not be read is not known to hold the key, and stays."""
        if kept_as is None:
            assert unsure
        else:
            self.model.files[Path(kept_as)] = self.model.files.pop(file)
            self.model.kept[region, name] = file, Path(kept_as)

    def files(self) -> dict[Path, bytes]:
        """Return every file but those of the registry, and the locks, which stay."""
        found = (path for path in self.folder.rglob("*") if not path.is_dir())
        return {path: path.read_bytes() for path in found if path.parent != self.world.registry and path.name != LOCK}


def code_of(task: Callable[[], object]) -> Any:
    try:
        return task()
    except KeyPairError as error:
        return error.code


def _entry_of(record: KeyPair) -> Entry:
    delivery, replaced = record.delivery, record.replaced
    assert delivery is None or delivery.controller == CONTROLLER
    assert (record.creation_type == "generated") == (delivery is not None)
    return Entry(
        record.fingerprint,
        record.type,
        record.size,
        record.comment,
        record.tags,
        None if delivery is None else Path(delivery.file),
        None if replaced is None else replaced.fingerprint,
    )


def _fitting(change: Change, record: KeyPair) -> Entry:
    """Return the entry, with the fingerprint of a key that is new; the old one is not."""
    assert change.after is not None
    if change.after.fingerprint is not None:
        return change.after
    assert change.before is None or record.fingerprint != change.before.fingerprint
    return replace(change.after, fingerprint=record.fingerprint)


def _agree(predicted: Any, actual: Any) -> bool:
    """Tell whether a result is the predicted one, wherever that could be known."""
    if isinstance(predicted, dict):
        return (
            isinstance(actual, dict) and predicted.keys() == actual.keys() and all(_agree(predicted[key], actual[key]) for key in predicted)
        )
    if isinstance(predicted, list):
        return isinstance(actual, list) and len(predicted) == len(actual) and all(map(_agree, predicted, actual))
    return bool(predicted in (KNOWN_AFTER_APPLY, actual))
