# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
from typing import Any, NoReturn

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.failures import guarded
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.faults import Alarm, raising

SECRET = "-----BEGIN OPENSSH PRIVATE KEY----- Q0FOQVJZ"


def test_a_result_is_returned_as_it_is() -> None:
    assert guarded(lambda: {"changed": True}) == {"changed": True}


def test_an_explained_error_is_a_failed_result_with_its_code() -> None:
    result = guarded(raising(lambda: KeyPairError(ErrorCode.FILE_EXISTS, "It exists.")))
    assert result == {"failed": True, "changed": False, "msg": "It exists.", "error_code": "PrivateKeyFile.Exists"}


UNEXPECTED: dict[str, tuple[Exception, str]] = {
    "value": (ValueError(SECRET), "ValueError"),
    "key": (KeyError(SECRET), "KeyError"),
    "system": (OSError(errno.ENXIO, SECRET, SECRET), f"OSError (errno {errno.ENXIO})"),
    "unicode": (UnicodeEncodeError("utf-8", SECRET, 0, 1, SECRET), "UnicodeEncodeError"),
    "assertion": (AssertionError(SECRET), "AssertionError"),
    "recursion": (RecursionError(SECRET), "RecursionError"),
    "memory": (MemoryError(SECRET), "MemoryError"),
}


@pytest.mark.parametrize(("error", "shown"), UNEXPECTED.values(), ids=UNEXPECTED.keys())
def test_of_an_unexpected_error_only_type_and_place_are_told(error: Exception, shown: str) -> None:
    result = guarded(raising(lambda: error))
    assert (result["failed"], result["changed"], result["error_code"]) == (True, False, "InternalError")
    assert shown in result["msg"]
    assert "in faults.py line " in result["msg"]
    assert "Q0FOQVJZ" not in repr(result)


def test_no_error_is_being_handled_any_more_when_the_result_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    result = guarded(raising(lambda: ValueError(SECRET)))
    with pytest.raises(RuntimeError) as caught:
        _fail(result)
    assert caught.value.__context__ is None


def _fail(result: dict[str, Any]) -> NoReturn:
    raise RuntimeError(result["msg"])


@pytest.mark.parametrize("error", [Alarm(), KeyboardInterrupt(), SystemExit(1)], ids=lambda error: type(error).__name__)
def test_what_is_no_error_passes(error: BaseException) -> None:
    with pytest.raises(type(error)):
        guarded(raising(lambda: error))


def test_every_code_is_told_apart_and_explained() -> None:
    assert len({code.value for code in ErrorCode}) == len(list(ErrorCode))
    for code in ErrorCode:
        assert code.value.replace(".", "").isalnum()
        assert code.when.endswith(".")
