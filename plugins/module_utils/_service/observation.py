# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One consistent look at the registry and at the private key files that it names."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from ansible_collections.keywright.ssh.plugins.module_utils._delivery.directories import Directories
from ansible_collections.keywright.ssh.plugins.module_utils._delivery.inspection import Inspector
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import KeyPair
from ansible_collections.keywright.ssh.plugins.module_utils._model.seen import MISMATCHED, MISSING, UNVERIFIED, Seen
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Snapshot, Store
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment

_ANOMALIES = frozenset({MISSING, MISMATCHED, UNVERIFIED})


class Observation(NamedTuple):
    """What was read of a region, and what was ``seen`` of the private key files that were asked for, by name."""

    snapshot: Snapshot
    inspector: Inspector
    seen: Mapping[str, Seen]

    def is_of_one_instant(self, store: Store) -> bool:
        """Tell whether neither the directories nor the region were changed since, so that all of it was so at one instant."""
        return self.inspector.directories.are_unchanged() and store.read(self.snapshot.document.region).version == self.snapshot.version


@contextlib.contextmanager
def observed(
    environment: Environment,
    region: str,
    wanted: Callable[[KeyPair], bool],
    passphrase: str | None,
    directories: Callable[[], Directories] = Directories,
) -> Iterator[Observation]:
    """Look at a region and at the private key files of the wanted key pairs; directories are closed after the block.

    A file that does not fit its registration may only be one that another run is just replacing or removing: then the
    registry or the directory has changed, and the look is taken again.
    """
    for last in (False, False, True):
        with contextlib.closing(directories()) as opened:
            snapshot = environment.store.read(region)
            inspector = Inspector(environment.store.identity, environment.controller, opened)
            key_pairs = filter(wanted, snapshot.document.key_pairs.values())
            seen = {key_pair.name: inspector.look(key_pair, passphrase) for key_pair in key_pairs}
            observation = Observation(snapshot, inspector, seen)
            odd = any(each.status in _ANOMALIES for each in seen.values())
            if odd and not last and not observation.is_of_one_instant(environment.store):
                continue
            yield observation
            return
