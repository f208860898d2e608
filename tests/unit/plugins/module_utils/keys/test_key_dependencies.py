# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._keys import dependencies
from ansible_collections.keywright.ssh.plugins.module_utils._keys.dependencies import (
    encryption_available,
    require_bcrypt,
    require_cryptography,
)
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError


@pytest.mark.parametrize(("library", "require"), [("bcrypt", require_bcrypt), ("cryptography", require_cryptography)])
def test_a_library_that_is_not_installed_is_named_with_the_command_that_installs_it(
    library: str, require: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    require()
    monkeypatch.setitem(sys.modules, library, None)  # how Python itself marks a module that cannot be imported
    with pytest.raises(KeyPairError, match=f"pip install {library}") as caught:
        require()
    assert caught.value.code is ErrorCode.DEPENDENCY_MISSING
    assert caught.value.__context__ is None


def test_only_the_openssh_format_needs_bcrypt_to_be_encrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert encryption_available("openssh")
    monkeypatch.setitem(sys.modules, "bcrypt", None)
    assert [form for form in ("openssh", "pkcs8", "pkcs1") if encryption_available(form)] == ["pkcs8", "pkcs1"]


_WITHOUT_DESCRIPTORS = """
import os, resource
from ansible_collections.keywright.ssh.plugins.module_utils._keys import generation
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import KeyPair
from ansible_collections.keywright.ssh.plugins.module_utils._model.wish import Wish
from ansible_collections.keywright.ssh.plugins.module_utils._service.keys import KeyMaker

generation.known_key()
maker = KeyMaker(Wish("eu-1", ("one",)))
if {made}:
    maker._prepared["one", "{type}", {size}] = generation.generate("{type}", {size})
resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))), 4096))
try:
    maker.take(KeyPair("one", "eu-1", "", "{type}", {size}, "", "", "", "generated", ""))
except KeyPairError as error:
    print(error.code.value, error.message, end="")
"""


@pytest.mark.parametrize("made", [False, True], ids=["the key", "its file"])
@pytest.mark.parametrize(("key_type", "size"), [("ecdsa", 256), ("rsa", 2048)])
def test_a_library_that_cannot_be_read_in_mid_run_is_said_to_be_it(key_type: str, size: int, made: bool) -> None:
    code = _WITHOUT_DESCRIPTORS.format(type=key_type, size=size, made=made)
    path = os.pathsep.join([dependencies.__file__.partition("/ansible_collections/")[0], *sys.path])
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": path}, capture_output=True, text=True, check=True)
    assert done.stdout == "Dependency.Missing The Python library cryptography cannot be loaded on the controller: Too many open files."


@pytest.mark.parametrize(("library", "require"), [("bcrypt", require_bcrypt), ("cryptography", require_cryptography)])
def test_a_library_that_is_there_and_cannot_be_read_is_not_said_to_be_missing(
    library: str, require: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unreadable:
        @staticmethod
        def find_spec(name: str, *_more: object) -> None:
            if name == library:
                raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.delitem(sys.modules, library, raising=False)
    monkeypatch.setattr(sys, "meta_path", [Unreadable, *sys.meta_path])
    with pytest.raises(KeyPairError, match=f"library {library} cannot be loaded on the controller: Input/output error") as caught:
        require()
    assert caught.value.code is ErrorCode.DEPENDENCY_MISSING
