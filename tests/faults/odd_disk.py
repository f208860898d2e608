# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A disk in memory that ignores the case of names and has no hard links, each where the folder below it says so.

What lies below ``any-case`` ignores case, as most disks of macOS and Windows do; what lies below ``no-links`` has no hard links,
and cannot rename without replacing either.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys

from .lossy_disk import OPTIONS, LossyDisk
from .lossy_memory import Node

ANY_CASE, NO_LINKS = "any-case", "no-links"


class OddDisk(LossyDisk):
    """A lossy disk whose power is never cut."""

    def _spelled(self, path: str) -> str:
        """Return a path as it was spelled when it was made, as far as it is there."""
        if not path.startswith(f"/{ANY_CASE}/"):
            return path
        node, found = self._root, ""
        for name in filter(None, path.split("/")):
            spelled = next((each for each in node.names if each.casefold() == name.casefold()), name)
            node = node.names.get(spelled, Node(0, 0))
            found += f"/{spelled}"
        return found

    def _node(self, path: str) -> Node:
        return super()._node(self._spelled(path))

    def _step(self, path: str) -> tuple[Node, str]:
        return super()._step(self._spelled(path))

    def link(self, target: str, source: str) -> None:
        """Give a file another name, where there is such a thing."""
        if target.startswith(f"/{NO_LINKS}/"):
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))
        super().link(target, source)


if __name__ == "__main__":
    importlib.import_module("fuse").FUSE(OddDisk(), sys.argv[1], **OPTIONS)
