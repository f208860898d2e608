# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._delivery.adoption import public_half_of
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import material, private_key_bytes
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import tree


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys" / "found"
    path.parent.mkdir(mode=0o700)
    path.touch(0o600)
    return path


@pytest.mark.parametrize(("mode", "problem"), [(0o600, None), (0o400, None), (0o644, "has mode 0644, expected 0600")])
@pytest.mark.parametrize("passphrase", [None, "zqxjk"])
def test_the_public_key_of_an_adopted_file_is_computed_and_its_mode_is_told(
    passphrase: str | None, mode: int, problem: str | None, file: Path
) -> None:
    file.write_bytes(private_key_bytes(passphrase=passphrase))
    file.chmod(mode)
    before = tree(file.parent)
    public_key, found = public_half_of(str(file), passphrase)
    assert (public_key.fingerprint, found) == (material().fingerprint, problem)
    assert tree(file.parent) == before


REFUSED: dict[str, tuple[bytes, str | None, str]] = {
    "not a key": (b"hello", None, "is not a private key"),
    "damaged": (private_key_bytes()[:-60], None, "is damaged"),
    "no passphrase": (private_key_bytes(passphrase="zqxjk"), None, "is encrypted and the passphrase is not given"),
    "wrong passphrase": (private_key_bytes(passphrase="zqxjk"), "wrong", "does not open with the passphrase given"),
    "short rsa": (private_key_bytes(0, "rsa", 1024), None, "the rsa key has 1024 bits, and from 2048 to 16384 are taken"),
}


@pytest.mark.parametrize(("data", "passphrase", "problem"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_cannot_be_adopted_is_named_with_the_option_and_why(
    data: bytes, passphrase: str | None, problem: str, file: Path
) -> None:
    file.write_bytes(data)
    with pytest.raises(KeyPairError) as caught:
        public_half_of(str(file), passphrase)
    assert caught.value.code is ErrorCode.FILE_UNREADABLE
    assert f"Option 'adopt_private_key_file' names '{file}', which cannot be adopted: " in caught.value.message
    assert problem in caught.value.message
    assert "zqxjk" not in caught.value.message


@pytest.mark.parametrize(
    ("make", "problem"), [(Path.unlink, "No such file"), (lambda path: path.write_bytes(b"x" * 65537), "is larger than")]
)
def test_a_file_that_cannot_be_read_is_refused(make: Callable[[Path], object], problem: str, file: Path) -> None:
    make(file)
    with pytest.raises(KeyPairError, match=f"names '{file}', which cannot be read: .*{problem}") as caught:
        public_half_of(str(file), None)
    assert caught.value.code is ErrorCode.FILE_UNREADABLE


def test_a_file_in_a_directory_that_everyone_may_write_to_is_not_adopted(file: Path) -> None:
    file.write_bytes(private_key_bytes())
    file.parent.chmod(0o777)
    with pytest.raises(KeyPairError, match=f"names '{file}', whose directory is writable by everyone") as caught:
        public_half_of(str(file), None)
    assert caught.value.code is ErrorCode.FILE_UNSAFE


def test_what_cannot_be_told_without_a_python_library_is_not_laid_to_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_bytes(private_key_bytes(passphrase="zqxjk"))
    monkeypatch.setitem(sys.modules, "bcrypt", None)
    with pytest.raises(KeyPairError) as caught:
        public_half_of(str(file), "zqxjk")
    assert caught.value.code is ErrorCode.DEPENDENCY_MISSING
    assert str(file) not in caught.value.message
