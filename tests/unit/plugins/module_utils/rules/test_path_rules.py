# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._rules.paths import check_file_name, check_path

BROKEN_PATHS = {
    "empty": "",
    "blank": "  ",
    "newline": "/a\nb",
    "NUL": "/a\0b",
    "lone surrogate": "/a\udc80",
    "unknown user": "~nobody-of-that-name/x",
    "unset variable": "/a/$NOT_SET/b",
    "private key": "-----BEGIN OPENSSH PRIVATE KEY-----",
    "4096 bytes": "/" + "a" * 4095,
}
BROKEN_FILES = {
    "directory": "/a/b/",
    "dot": "/a/.",
    "dot dot": "/a/..",
    "256 bytes": "/a/" + "b" * 256,
    "128 characters of two bytes": "/a/" + "\u00e4" * 128,
    "our own name": "/a/.keywright.lock",
}


@pytest.mark.parametrize("path", ["/a", "a", "a b", "./a", "/a~b", "\u00e4", "/" + "a" * 4094])
def test_a_path_within_the_rules_is_accepted(path: str) -> None:
    check_path("registry", path)


@pytest.mark.parametrize("path", BROKEN_PATHS.values(), ids=BROKEN_PATHS.keys())
def test_a_path_that_cannot_be_recorded_or_opened_is_refused_with_its_option(path: str) -> None:
    with pytest.raises(KeyPairError, match="Option 'registry' must ") as caught:
        check_path("registry", path)
    assert caught.value.code is ErrorCode.PATH_MALFORMED
    assert "BEGIN" not in caught.value.message
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("path", ["/a/b.pem", "/a/" + "b" * 255, "/a/.hidden", "/a/.keywright"])
def test_a_file_name_within_the_rules_is_accepted(path: str) -> None:
    check_file_name("private_key_file", path)


@pytest.mark.parametrize("path", BROKEN_FILES.values(), ids=BROKEN_FILES.keys())
def test_a_file_name_that_no_private_key_can_have_is_refused(path: str) -> None:
    with pytest.raises(KeyPairError, match="Option 'private_key_file' must ") as caught:
        check_file_name("private_key_file", path)
    assert caught.value.code is ErrorCode.PATH_MALFORMED


def test_the_longest_name_of_a_key_pair_gives_a_file_name_that_fits() -> None:
    check_file_name("private_key_file", f"/a/{'n' * 128}.pem.20261231T235959.999999Z")
