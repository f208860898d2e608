# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide what to do so that a key pair is present: a pure function of the wish and of what is there."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import (
    GENERATED,
    IMPORTED,
    KNOWN_AFTER_APPLY,
    Delivery,
    KeyPair,
    Replacement,
)
from ansible_collections.keywright.ssh.plugins.module_utils._model.material import Material
from ansible_collections.keywright.ssh.plugins.module_utils._model.seen import (
    ELSEWHERE,
    MISMATCHED,
    MISSING,
    NOTHING_SEEN,
    PENDING,
    PRESENT,
    Seen,
)
from ansible_collections.keywright.ssh.plugins.module_utils._model.wish import FAIL, FULL_IDEMPOTENCE, IGNORE, REGENERATE, Wish
from ansible_collections.keywright.ssh.plugins.module_utils._planning.creation import material_to_make
from ansible_collections.keywright.ssh.plugins.module_utils._planning.step import ADOPT, CREATE, IMPORT, KEEP, UPDATE, Step
from ansible_collections.keywright.ssh.plugins.module_utils._rules.tags import check_tag_quota


def plan_present(wish: Wish, name: str, current: KeyPair | None, seen: Seen, controller: str) -> Step:
    """Return the step that makes a key pair what the task asks for, or raise why it must not be taken.

    Raises :class:`KeyPairError` with ``KeyPair.AlreadyExist``, ``PrivateKeyFile.Missing`` or ``.Mismatched``,
    ``InvalidParameter`` or ``QuotaExceed.Tags``.
    """
    if current is None:
        return _new(wish, name, None, NOTHING_SEEN, controller, ("no key pair of that name is registered",))
    differing = differences(wish, current)
    if differing and wish.regenerate == FAIL:
        raise _already_exists(name, current, differing)
    if differing and wish.regenerate == FULL_IDEMPOTENCE:
        return _new(wish, name, current, seen, controller, differing)
    adopts = not differing and _adopts(wish, current, seen)
    if seen.status == MISSING and wish.on_missing_private_key == REGENERATE and not adopts:
        return _new(wish, name, current, seen, controller, ("the private key file is missing",))
    if wish.on_missing_private_key == FAIL and not adopts:
        _refuse_missing(current, seen)
    after = _updated(
        wish, current, Delivery(controller, wish.adopted_file) if adopts and wish.adopted_file is not None else current.delivery
    )
    return Step(
        name,
        KEEP if after == current else UPDATE,
        current,
        after,
        seen,
        reasons=_updates(current, after),
        warnings=_adoption_warnings(wish, name) if adopts else _file_warnings(wish, current, seen),
    )


def differences(wish: Wish, current: KeyPair) -> tuple[str, ...]:
    """Return in which ways the registered material is not what the task asks for; what it leaves out is no difference."""
    if wish.material is not None:
        if wish.material.fingerprint == current.fingerprint:
            return ()
        option = "public_key" if wish.adopted_file is None else "adopt_private_key_file"
        return (f"the key of option '{option}' has fingerprint {wish.material.fingerprint}",)
    asked = (("type", wish.type, current.type), ("size", wish.size, current.size))
    return tuple(
        f"its {option} is {has}, and option '{option}' asks for {wants}" for option, wants, has in asked if wants not in (None, has)
    )


def _already_exists(name: str, current: KeyPair, differing: tuple[str, ...]) -> KeyPairError:
    return KeyPairError(
        ErrorCode.ALREADY_EXISTS,
        f"Key pair '{name}' is already registered in region '{current.region}' with fingerprint {current.fingerprint}, but "
        f"{' and '.join(differing)}; choose another 'name', or set 'regenerate' to 'never' to keep the registered one or to "
        "'full_idempotence' to replace it.",
    )


def _refuse_missing(current: KeyPair, seen: Seen) -> None:
    codes = {MISSING: ErrorCode.FILE_MISSING, MISMATCHED: ErrorCode.FILE_MISMATCHED}
    if seen.status in codes and current.delivery is not None:
        raise KeyPairError(
            codes[seen.status],
            f"The private key file '{current.delivery.file}' of key pair '{current.name}' {seen.cause}, and option "
            "'on_missing_private_key' is 'fail'; put the file back, or set the option to 'warn', 'ignore' or 'regenerate'.",
        )


def _new(wish: Wish, name: str, current: KeyPair | None, seen: Seen, controller: str, reasons: tuple[str, ...]) -> Step:
    """Plan new material; where a key pair is replaced, its tags and its comment stay unless the task says otherwise."""
    tags = _tags(wish, {} if current is None else current.tags)
    replaced = None if current is None else _replacement(current, seen)
    if wish.material is not None:
        delivery = None if wish.adopted_file is None else Delivery(controller, wish.adopted_file)
        after = _given(wish, name, wish.material, delivery, tags, replaced)
        action = IMPORT if delivery is None else ADOPT
        return Step(name, action, current, after, seen, reasons=reasons, warnings=_adoption_warnings(wish, name))
    key_type, size = material_to_make(wish, current)
    after = KeyPair(
        name,
        wish.region,
        KNOWN_AFTER_APPLY,
        key_type,
        size,
        KNOWN_AFTER_APPLY,
        KNOWN_AFTER_APPLY,
        _comment(wish, current, name),
        GENERATED,
        KNOWN_AFTER_APPLY,
        tags,
        Delivery(controller, _target(wish, name, current, seen)),
        replaced,
    )
    return Step(name, CREATE, current, after, seen, reasons=reasons)


def _given(
    wish: Wish, name: str, material: Material, delivery: Delivery | None, tags: Mapping[str, str], replaced: Replacement | None
) -> KeyPair:
    comment = wish.comment if wish.comment is not None else material.comment or name
    return KeyPair(
        name,
        wish.region,
        KNOWN_AFTER_APPLY,
        material.type,
        material.size,
        material.fingerprint,
        material.line(comment),
        comment,
        IMPORTED if delivery is None else GENERATED,
        KNOWN_AFTER_APPLY,
        tags,
        delivery,
        replaced,
    )


def _adopts(wish: Wish, current: KeyPair, seen: Seen) -> bool:
    """Tell whether an adopted file becomes the private key file of a key pair that is registered with that key already."""
    return wish.adopted_file is not None and (current.delivery is None or seen.status in (MISSING, MISMATCHED))


def _comment(wish: Wish, current: KeyPair | None, name: str) -> str:
    if wish.comment is not None:
        return wish.comment
    return name if current is None else current.comment


def _replacement(current: KeyPair, seen: Seen) -> Replacement:
    """Record what is replaced; only a file that is known to hold the replaced key will be moved aside."""
    holds_it = current.delivery is not None and seen.status in (PRESENT, PENDING)
    return Replacement(current.fingerprint, KNOWN_AFTER_APPLY, current.delivery.file if current.delivery is not None and holds_it else None)


def _target(wish: Wish, name: str, current: KeyPair | None, seen: Seen) -> str:
    """Return where a new private key goes: where the task says, else where the replaced one was on this controller."""
    stated = wish.stated_file(name)
    if stated is not None:
        return stated
    if current is not None and current.delivery is not None and seen.status != ELSEWHERE:
        return current.delivery.file
    if wish.default_directory:
        return wish.default_file(name)
    raise KeyPairError(
        ErrorCode.PATH_MALFORMED,
        "The home directory of the user who runs Ansible cannot hold private keys, since it is not an absolute path of printable "
        "characters; state 'private_key_dir' or 'private_key_file'.",
    )


def _updated(wish: Wish, current: KeyPair, delivery: Delivery | None) -> KeyPair:
    tags = _tags(wish, current.tags)
    creation_type = current.creation_type if delivery is None else GENERATED
    if wish.comment is None or wish.comment == current.comment:
        return current._replace(tags=tags, delivery=delivery, creation_type=creation_type)
    encoded = " ".join(current.public_key.split(" ", 2)[:2])
    line = f"{encoded} {wish.comment}" if wish.comment else encoded
    return current._replace(tags=tags, delivery=delivery, creation_type=creation_type, comment=wish.comment, public_key=line)


def _updates(current: KeyPair, after: KeyPair) -> tuple[str, ...]:
    compared = {"tags": "its tags differ", "comment": "its comment differs", "delivery": "its private key file is another"}
    return tuple(reason for name, reason in compared.items() if getattr(current, name) != getattr(after, name))


def _tags(wish: Wish, current: Mapping[str, str]) -> Mapping[str, str]:
    if wish.tags is None:
        return current
    tags = dict(wish.tags) if wish.purge_tags else {**current, **wish.tags}
    check_tag_quota(tags)
    return tags


def _adoption_warnings(wish: Wish, name: str) -> tuple[str, ...]:
    if wish.adopted_cause is None:
        return ()
    return (f"The private key file '{wish.adopted_file}' of key pair '{name}' {wish.adopted_cause}.",)


def _file_warnings(wish: Wish, current: KeyPair, seen: Seen) -> tuple[str, ...]:
    if current.delivery is None:
        return ()
    warnings = []
    if seen.cause is not None and (seen.status == PRESENT or wish.on_missing_private_key != IGNORE):
        warnings.append(f"The private key file '{current.delivery.file}' of key pair '{current.name}' {seen.cause}.")
    stated = wish.adopted_file or wish.stated_file(current.name)
    if stated not in (None, current.delivery.file):
        warnings.append(
            f"The private key of key pair '{current.name}' was delivered to '{current.delivery.file}', once and for all; "
            f"the stated location '{stated}' has no effect."
        )
    return tuple(warnings)
