# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A directory that gives its new files away, by a default access list or by its group, gives no private key away."""

from __future__ import annotations

import errno
import os
import struct
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.faults import NOBODY, as_nobody
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import World, fingerprint_of, mode_of

# What setfacl writes for `default:user:nobody:rwx`: a version, then tag, permissions and ID of each entry (source: acl(5)).
OWNER, USER, GROUP, MASK, OTHER, NO_ID = 0x01, 0x02, 0x04, 0x10, 0x20, 0xFFFFFFFF
ENTRIES = ((OWNER, 7, NO_ID), (USER, 7, NOBODY), (GROUP, 7, NO_ID), (MASK, 7, NO_ID), (OTHER, 7, NO_ID))
DEFAULT = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in ENTRIES)


def _opened_by_nobody(path: Path) -> int:
    """Return the error that another user meets who opens the file, 0 for none; she may enter all directories above it."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        return as_nobody(lambda: os.open(path.name, os.O_RDONLY, dir_fd=folder))
    finally:
        os.close(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="being another user needs root")
@pytest.mark.parametrize("umask", [0o000, 0o022], ids=oct)
def test_neither_a_default_access_list_nor_a_group_that_is_passed_on_opens_a_private_key(umask: int, world: World) -> None:
    world.keys.mkdir(parents=True)
    os.chown(world.keys, -1, NOBODY)
    world.keys.chmod(0o2755)
    os.setxattr(world.keys, "system.posix_acl_default", DEFAULT)
    control = world.keys / "control"
    old = os.umask(umask)
    try:
        control.touch()
        world.make("ops")
        record = world.registered()
        world.make("ops", type="ecdsa", regenerate="full_idempotence")
    finally:
        os.umask(old)
    assert record is not None
    kept = [path for path in world.keys.iterdir() if path.name.startswith("ops.pem.")]
    assert [fingerprint_of(path) for path in kept] == [record.fingerprint]
    for path in (world.pem(), *kept):
        assert mode_of(path) == 0o600
        assert _opened_by_nobody(path) == errno.EACCES
    assert _opened_by_nobody(control) == 0
