# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
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
