# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file system in user space with one lossy volume per folder: ``python -m tests.faults.lossy_disk MOUNT_POINT``.

Lines of JSON that are written to the file ``.control`` command it; the file ``.report`` tells how many operations each
volume has counted.
"""

from __future__ import annotations

import errno
import importlib
import itertools
import json
import os
import stat
import sys
import time
from typing import Any

from .lossy_memory import Node, Volume

CONTROL, REPORT = "/.control", "/.report"
OPTIONS: dict[str, Any] = {
    "foreground": True,
    "nothreads": True,
    "use_ino": True,
    "attr_timeout": 0,
    "entry_timeout": 0,
    "direct_io": True,
}


class LossyDisk:
    """The operations as fusepy calls them; paths are ``/VOLUME/...``."""

    def __call__(self, operation: str, *arguments: Any) -> Any:
        """Do what the method of that name does."""
        return getattr(self, operation)(*arguments)

    def __init__(self) -> None:
        self._numbers = itertools.count(2)
        self._root = Node(1, stat.S_IFDIR | 0o755)
        self._volumes: dict[str, Volume] = {}

    def _volume(self, path: str) -> Volume:
        return self._volumes[path.split("/")[1]]

    def _node(self, path: str) -> Node:
        node = self._root
        for name in filter(None, path.split("/")):
            if name not in node.names:
                raise _error(errno.ENOENT)
            node = node.names[name]
        return node

    def _step(self, path: str) -> tuple[Node, str]:
        """Count an operation on a name, and return the directory that the name is in."""
        folder, name = os.path.split(path)
        if folder != "/":
            self._volume(path).step()
        return self._node(folder), name

    def getattr(self, path: str, _handle: Any = None) -> dict[str, Any]:
        """Return the status of a path."""
        if path in (CONTROL, REPORT):
            return {"st_mode": stat.S_IFREG | 0o600, "st_nlink": 1, "st_size": len(self._report()), "st_ino": 0}
        node = self._node(path)
        links = 2 if stat.S_ISDIR(node.mode) else self._links(node, self._volume(path).root)
        now = time.time()
        times = {"st_atime": now, "st_mtime": now, "st_ctime": now, "st_uid": os.geteuid(), "st_gid": os.getegid()}
        return {"st_mode": node.mode, "st_nlink": links, "st_size": len(node.data), "st_ino": node.number, **times}

    def _links(self, wanted: Node, root: Node) -> int:
        return sum((node is wanted) + self._links(wanted, node) for node in root.names.values())

    def readdir(self, path: str, _handle: Any) -> list[str]:
        """Return the names in a directory."""
        return [".", "..", *self._node(path).names]

    def _new(self, path: str, mode: int) -> Node:
        folder, name = self._step(path)
        if name in folder.names:
            raise _error(errno.EEXIST)
        node = Node(next(self._numbers), mode)
        folder.rename_entry(name, node)
        return node

    def mkdir(self, path: str, mode: int) -> None:
        """Make a directory; one at the top is a volume."""
        node = self._new(path, stat.S_IFDIR | mode)
        if path.count("/") == 1:
            self._volumes[path[1:]] = Volume(node)

    def create(self, path: str, mode: int, _info: Any = None) -> int:
        """Make a file."""
        self._new(path, stat.S_IFREG | (mode & 0o7777))
        return 0

    def open(self, path: str, _flags: int) -> int:
        """Open a file."""
        if path not in (CONTROL, REPORT):
            self._node(path)
        return 0

    def read(self, path: str, size: int, offset: int, _handle: Any) -> bytes:
        """Return a part of a file."""
        data = self._report() if path == REPORT else self._node(path).data
        return data[offset : offset + size]

    def write(self, path: str, data: bytes, offset: int, _handle: Any) -> int:
        """Replace a part of a file."""
        if path == CONTROL:
            self._obey(json.loads(data))
            return len(data)
        self._volume(path).step()
        node = self._node(path)
        node.data = node.data[:offset].ljust(offset, b"\0") + data + node.data[offset + len(data) :]
        return len(data)

    def truncate(self, path: str, length: int, _handle: Any = None) -> None:
        """Cut a file."""
        if path not in (CONTROL, REPORT):
            self._volume(path).step()
            node = self._node(path)
            node.data = node.data[:length].ljust(length, b"\0")

    def chmod(self, path: str, mode: int) -> None:
        """Change a mode, at once."""
        node = self._node(path)
        node.mode = stat.S_IFMT(node.mode) | stat.S_IMODE(mode)

    def chown(self, path: str, uid: int, gid: int) -> None:
        """Change nothing."""

    def utimens(self, path: str, times: Any = None) -> None:
        """Change nothing."""

    def link(self, target: str, source: str) -> None:
        """Give a file another name."""
        folder, name = self._step(target)
        if name in folder.names:
            raise _error(errno.EEXIST)
        folder.rename_entry(name, self._node(source))

    def unlink(self, path: str) -> None:
        """Take a name away."""
        folder, name = self._step(path)
        if name not in folder.names:
            raise _error(errno.ENOENT)
        folder.rename_entry(name, None)

    rmdir = unlink

    def rename(self, old: str, new: str) -> None:
        """Move a name; within one directory that is one step of its history."""
        source, old_name = self._step(old)
        target, new_name = self._node(os.path.dirname(new)), os.path.basename(new)
        node = source.names[old_name]
        target.rename_entry(new_name, node)
        del source.names[old_name]

    def fsync(self, path: str, _datasync: int, _handle: Any) -> None:
        """Flush a file."""
        self._volume(path).flush(self._node(path))

    def fsyncdir(self, path: str, _datasync: int, _handle: Any) -> None:
        """Flush the names in a directory."""
        if path.count("/") > 1 or path.strip("/"):
            self._volume(path).flush(self._node(path))

    def _report(self) -> bytes:
        return json.dumps({name: volume.operations for name, volume in self._volumes.items()}).encode()

    def _obey(self, command: dict[str, Any]) -> None:
        volume = self._volumes[command["volume"]]
        if command["do"] == "prepare":
            volume.settle()
            volume.operations, volume.cut_at, volume.deaf = 0, command["cut_at"], command["deaf"]
        else:
            volume.restart(command["how"], command["seed"])


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


if __name__ == "__main__":
    importlib.import_module("fuse").FUSE(LossyDisk(), sys.argv[1], **OPTIONS)
