# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._delivery.directories import Directories
from ansible_collections.keywright.ssh.plugins.module_utils._delivery.inspection import Inspector
from ansible_collections.keywright.ssh.plugins.module_utils._delivery.staged import staged_name, tag_of
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Delivery, KeyPair, Replacement
from ansible_collections.keywright.ssh.plugins.module_utils._model.seen import Seen
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils import builders
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import CONTROLLER, imported, key_pair, material
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.worlds import tree

IDENTITY = "file:/r"
AT = "20261124T045207.123456Z"


@contextlib.contextmanager
def _inspector(controller: str = CONTROLLER) -> Iterator[Inspector]:
    directories = Directories()
    with contextlib.closing(directories):
        yield Inspector(IDENTITY, controller, directories)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ops.pem"


@pytest.fixture
def record(file: Path) -> KeyPair:
    return key_pair(delivery=Delivery(CONTROLLER, str(file)))


def _write(data: bytes, mode: int = 0o600) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.write_bytes(data)
        path.chmod(mode)

    return make


def _link(path: Path) -> None:
    _write(builders.private_key_bytes())(path.with_name("other"))
    path.symlink_to("other")


OWN = builders.private_key_bytes()
FOUND: dict[str, tuple[Callable[[Path], object], str, str | None]] = {
    "own key": (_write(OWN), "present", None),
    "read-only": (_write(OWN, 0o400), "present", None),
    "drifted mode": (_write(OWN, 0o644), "present", "has mode 0644, expected 0600"),
    "group-readable": (_write(OWN, 0o640), "present", "has mode 0640, expected 0600"),
    "encrypted openssh": (_write(builders.private_key_bytes(passphrase="zqxjk")), "present", None),
    "nothing": (lambda path: None, "missing", "is missing"),
    "another key": (_write(builders.private_key_bytes(1)), "mismatched", f"is another key: {material(1).fingerprint}"),
    "empty": (_write(b""), "mismatched", "is not a private key"),
    "truncated": (_write(OWN[:-60]), "mismatched", "is damaged"),
    "public key": (_write(material().line("x").encode()), "mismatched", "is not a private key"),
    "too large": (_write(b"x" * 65537), "mismatched", "is larger than 65536 bytes"),
    "symlink to the key": (_link, "mismatched", "is a symbolic link"),
    "dangling symlink": (lambda path: path.symlink_to("nowhere"), "mismatched", "is a symbolic link"),
    "fifo": (os.mkfifo, "mismatched", "is a FIFO"),
    "directory": (lambda path: path.mkdir(), "mismatched", "is a directory"),
}


@pytest.mark.parametrize(("make", "status", "cause"), FOUND.values(), ids=FOUND.keys())
def test_a_private_key_file_is_compared_with_its_registration_and_not_touched(
    make: Callable[[Path], object], status: str, cause: str | None, file: Path, record: KeyPair
) -> None:
    make(file)
    before = tree(file.parent)
    for _second in range(2):
        with _inspector() as inspector:
            assert inspector.look(record, None) == Seen(status, cause)
    assert tree(file.parent) == before


@pytest.mark.parametrize("form", ["pkcs8", "pkcs1"])
@pytest.mark.parametrize(
    ("passphrase", "status", "cause"),
    [
        (None, "unverified", "is encrypted and the passphrase is not given"),
        ("wrong", "unverified", "does not open with the passphrase given"),
        ("zqxjk", "present", None),
    ],
)
def test_an_encrypted_file_that_hides_its_key_is_told_only_with_the_passphrase(
    form: str, passphrase: str | None, status: str, cause: str | None, file: Path, record: KeyPair
) -> None:
    ecdsa = material(0, "ecdsa", 256)
    _write(builders.private_key_bytes(0, "ecdsa", 256, form, "zqxjk"))(file)
    with _inspector() as inspector:
        assert inspector.look(record._replace(fingerprint=ecdsa.fingerprint), passphrase) == Seen(status, cause)


@pytest.mark.parametrize("found", ["nothing", "another key", "fifo", "truncated"])
def test_a_key_of_another_controller_is_elsewhere_whatever_is_in_its_place_here(found: str, file: Path, record: KeyPair) -> None:
    FOUND[found][0](file)
    with _inspector(builders.ELSEWHERE) as inspector:
        assert inspector.look(record, None) == Seen("elsewhere")


def test_a_key_of_another_controller_in_a_shared_home_is_present(file: Path, record: KeyPair) -> None:
    _write(OWN)(file)
    with _inspector(builders.ELSEWHERE) as inspector:
        assert inspector.look(record, None) == Seen("present")


@pytest.mark.parametrize("target", ["nothing", "another key", "own key"])
def test_a_staged_file_of_the_registered_key_is_pending(target: str, file: Path, record: KeyPair) -> None:
    FOUND[target][0](file)
    _write(OWN)(file.with_name(staged_name(tag_of(IDENTITY, "eu-1", "ops"), record.fingerprint)))
    with _inspector() as inspector:
        cause = "cannot be delivered, because another file has its name" if target == "another key" else None
        assert inspector.look(record, None) == Seen("pending", cause, unfinished=True)
        assert inspector.litter("eu-1", "ops", record, str(file.parent)) == []


def test_only_staged_files_of_this_key_pair_that_are_not_registered_are_litter(file: Path, record: KeyPair) -> None:
    own = tag_of(IDENTITY, "eu-1", "ops")
    left = staged_name(own, material(1).fingerprint)
    names = [
        left,
        staged_name(own, record.fingerprint),
        staged_name(tag_of(IDENTITY, "eu-2", "ops"), material(2).fingerprint),
        staged_name(tag_of(IDENTITY, "eu-1", "web"), material(2).fingerprint),
        staged_name(tag_of("file:/other", "eu-1", "ops"), material(2).fingerprint),
        ".keywright.lock",
    ]
    for name in names:
        file.with_name(name).touch()
    with _inspector() as inspector:
        assert inspector.litter("eu-1", "ops", record, str(file.parent)) == [left]
        assert inspector.litter("eu-1", "ops", None, str(file.parent)) == sorted(names[:2])
        assert inspector.litter("eu-1", "ops", imported(), str(file.parent)) == sorted(names[:2])
        assert inspector.litter("eu-1", "ops", record, str(file.parent / "nowhere")) == []


def test_an_imported_key_pair_has_no_file_here(file: Path) -> None:
    with _inspector() as inspector:
        assert inspector.look(imported(), None) == Seen("not_managed")


@pytest.mark.parametrize(
    ("old", "kept", "unfinished"),
    [
        ("replaced key", "nothing", True),
        ("another key", "nothing", False),
        ("nothing", "nothing", False),
        ("replaced key", "theirs", False),
    ],
)
def test_an_import_that_did_not_move_the_old_file_aside_yet_is_unfinished(old: str, kept: str, unfinished: bool, file: Path) -> None:
    record = imported(number=1, replaced=Replacement(material(0).fingerprint, AT, str(file)))
    contents = {"replaced key": OWN, "another key": builders.private_key_bytes(2), "theirs": b"theirs"}
    for path, content in ((file, old), (file.with_name(f"ops.pem.{AT}"), kept)):
        if content in contents:
            path.write_bytes(contents[content])
    with _inspector() as inspector:
        assert inspector.look(record, None).unfinished is unfinished


def test_a_file_that_is_being_moved_aside_and_has_both_names_is_unfinished(file: Path) -> None:
    record = imported(number=1, replaced=Replacement(material(0).fingerprint, AT, str(file)))
    _write(OWN)(file)
    os.link(file, file.with_name(f"ops.pem.{AT}"))
    with _inspector() as inspector:
        assert inspector.look(record, None) == Seen("not_managed", unfinished=True)


def test_a_key_pair_whose_old_file_elsewhere_was_not_moved_aside_yet_is_unfinished(file: Path) -> None:
    old = file.with_name("old.pem")
    record = key_pair(number=1, delivery=Delivery(CONTROLLER, str(file)), replaced=Replacement(material(0).fingerprint, AT, str(old)))
    _write(builders.private_key_bytes(1))(file)
    with _inspector() as inspector:
        assert inspector.look(record, None) == Seen("present")
    _write(OWN)(old)
    with _inspector() as inspector:
        assert inspector.look(record, None) == Seen("present", unfinished=True)


def test_the_old_key_in_the_place_of_the_new_one_is_another_key_and_nothing_that_a_run_left(file: Path) -> None:
    record = key_pair(number=1, delivery=Delivery(CONTROLLER, str(file)), replaced=Replacement(material(0).fingerprint, AT, str(file)))
    _write(OWN)(file)
    with _inspector() as inspector:
        assert inspector.look(record, None) == Seen("mismatched", f"is another key: {material(0).fingerprint}")


@pytest.mark.parametrize(("old", "cause"), [("ops.pem", None), ("old.pem", "cannot be delivered, because another file has its name")])
def test_the_replaced_key_is_in_the_way_of_a_staged_one_only_where_it_was_not_delivered_to(old: str, cause: str | None, file: Path) -> None:
    replaced = Replacement(material(0).fingerprint, AT, str(file.with_name(old)))
    record = key_pair(number=1, delivery=Delivery(CONTROLLER, str(file)), replaced=replaced)
    _write(OWN)(file)
    _write(builders.private_key_bytes(1))(file.with_name(staged_name(tag_of(IDENTITY, "eu-1", "ops"), record.fingerprint)))
    with _inspector() as inspector:
        assert inspector.look(record, None) == Seen("pending", cause, unfinished=True)


def test_a_staged_file_that_has_its_own_name_as_well_is_not_in_its_own_way_even_if_nobody_can_tell_what_it_holds(file: Path) -> None:
    record = key_pair(key_type="ecdsa", delivery=Delivery(CONTROLLER, str(file)))
    staged = file.with_name(staged_name(tag_of(IDENTITY, "eu-1", "ops"), record.fingerprint))
    _write(builders.private_key_bytes(0, "ecdsa", 256, "pkcs8", "zqxjk"))(staged)
    os.link(staged, file)
    with _inspector() as inspector:
        assert inspector.look(record, None) == Seen("pending", None, unfinished=True)


def test_what_cannot_be_read_is_not_taken_for_missing(file: Path, record: KeyPair, monkeypatch: pytest.MonkeyPatch) -> None:
    (file.parent / "loop").symlink_to("loop")
    with _inspector() as inspector:
        seen = inspector.look(record._replace(delivery=Delivery(CONTROLLER, str(file.parent / "loop" / "ops.pem"))), None)
    assert seen == Seen("unverified", f"cannot be read: {os.strerror(errno.ELOOP)}", unreadable=True)

    def broken(*_arguments: object) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    _write(OWN)(file)
    with monkeypatch.context() as patched, _inspector() as inspector:
        patched.setattr(os, "read", broken)
        seen = inspector.look(record, None)
    assert seen == Seen("unverified", "cannot be read: Input/output error", unreadable=True)


def test_a_directory_that_is_not_there_holds_no_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in ("nowhere", "file"):
        record = key_pair(delivery=Delivery(CONTROLLER, str(tmp_path / folder / "ops.pem")))
        with _inspector() as inspector:
            assert inspector.look(record, None) == Seen("missing", "is missing")
