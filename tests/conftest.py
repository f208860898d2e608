# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let plain pytest import the checkout, whatever its folder is called, as ``ansible_collections.keywright.ssh``.

ansible-test does the same by itself and needs a folder of that name; this file then does nothing.
"""

from __future__ import annotations

import atexit
import importlib
import os
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
COLLECTION = "ansible_collections.keywright.ssh"


def checkout_is_importable() -> bool:
    """Tell whether importing the collection reaches this very checkout."""
    try:
        package = importlib.import_module(COLLECTION)
    except ImportError:
        return False
    return any(CHECKOUT.samefile(folder) for folder in package.__path__)


def make_checkout_importable() -> None:
    """Link the checkout into a temporary folder of collections and start Ansible's importer on it.

    The tests get a home folder of their own, for a test that forgets to make one must not reach the user's.
    """
    folder = tempfile.TemporaryDirectory(prefix="keywright-pytest-")
    atexit.register(folder.cleanup)
    # Some tests run the plugins as another user.
    Path(folder.name).chmod(0o755)
    link = Path(folder.name, *COLLECTION.split("."))
    link.parent.mkdir(parents=True)
    link.symlink_to(CHECKOUT, target_is_directory=True)
    home = Path(folder.name, "home")
    home.mkdir()
    os.environ.update(ANSIBLE_COLLECTIONS_PATH=folder.name, HOME=str(home))

    # Ansible reads its configuration when it is imported, so this comes after the environment is set.
    from ansible.plugins.loader import init_plugin_loader

    init_plugin_loader()


if not checkout_is_importable():
    make_checkout_importable()
