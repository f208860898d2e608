# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A controller for one test: a registry, a directory of private keys, and a clock that the test sets."""

from __future__ import annotations

import os
import stat
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._delivery.staged import staged_name, tag_of
from ansible_collections.keywright.ssh.plugins.module_utils._interface.results import outcome_result
from ansible_collections.keywright.ssh.plugins.module_utils._keys.identify import identify_private_key
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Delivery, Document, KeyPair
from ansible_collections.keywright.ssh.plugins.module_utils._model.wish import Wish
from ansible_collections.keywright.ssh.plugins.module_utils._registry.codec import encode
from ansible_collections.keywright.ssh.plugins.module_utils._registry.file_store import FileStore
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment
from ansible_collections.keywright.ssh.plugins.module_utils._service.run import Outcome, fulfil
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils import builders

LOCK = ".keywright.lock"


class World:
    """What is on one controller. ``store`` stands in for the directory of documents where a test brings its own."""

    def __init__(self, root: Path, store: Any = None, controller: str = builders.CONTROLLER) -> None:
        self.root = root
        self.registry = root / "registry"
        self.keys = root / "keys"
        self.store = store
        self.controller = controller
        self.clock = datetime(2026, 11, 24, 4, 52, 7, 123456, timezone.utc)
        self.secrets: list[str] = []

    def wish(self, *names: str, **options: Any) -> Wish:
        return builders.wish(*names, **{"default_directory": str(self.keys), "lock_timeout": 2, **options})

    def run(self, wish: Wish, check_mode: bool = False) -> Outcome:
        """Run a task as a process of its own would: with a store that has seen nothing yet."""
        store = self.store or FileStore(str(self.registry))
        self.clock += timedelta(seconds=1)
        try:
            return fulfil(wish, Environment(store, self.controller, lambda: self.clock, self.secrets.append), check_mode)
        finally:
            store.close()

    def make(self, *names: str, **options: Any) -> Outcome:
        return self.run(self.wish(*names, **options))

    def result(self, wish: Wish, check_mode: bool = False) -> dict[str, Any]:
        return outcome_result(wish, self.run(wish, check_mode), with_diff=True)

    def document(self, region: str = builders.REGION) -> Document:
        store = self.store or FileStore(str(self.registry))
        try:
            return store.read(region).document
        finally:
            store.close()

    def registered(self, name: str = "ops") -> KeyPair | None:
        return self.document().key_pairs.get(name)

    def register(self, *key_pairs: KeyPair, **fields: Any) -> None:
        """Put a document there, as an earlier run would have left it."""
        self.registry.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.registry / f"{builders.REGION}.json"
        path.write_bytes(encode(builders.document(*key_pairs, **fields)))
        path.chmod(0o600)

    def delivered_to(self, name: str = "ops") -> Path:
        """Return the private key file that the registration names."""
        record = self.registered(name)
        assert record is not None
        assert record.delivery is not None
        return Path(record.delivery.file)

    def pem(self, name: str = "ops") -> Path:
        return self.keys / f"{name}.pem"

    def staged(self, record: KeyPair) -> Path:
        """Return the name under which a key pair's private key is staged beside its place."""
        identity = FileStore(str(self.registry)).identity if self.store is None else self.store.identity
        assert record.delivery is not None
        return Path(record.delivery.file).with_name(staged_name(tag_of(identity, record.region, record.name), record.fingerprint))

    def put_key(self, path: Path, number: int = 0, **options: Any) -> Path:
        """Put a private key where no run has put it."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(builders.private_key_bytes(number, **options))
        path.chmod(0o600)
        return path

    def here(self, record: KeyPair) -> KeyPair:
        """Return a record that is delivered to this world's directory."""
        return record._replace(delivery=Delivery(self.controller, str(self.pem(record.name))))


def fingerprint_of(path: Path, passphrase: str | None = None) -> str | None:
    return identify_private_key(path.read_bytes(), passphrase).fingerprint


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def tree(root: Path) -> dict[str, tuple[Any, ...]]:
    """Return all that can be seen of a tree without opening its directories' access times: type, mode, inode, times, content."""
    seen: dict[str, tuple[Any, ...]] = {}
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files]:
            path = Path(folder, name)
            status = path.lstat()
            content = path.read_bytes() if stat.S_ISREG(status.st_mode) else os.readlink(path) if path.is_symlink() else None
            seen[str(path.relative_to(root))] = (oct(status.st_mode), status.st_ino, status.st_mtime_ns, status.st_ctime_ns, content)
    return seen


def own_files(folder: Path) -> list[str]:
    """Return the collection's own files in a directory, without the lock, which stays."""
    return sorted(path.name for path in folder.iterdir() if path.name.startswith(".") and path.name != LOCK) if folder.is_dir() else []
