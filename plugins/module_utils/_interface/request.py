# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse the parameters of a task, once, into a wish; nothing below sees a parameter again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from ansible_collections.keywright.ssh.plugins.module_utils._delivery.adoption import public_half_of
from ansible_collections.keywright.ssh.plugins.module_utils._keys.public_key import parse_public_key
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_types import OPENSSH
from ansible_collections.keywright.ssh.plugins.module_utils._model.material import Material
from ansible_collections.keywright.ssh.plugins.module_utils._model.wish import Wish
from ansible_collections.keywright.ssh.plugins.module_utils._planning.creation import check_format, check_size
from ansible_collections.keywright.ssh.plugins.module_utils._registry.urls import is_url, problem_of
from ansible_collections.keywright.ssh.plugins.module_utils._rules.comments import check_comment
from ansible_collections.keywright.ssh.plugins.module_utils._rules.names import check_name, check_region
from ansible_collections.keywright.ssh.plugins.module_utils._rules.passphrases import check_passphrase
from ansible_collections.keywright.ssh.plugins.module_utils._rules.paths import check_file_name, check_path, path_problem
from ansible_collections.keywright.ssh.plugins.module_utils._rules.tags import check_tags
from ansible_collections.keywright.ssh.plugins.module_utils._rules.text import shown

MAX_LOCK_TIMEOUT = 24 * 60 * 60
DEFAULT_PRIVATE_KEY_DIR = "~/.ssh/keywright"

Resolve = Callable[[str], str]


class Request(NamedTuple):
    """A parsed task: the wish, and the registry (an absolute path or a URL) that it is for."""

    wish: Wish
    registry: str


def parse_ssh_keypair(parameters: Mapping[str, Any], resolve: Resolve) -> Request:
    """Return the request of a ``ssh_keypair`` task, or raise the first rule that it breaks.

    ``parameters`` were validated against the argument spec; ``resolve`` makes a relative path absolute.
    """
    region = parameters["region"]
    check_region(region)
    names = tuple(dict.fromkeys(parse_names(parameters["name"])))
    _check_one_name(names, parameters)
    _check_creation(parameters)
    tags, adopted_file = parameters["tags"], _path("adopt_private_key_file", parameters, resolve)
    material, adopted_cause = _material(parameters["public_key"], adopted_file, parameters["passphrase"])
    wish = Wish(
        region=region,
        names=names,
        present=parameters["state"] == "present",
        type=parameters["type"],
        size=parameters["size"],
        material=material,
        adopted_file=adopted_file,
        adopted_cause=adopted_cause,
        comment=parameters["comment"],
        passphrase=parameters["passphrase"],
        private_key_format=parameters["private_key_format"],
        private_key_dir=_path("private_key_dir", parameters, resolve),
        private_key_file=_path("private_key_file", parameters, resolve),
        default_directory=_home_directory(region),
        tags=None if tags is None else check_tags(tags),
        purge_tags=parameters["purge_tags"],
        regenerate=parameters["regenerate"],
        remove_private_key=parameters["remove_private_key"],
        on_missing_private_key=parameters["on_missing_private_key"],
        lock_timeout=parse_lock_timeout(parameters["lock_timeout"]),
    )
    if wish.private_key_file is not None:
        check_file_name("private_key_file", wish.private_key_file)
    return Request(wish, parse_registry(parameters, resolve))


def parse_names(names: Iterable[Any]) -> list[str]:
    """Return the names of key pairs, or raise the rule that the first bad one breaks."""
    checked = [name if isinstance(name, str) else "" if name is None else str(name) for name in names]  # "None" would be a name
    for name in checked:
        check_name(name)
    return checked


def parse_regions(regions: Iterable[Any]) -> list[str]:
    """Return regions as texts, or raise the rule that the first bad one breaks."""
    checked = [region if isinstance(region, str) else str(region) for region in regions]
    for region in checked:
        check_region(region)
    return checked


def parse_registry(parameters: Mapping[str, Any], resolve: Resolve, option: str = "registry") -> str:
    """Return the registry that an option names, as an absolute path or a URL."""
    registry = parameters[option]
    if not isinstance(registry, str):  # modules have converted it; it may hold a password, so it is not shown
        raise KeyPairError(ErrorCode.PARAMETER_INVALID, f"Option '{option}' must be a path or a URL, and this is no text.")
    problem = problem_of(registry)
    if problem is not None:
        raise KeyPairError(ErrorCode.REGISTRY_URL, f"Option '{option}' {problem}.")
    return registry if is_url(registry) else _resolved(option, registry, resolve)


def _check_one_name(names: tuple[str, ...], parameters: Mapping[str, Any]) -> None:
    for option in ("public_key", "private_key_file", "adopt_private_key_file"):
        if parameters[option] is not None and len(names) != 1:
            raise KeyPairError(
                ErrorCode.PARAMETER_CONFLICT, f"Option '{option}' is for one key pair, but option 'name' lists {len(names)}."
            )


def _check_creation(parameters: Mapping[str, Any]) -> None:
    if parameters["comment"] is not None:
        check_comment(parameters["comment"])
    if parameters["passphrase"] is not None:
        check_passphrase(parameters["passphrase"])
    if parameters["type"] is not None:
        if parameters["size"] is not None:
            check_size(parameters["type"], parameters["size"])
        check_format(parameters["type"], parameters["private_key_format"] or OPENSSH)


def _material(public_key: str | None, adopted_file: str | None, passphrase: str | None) -> tuple[Material | None, str | None]:
    """Return the public key that a task brings along, and what is wrong with the file that it adopts."""
    cause = None
    if adopted_file is not None:
        parsed, cause = public_half_of(adopted_file, passphrase)
    elif public_key is not None:
        parsed = parse_public_key(public_key)
    else:
        return None, None
    return Material(parsed.type, parsed.size, parsed.fingerprint, parsed.line(""), parsed.comment), cause


def parse_lock_timeout(seconds: int) -> int:
    """Return how many seconds to wait for a lock."""
    if not 0 <= seconds <= MAX_LOCK_TIMEOUT:
        raise KeyPairError(
            ErrorCode.PARAMETER_INVALID, f"Option 'lock_timeout' must be 0 to {MAX_LOCK_TIMEOUT} seconds, got {shown(seconds)}."
        )
    return seconds


def _home_directory(region: str) -> str:
    path = os.path.normpath(os.path.join(os.path.expanduser(DEFAULT_PRIVATE_KEY_DIR), region))
    return path if os.path.isabs(path) and path_problem(path) is None else ""


def _path(option: str, parameters: Mapping[str, Any], resolve: Resolve) -> str | None:
    return None if parameters[option] is None else _resolved(option, parameters[option], resolve)


def _resolved(option: str, path: str, resolve: Resolve) -> str:
    check_path(option, path)
    if option == "private_key_file":  # before "x/." and "x/.." become other names
        check_file_name(option, path)
    resolved = os.path.normpath("/" + resolve(path).lstrip("/"))
    check_path(option, resolved)
    return resolved
