# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What adopting a private key file plans, and which files a step is about."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import KNOWN_AFTER_APPLY, Delivery, KeyPair, Replacement
from ansible_collections.keywright.ssh.plugins.module_utils._model.seen import NOTHING_SEEN, Seen
from ansible_collections.keywright.ssh.plugins.module_utils._model.wish import ON_MISSING_CHOICES
from ansible_collections.keywright.ssh.plugins.module_utils._planning.present import plan_present
from ansible_collections.keywright.ssh.plugins.module_utils._planning.step import Step, files_of
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import CONTROLLER, imported, key_pair, material, wish
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.planning.sights import (
    ELSEWHERE,
    MISMATCHED,
    MISSING,
    PENDING,
    PRESENT,
    UNVERIFIED,
)

FOUND = "/found/key"
ADOPTED = Delivery(CONTROLLER, FOUND)


def _plan(current: KeyPair | None, seen: Seen = NOTHING_SEEN, number: int = 0, **options: Any) -> Step:
    return plan_present(wish(material=material(number), adopted_file=FOUND, **options), "ops", current, seen, CONTROLLER)


def test_an_adopted_file_is_the_private_key_file_of_a_new_key_pair() -> None:
    assert _plan(None, tags={"a": "b"}) == Step(
        "ops",
        "adopt",
        None,
        key_pair(tags={"a": "b"}, delivery=ADOPTED, id=KNOWN_AFTER_APPLY, created_at=KNOWN_AFTER_APPLY),
        reasons=("no key pair of that name is registered",),
    )


@pytest.mark.parametrize("on_missing", ON_MISSING_CHOICES)
@pytest.mark.parametrize(
    ("current", "seen"),
    [(imported(), NOTHING_SEEN), (key_pair(), MISSING), (key_pair(), MISMATCHED)],
    ids=["imported", "file missing", "file of another key"],
)
def test_the_registered_key_pair_gets_the_adopted_file_where_it_has_none_whatever_is_to_be_done_about_that(
    current: KeyPair, seen: Seen, on_missing: str
) -> None:
    step = _plan(current, seen, on_missing_private_key=on_missing)
    assert (step.action, step.after) == ("update", current._replace(delivery=ADOPTED, creation_type="generated"))
    assert step.reasons == ("its private key file is another",)
    assert step.warnings == ()
    assert _plan(step.after, PRESENT, on_missing_private_key=on_missing).action == "keep"


@pytest.mark.parametrize("seen", [PRESENT, PENDING, ELSEWHERE, UNVERIFIED], ids=lambda seen: seen.status)
def test_the_registered_key_pair_keeps_the_file_that_may_be_its_own_and_a_warning_says_so(seen: Seen) -> None:
    step = _plan(key_pair(), seen)
    assert (step.action, step.after) == ("keep", key_pair())
    assert step.warnings[-1] == (
        "The private key of key pair 'ops' was delivered to '/keys/ops.pem', once and for all; the stated location "
        f"'{FOUND}' has no effect."
    )


@pytest.mark.parametrize("current", [None, imported(), imported(number=1)], ids=["new", "of a registered key", "replacing"])
def test_what_is_wrong_with_an_adopted_file_is_a_warning(current: KeyPair | None) -> None:
    step = _plan(current, adopted_cause="has mode 0644, expected 0600", regenerate="full_idempotence")
    assert step.warnings == (f"The private key file '{FOUND}' of key pair 'ops' has mode 0644, expected 0600.",)


def test_an_adopted_file_of_another_key_is_refused_unless_it_is_to_replace() -> None:
    with pytest.raises(
        KeyPairError, match=rf"'adopt_private_key_file' has fingerprint {material(1).fingerprint}".replace("+", r"\+")
    ) as caught:
        _plan(key_pair(), PRESENT, number=1)
    assert caught.value.code is ErrorCode.ALREADY_EXISTS
    step = _plan(key_pair(), PRESENT, number=1, regenerate="full_idempotence")
    assert step.after is not None
    assert (step.action, step.after.fingerprint, step.after.delivery) == ("adopt", material(1).fingerprint, ADOPTED)
    assert step.after.replaced == Replacement(material(0).fingerprint, KNOWN_AFTER_APPLY, "/keys/ops.pem")


OLD = Replacement(material(2).fingerprint, "20260102T030405.000006Z", "/old/ops.pem")
OWN, OWN_OLD = key_pair(), key_pair(replaced=OLD)
ADOPTING = key_pair(number=1, delivery=ADOPTED)

FILES: dict[str, tuple[Step, tuple[str, ...]]] = {
    "kept": (Step("ops", "keep", OWN_OLD, OWN_OLD, PRESENT), ()),
    "kept and unfinished": (Step("ops", "keep", OWN_OLD, OWN_OLD, PENDING), ("/keys/ops.pem", "/old/ops.pem")),
    "updated": (Step("ops", "update", OWN, OWN_OLD, PRESENT), ()),
    "created": (Step("ops", "create", None, OWN), ("/keys/ops.pem",)),
    "created in place of another": (Step("ops", "create", OWN, OWN_OLD, PRESENT), ("/keys/ops.pem", "/old/ops.pem")),
    "imported": (Step("ops", "import", None, imported()), ()),
    "imported in place of another": (Step("ops", "import", OWN, imported(replaced=OLD), PRESENT), ("/old/ops.pem",)),
    "adopted": (Step("ops", "adopt", None, ADOPTING), ()),
    "adopted in place of another": (Step("ops", "adopt", OWN, ADOPTING._replace(replaced=OLD), PRESENT), ("/old/ops.pem",)),
    "adopted in place of an imported one": (Step("ops", "adopt", imported(), ADOPTING._replace(replaced=OLD._replace(file=None))), ()),
    "removed": (Step("ops", "remove", OWN, None, PRESENT), ()),
    "removed with its file": (Step("ops", "remove", OWN, None, PRESENT, removes_file=True), ("/keys/ops.pem",)),
    "not there": (Step("ops", "keep"), ()),
    "not there, whatever is said of it": (Step("ops", "keep", None, None, PENDING, removes_file=True), ()),
}


@pytest.mark.parametrize(("step", "files"), FILES.values(), ids=FILES)
def test_a_step_is_about_the_files_that_it_makes_moves_finishes_or_removes(step: Step, files: tuple[str, ...]) -> None:
    assert files_of(step) == files


def test_what_was_decided_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Step("ops", "keep").action = "remove"  # type: ignore[misc]
