# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files in memory that forget, when the power is cut, what was not flushed: contents of files and names in directories."""

from __future__ import annotations

import errno
import os
import random
import stat
from dataclasses import dataclass, field

DROP, MIX = "drop", "mix"


@dataclass(eq=False)
class Node:
    """A file or a directory: as programs see it, and as it is on the disk.

    ``history`` are the states that a directory has had since it was flushed, any of which may be what the disk has.
    """

    number: int
    mode: int
    data: bytes = b""
    flushed_data: bytes = b""
    names: dict[str, Node] = field(default_factory=dict)
    flushed_names: dict[str, Node] = field(default_factory=dict)
    history: list[dict[str, Node]] = field(default_factory=list)

    def rename_entry(self, name: str, node: Node | None) -> None:
        """Give a name to a node, or take the name away."""
        self.history.append(dict(self.names))
        if node is None:
            del self.names[name]
        else:
            self.names[name] = node

    def flush(self) -> None:
        """Put the node on the disk."""
        self.flushed_data, self.flushed_names, self.history = self.data, dict(self.names), []

    def lose(self, how: str, chance: random.Random) -> None:
        """Take the node and what is below it back to what is on the disk; MIX: by chance, some of what was not flushed is."""
        kept = how == MIX and chance.random() < 0.5
        self.data = self.data if kept else self.flushed_data
        self.names = dict(chance.choice([self.flushed_names, *self.history, self.names]) if how == MIX else self.flushed_names)
        self.flush()
        for node in self.names.values():
            node.lose(how, chance)


@dataclass(eq=False)
class Volume:
    """The folder of one world. From the operation ``cut_at`` on there is no power, until :meth:`restart`.

    ``deaf`` makes the disk ignore flushes of files or of directories: stat.S_IFREG or stat.S_IFDIR.
    """

    root: Node
    cut_at: int = 0
    deaf: int = 0
    operations: int = 0

    def step(self) -> None:
        """Count an operation that changes or flushes something; raises EIO without power."""
        self.operations += 1
        if self.cut_at and self.operations >= self.cut_at:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def flush(self, node: Node) -> None:
        """Flush a node, unless the disk is deaf to that."""
        self.step()
        if stat.S_IFMT(node.mode) != self.deaf:
            node.flush()

    def restart(self, how: str, seed: int) -> None:
        """Lose what was not flushed, and give the power back."""
        self.root.lose(how, random.Random(seed))
        self.cut_at = self.deaf = self.operations = 0

    def settle(self) -> None:
        """Flush everything."""
        nodes = [self.root]
        while nodes:
            node = nodes.pop()
            node.flush()
            nodes += node.names.values()
