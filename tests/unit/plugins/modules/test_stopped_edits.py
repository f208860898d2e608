# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Edits of authorized_keys that are stopped at any of their steps: the file is old or new, and never between."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.modules.ssh_keypair_binding import EditError, apply
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import material
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.faults import KILLED, Fault, fork, killed_at, raising
from ansible_collections.keywright.ssh.tests.unit.plugins.modules.accounts import OPS, TWO, Account, edit, mode_of, run, undo_of

GIVEN = f"# by hand \u00fc\n{OPS}".encode()
EDITED = f"# by hand \u00fc\n{TWO}\n".encode()
REPLACE = {"grant": TWO, "revoke": [material(2).fingerprint]}
NOTHING_HAPPENED = {"Binding.Unwritable", "Binding.Unsafe", "Binding.AccountNotFound"}


def _file(account: Account) -> Callable[[], Any]:
    account.put(GIVEN)
    return lambda: run(**REPLACE)


def _loose_file(account: Account) -> Callable[[], Any]:
    account.put(GIVEN, 0o644, 0o755)
    return lambda: run(**REPLACE)


def _left_over(account: Account) -> Callable[[], Any]:
    account.put(GIVEN)
    (account.folder / ".authorized_keys.keywright").write_bytes(b"half a li")
    return lambda: run(**REPLACE)


def _no_file(account: Account) -> Callable[[], Any]:
    account.put(None)
    return lambda: run(grant=TWO)


def _no_folder(account: Account) -> Callable[[], Any]:
    return lambda: run(grant=TWO)


def _revocation(account: Account) -> Callable[[], Any]:
    account.put(EDITED)
    return lambda: run(revoke=[material(3).fingerprint])


def _undo(account: Account) -> Callable[[], Any]:
    account.put(GIVEN)
    done = run(**REPLACE)
    return lambda: apply(undo_of(done), check_mode=False)


def _undo_of_all(account: Account) -> Callable[[], Any]:
    account.put(None)
    done = run(grant=TWO)
    return lambda: apply(undo_of(done), check_mode=False)


SITUATIONS: dict[str, tuple[Callable[[Account], Callable[[], Any]], bytes | None, bytes | None]] = {
    "a file": (_file, GIVEN, EDITED),
    "a file that others may read": (_loose_file, GIVEN, EDITED),
    "what a killed run left": (_left_over, GIVEN, EDITED),
    "no file": (_no_file, None, f"{TWO}\n".encode()),
    "no folder": (_no_folder, None, f"{TWO}\n".encode()),
    "a revocation": (_revocation, EDITED, "# by hand \u00fc\n".encode()),
    "an undo": (_undo, EDITED, GIVEN),
    "an undo that leaves no file": (_undo_of_all, f"{TWO}\n".encode(), None),
}
cases = pytest.mark.parametrize(("situation", "old", "new"), SITUATIONS.values(), ids=SITUATIONS)
Situation = Callable[[Account], Callable[[], Any]]


def _fresh(account: Account, situation: Situation) -> Callable[[], Any]:
    for path in account.folder.iterdir() if account.folder.exists() else ():
        path.unlink()
    if account.folder.exists():
        account.folder.rmdir()
    return situation(account)


@cases
def test_a_run_that_is_killed_before_any_step_leaves_the_file_old_or_new(
    account: Account, situation: Situation, old: bytes | None, new: bytes | None
) -> None:
    number, seen = 1, set()
    while killed_at(number, _fresh(account, situation)):
        assert account.content in (old, new)
        assert account.content is None or mode_of(account.file) == (0o600 if account.content == new else mode_of(account.file))
        seen.add(account.content == new)
        _fresh(account, situation)() if "undo" in situation.__name__ else situation(account)()
        assert (account.content, account.left_over()) == (new, [])
        number += 1
    assert number > 3
    assert False in seen


def test_a_run_that_is_killed_in_the_middle_of_the_writing_leaves_the_old_file(account: Account) -> None:
    run_it = _file(account)
    child = fork()
    if child == 0:
        original = os.fdopen

        class Half:
            def __init__(self, file: Any) -> None:
                self.file = file

            def __enter__(self) -> Any:
                return self

            def __exit__(self, *_: object) -> None:
                self.file.close()

            def read(self, size: int) -> Any:
                return self.file.read(size)

            def write(self, content: bytes) -> None:
                self.file.write(content[: len(content) // 2])
                self.file.flush()
                os._exit(KILLED)

        os.fdopen = lambda *arguments: Half(original(*arguments))  # type: ignore[assignment]
        try:
            run_it()
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED
    assert account.content == GIVEN
    assert account.left_over() == [".authorized_keys.keywright"]
    assert mode_of(account.folder / ".authorized_keys.keywright") == 0o600
    run(**REPLACE)
    assert (account.content, account.left_over()) == (EDITED, [])


@cases
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EPERM], ids=errno.errorcode.get)
def test_a_step_that_fails_leaves_the_file_old_or_says_that_it_is_not_known(
    account: Account, situation: Situation, old: bytes | None, new: bytes | None, number: int
) -> None:
    at = 0
    while True:
        at += 1
        fault = Fault(at, raising(lambda: OSError(number, os.strerror(number))))
        task = _fresh(account, situation)
        try:
            with fault.installed():
                task()
        except EditError as error:
            assert os.strerror(number) in str(error)
            assert account.content == old or (account.content == new and error.code not in NOTHING_HAPPENED), (fault.hit, error.code)
            assert account.left_over() in ([], [".authorized_keys.keywright"])
            continue
        assert account.content == new
        if fault.hit is None:
            break


def _left_at_flush(monkeypatch: pytest.MonkeyPatch, number: int, act: Callable[[], object]) -> None:
    """Act, and stop before the flush of that number."""
    flush, flushes = os.fsync, iter(range(1, number))

    def stopped(descriptor: int) -> None:
        if next(flushes, None) is None:
            raise SystemExit
        flush(descriptor)

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(os, "fsync", stopped)
        act()


def _flushed(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> list[str]:
    """Act, and return the paths that were flushed meanwhile."""
    flush, paths = os.fsync, []

    def noting(descriptor: int) -> None:
        paths.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        flush(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", noting)
        act()
    return paths


def test_what_a_run_was_stopped_before_it_flushed_is_flushed_by_the_next(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    file, folder, home = f"{account.folder}/.authorized_keys.keywright", str(account.folder), str(account.home)
    assert _flushed(monkeypatch, lambda: run(grant=TWO)) == [home, file, folder]
    for number, expected in enumerate(([home, file, folder], [home, file, folder], [folder]), 1):
        _fresh(account, _no_folder)
        _left_at_flush(monkeypatch, number, lambda: run(grant=TWO))
        assert _flushed(monkeypatch, lambda: run(grant=TWO)) == expected
        assert account.content == f"{TWO}\n".encode()
    assert _flushed(monkeypatch, lambda: apply(edit(grant=TWO, only_look=True), check_mode=False)) == [folder]
    for looks in (edit(grant=TWO), edit(grant=TWO, only_look=True), edit(revoke=[material(3).fingerprint])):
        assert _flushed(monkeypatch, lambda looks=looks: apply(looks, check_mode=True)) == []  # type: ignore[misc]
    assert _flushed(monkeypatch, lambda: apply(edit(revoke=[material(3).fingerprint], only_look=True), check_mode=False)) == []
    assert account.content == f"{TWO}\n".encode()


@cases
def test_a_file_system_that_lies_of_a_name_is_not_believed(
    account: Account, situation: Situation, old: bytes | None, new: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = _fresh(account, situation)
    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink" if new is None else "rename", lambda *_names, **_folders: None)
        with pytest.raises(EditError, match="and it is not what was written") as caught:
            task()
    assert caught.value.code not in NOTHING_HAPPENED
    assert (account.content, account.left_over()) == (old, [])
    task()
    assert (account.content, account.left_over()) == (new, [])


@cases
def test_a_name_that_cannot_be_looked_at_is_not_known(
    account: Account, situation: Situation, old: bytes | None, new: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = _fresh(account, situation)
    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", raising(lambda: OSError(errno.EIO, os.strerror(errno.EIO))))
        with pytest.raises(EditError, match="cannot be looked at: Input/output error") as caught:
            task()
    assert caught.value.code not in NOTHING_HAPPENED
    assert (account.content, account.left_over()) == (new, [])
