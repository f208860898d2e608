# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the core needs of a registry: documents, one per region, with compare-and-swap."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Document


class Snapshot(NamedTuple):
    """A document as it was read. ``version`` is opaque; None means that the region has no document yet."""

    document: Document
    version: str | None


class Store(Protocol):
    """A registry. A dict with these methods is one; the embedded default is a directory of files."""

    @property
    def identity(self) -> str:
        """The one canonical name of this registry, equal for all who use it."""

    def exclusive(self, region: str, timeout: float) -> AbstractContextManager[None]:
        """Keep other writers of a region out for the block, where the store can; wait at most ``timeout`` seconds."""

    def exclusive_account(self, account: str, timeout: float) -> AbstractContextManager[None]:
        """Keep others who bind key pairs to an account out for the block, in all regions; taken before a region's lock."""

    def read(self, region: str) -> Snapshot:
        """Return the document of a region, an empty one of serial 0 if it has none; never a half-written one."""

    def write(self, region: str, document: Document, expected: str | None) -> str:
        """Replace the document durably if its version is still ``expected``, else raise :class:`StoreConflictError`.

        Returns the new version. If it raises anything else, the outcome is unknown until the document was read again.
        Then it may happen as long as the region was not settled; if that is so, ``outcome_unknown`` of a :class:`KeyPairError` is set.
        """

    def settle(self, region: str) -> Snapshot:
        """Return the region's document after every write that was begun before, and not answered, has happened or never will."""

    def confirm(self, region: str) -> None:
        """See that what was read is durable, for who has nothing to write: a run that was stopped may have left that undone."""

    def regions(self) -> list[str]:
        """Return the names of all regions that have a document, sorted."""

    def missing(self) -> str | None:
        """Return a sentence that says that the registry does not exist, None if it does."""

    def warnings(self) -> list[str]:
        """Return what the user should know about the registry, as whole sentences."""

    def check_room(self, region: str, document: Document, more: int) -> None:
        """Raise :class:`KeyPairError` with ``Registry.TooLarge`` if the store could not take the document and ``more`` bytes."""

    def close(self) -> None:
        """Give up what was opened or connected."""
