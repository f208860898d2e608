# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``renameat2`` with ``RENAME_NOREPLACE``, which the standard library does not have (source: rename(2))."""

from __future__ import annotations

import ctypes
import errno
import os

_RENAME_NOREPLACE = 1


def rename_without_replacing(directory: int, source: str, target: str) -> None:
    """Rename within one open directory; raise :class:`FileExistsError` if the new name is taken.

    For file systems without hard links. :class:`OSError` with ENOSYS or EINVAL means that the C library, the kernel or
    the file system cannot do it.
    """
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), target) from None
    if renameat2(directory, os.fsencode(source), directory, os.fsencode(target), _RENAME_NOREPLACE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)
