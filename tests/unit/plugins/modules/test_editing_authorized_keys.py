# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of a binding that runs on the host, on real files."""

from __future__ import annotations

import fcntl
import os
import pwd
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.modules import ssh_keypair_binding as module
from ansible_collections.keywright.ssh.plugins.modules.ssh_keypair_binding import EditError, apply
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import material
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import tree
from ansible_collections.keywright.ssh.tests.unit.plugins.modules.accounts import (
    FOREIGN,
    OPS,
    TWO,
    Account,
    edit,
    mode_of,
    run,
    undo_of,
)

GIVEN = f"# by hand\n{FOREIGN}".encode()
REVOKE_OPS = [material(2).fingerprint]


def test_a_missing_folder_is_made_for_a_grant(account: Account) -> None:
    done = run(grant=OPS)
    assert (account.content, mode_of(account.folder), mode_of(account.file)) == (f"{OPS}\n".encode(), 0o700, 0o600)
    assert (done["changed"], done["added"], done["removed"], done["before"]) == (True, [OPS], [], None)
    assert account.left_over() == []


def test_nothing_is_made_to_revoke_from(account: Account) -> None:
    for check_mode in (True, False):
        assert not apply(edit(revoke=REVOKE_OPS), check_mode)["changed"]
        assert list(account.home.iterdir()) == []


def test_no_file_is_made_to_revoke_from(account: Account) -> None:
    account.put(None)
    for check_mode in (True, False):
        assert not apply(edit(revoke=REVOKE_OPS), check_mode)["changed"]
        assert account.content is None


@pytest.mark.parametrize("content", [None, b"", GIVEN, GIVEN + b"\n\xff\xfe\r\n"], ids=["no file", "empty", "lines", "other bytes"])
@pytest.mark.parametrize(
    "options", [{"grant": OPS}, {"grant": TWO, "revoke": REVOKE_OPS}, {"grant": OPS, "exclusive": True}], ids=["add", "replace", "alone"]
)
def test_a_look_predicts_the_edit_and_an_undo_takes_it_back(account: Account, content: bytes | None, options: dict[str, Any]) -> None:
    account.put(content)
    if content is not None and "revoke" in options:
        account.put(content + b"\n" + OPS.encode())
    before, original = tree(account.home), account.content
    predicted = apply(edit(**options), check_mode=True)
    assert tree(account.home) == before
    done = run(**options)
    assert done == predicted
    edited = tree(account.home)
    assert not run(**options)["changed"]
    assert tree(account.home) == edited
    assert apply(undo_of(done), check_mode=False)["changed"]
    assert account.content == original
    assert account.left_over() == []


def test_a_file_that_others_may_read_becomes_private(account: Account) -> None:
    account.put(f"{OPS}\n".encode(), mode=0o644, folder_mode=0o755)
    assert apply(edit(grant=OPS), check_mode=True)["changed"]
    assert run(grant=OPS)["changed"]
    assert (mode_of(account.folder), mode_of(account.file)) == (0o700, 0o600)
    assert not run(grant=OPS)["changed"]


def test_a_file_in_another_place_keeps_its_mode(account: Account) -> None:
    other = account.home / "keys"
    other.write_bytes(GIVEN)
    other.chmod(0o644)
    home = mode_of(account.home)
    assert run(grant=OPS, path="keys")["changed"]
    assert (other.read_bytes(), mode_of(other), mode_of(account.home)) == (GIVEN + f"\n{OPS}\n".encode(), 0o644, home)
    assert not account.folder.exists()


def _link(account: Account) -> None:
    account.put(None)
    (account.home / "target").write_bytes(GIVEN)
    account.file.symlink_to(account.home / "target")


def _dangling_link(account: Account) -> None:
    account.put(None)
    account.file.symlink_to(account.home / "nothing")


def _linked_folder(account: Account) -> None:
    account.put(GIVEN)
    account.folder.rename(account.home / "real")
    account.folder.symlink_to("real")


def _fifo(account: Account) -> None:
    account.put(None)
    os.mkfifo(account.file)


def _folder(account: Account) -> None:
    account.put(None)
    account.file.mkdir()


def _folder_that_is_a_file(account: Account) -> None:
    account.folder.write_bytes(GIVEN)


def _open_folder(account: Account) -> None:
    account.put(GIVEN, folder_mode=0o777)


def _large(account: Account) -> None:
    account.put(b"#" * (module.MAX_BYTES + 1))


def _somebody_elses_file(account: Account) -> None:
    account.put(GIVEN)
    os.chown(account.file, 61999, 61999)


def _somebody_elses_folder(account: Account) -> None:
    account.put(GIVEN)
    os.chown(account.folder, 61999, 61999)


REFUSED: dict[str, tuple[Callable[[Account], None], str]] = {
    "link": (_link, "it is a symbolic link"),
    "dangling link": (_dangling_link, "it is a symbolic link"),
    "linked folder": (_linked_folder, "it is a symbolic link"),
    "named pipe": (_fifo, "not a regular file"),
    "folder": (_folder, "irectory"),
    "folder that is a file": (_folder_that_is_a_file, "Not a directory"),
    "folder that all may write": (_open_folder, "could be changed by others"),
    "too large": (_large, "larger than"),
    "somebody else's file": (_somebody_elses_file, "not a regular file of the account"),
    "somebody else's folder": (_somebody_elses_folder, "could be changed by others"),
}


@pytest.mark.parametrize(("make", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_the_accounts_own_file_is_left_alone(account: Account, make: Callable[[Account], None], says: str) -> None:
    if "somebody" in make.__name__ and os.geteuid() != 0:
        pytest.skip("only root can give files away")
    make(account)
    before = tree(account.home)
    for options in ({"grant": OPS}, {"revoke": REVOKE_OPS}):
        with pytest.raises(EditError, match=says) as refusal:
            run(**options)
        assert refusal.value.code in ("Binding.Unsafe", "Binding.Unwritable")
    assert tree(account.home) == before


def test_a_file_of_roots_that_the_account_may_not_read_is_not_given_to_it(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root has such files")
    entry = account.entry("deploy")
    monkeypatch.setattr(pwd, "getpwnam", lambda _name: type(entry)((*entry[:2], 61999, 61999, *entry[4:])))
    for mode, twin in ((0o600, False), (0o640, False), (0o644, True)):
        account.put(b"root:secret\n", mode)
        os.chown(account.home, 61999, 61999)
        os.chown(account.folder, 61999, 61999)
        if twin:
            os.link(account.file, account.home.parent / "twin")
        before = tree(account.home)
        with pytest.raises(EditError, match="not a regular file of the account") as refusal:
            run(grant=OPS)
        assert refusal.value.code == "Binding.Unsafe"
        assert tree(account.home) == before


def test_a_lock_that_the_account_holds_is_not_waited_for_without_end(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    account.put(GIVEN)
    monkeypatch.setattr(module, "LOCK_SECONDS", 1)
    holder = os.open(account.folder, os.O_RDONLY)
    try:
        fcntl.flock(holder, fcntl.LOCK_SH)
        with pytest.raises(EditError, match="locked by another process") as refusal:
            run(grant=OPS)
    finally:
        os.close(holder)
    assert (refusal.value.code, account.content) == ("Binding.Unwritable", GIVEN)
    assert run(grant=OPS)["changed"]


def test_a_file_of_another_group_is_not_written_again_and_again(account: Account) -> None:
    account.put(GIVEN)
    assert run(grant=OPS)["changed"]
    if os.geteuid() == 0:
        os.chown(account.file, -1, 61999)
    assert not run(grant=OPS)["changed"]


def test_who_has_nothing_to_take_away_leaves_modes_alone(account: Account) -> None:
    account.put(GIVEN, 0o644, 0o755)
    before = tree(account.home)
    assert not run(revoke=REVOKE_OPS)["changed"]
    assert tree(account.home) == before


def test_an_account_that_there_is_not_is_refused(account: Account) -> None:
    with pytest.raises(EditError, match="no account 'nobody'") as refusal:
        run(user="nobody", grant=OPS)
    assert refusal.value.code == "Binding.AccountNotFound"


def test_a_folder_of_roots_is_not_edited_where_the_account_led_it(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can be led")
    entry = account.entry("deploy")
    monkeypatch.setattr(pwd, "getpwnam", lambda _name: type(entry)((*entry[:2], 61999, 61999, *entry[4:])))
    os.chown(account.home, 61999, 61999)
    roots = account.home.parent / "roots"
    roots.mkdir(mode=0o700)
    (account.home / "way").symlink_to(roots)
    for path in ("way/keys", "way/../roots/keys"):
        with pytest.raises(EditError) as refusal:
            run(grant=OPS, path=path)
        assert refusal.value.code == "Binding.Unsafe"
    assert list(roots.iterdir()) == []
    assert run(grant=OPS, path=str(roots / "keys"))["changed"]  # where only root says what it is


def test_an_undo_after_somebody_elses_edit_takes_back_only_its_own(account: Account) -> None:
    account.put(GIVEN + b" \xff\n" + f"{TWO}\n".encode())
    done = run(grant=OPS, exclusive=True)
    assert account.content == f"# by hand\n{OPS}\n".encode()
    account.file.write_bytes((account.content or b"") + b"# somebody else")
    assert apply(undo_of(done), check_mode=False)["changed"]
    assert account.content == f"# by hand\n# somebody else\n{FOREIGN}".encode() + b" \xff\n" + f"{TWO}\n".encode()


def test_of_edits_at_the_same_time_none_is_lost(account: Account) -> None:
    lines = [material(number).line(str(number)) for number in range(10, 34)]
    threads = [threading.Thread(target=run, kwargs={"grant": line}) for line in lines]
    account.put(GIVEN)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((account.content or b"").decode().splitlines()) == sorted([*GIVEN.decode().splitlines(), *lines])
    assert account.left_over() == []


def test_the_link_count_of_another_name_is_not_followed(account: Account, tmp_path: Path) -> None:
    account.put(GIVEN)
    twin = tmp_path / "twin"
    os.link(account.file, twin)
    run(grant=OPS)
    assert twin.read_bytes() == GIVEN
