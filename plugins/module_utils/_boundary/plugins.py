# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each plugin does, from a task's arguments to its result; module and action differ only in where they come from."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ansible.module_utils.common.parameters import env_fallback
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.progress import Progress
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.secrets import forbid_core_dumps, mask
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.validation import plain, validated
from ansible_collections.keywright.ssh.plugins.module_utils._interface import argument_spec
from ansible_collections.keywright.ssh.plugins.module_utils._interface.request import (
    Resolve,
    parse_names,
    parse_registry,
    parse_ssh_keypair,
    parse_ssh_keypair_info,
)
from ansible_collections.keywright.ssh.plugins.module_utils._interface.results import bound_account, listing_result, outcome_result
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.backends import DEFAULT_PATIENCE, open_store
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Store
from ansible_collections.keywright.ssh.plugins.module_utils._registry.urls import secrets_of
from ansible_collections.keywright.ssh.plugins.module_utils._rules.names import check_region
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment
from ansible_collections.keywright.ssh.plugins.module_utils._service.listing import list_bindings, list_key_pairs, public_keys
from ansible_collections.keywright.ssh.plugins.module_utils._service.run import fulfil

SSH_KEYPAIR = argument_spec.ssh_keypair(env_fallback)
SSH_KEYPAIR_INFO = argument_spec.ssh_keypair_info(env_fallback)


def _tell_nobody(_text: str) -> None:
    pass


class Call(NamedTuple):
    """How a task was called: ``resolve`` makes a path absolute; ``diff`` asks for the difference that the run makes.

    ``tell`` shows a line to the person who waits.
    """

    resolve: Resolve
    check_mode: bool
    diff: bool
    tell: Callable[[str], object] = _tell_nobody


def ssh_keypair(arguments: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """Run a ``ssh_keypair`` task and return its result; raises :class:`KeyPairError`."""
    forbid_core_dumps()
    parameters, warnings = validated(SSH_KEYPAIR, arguments)
    if parameters["passphrase"]:
        mask(parameters["passphrase"])
    request = parse_ssh_keypair(parameters, call.resolve)
    with opened(request.registry, request.wish.lock_timeout) as store:
        outcome = fulfil(request.wish, Environment(store, on_secret=mask, on_progress=Progress(call.tell)), call.check_mode)
    result = outcome_result(request.wish, outcome, call.diff)
    return with_warnings(result, warnings)


def ssh_keypair_info(arguments: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """Run a ``ssh_keypair_info`` task and return its result; raises :class:`KeyPairError`."""
    parameters, warnings = validated(SSH_KEYPAIR_INFO, arguments)
    question = parse_ssh_keypair_info(parameters, call.resolve)
    with opened(question.registry) as store:
        listing = list_key_pairs(question.selection, question.regions, Environment(store))
    return with_warnings(listing_result(listing, parameters["include_public_key"]), warnings)


def ssh_public_keys(names: Iterable[Any], parameters: Mapping[str, Any], resolve: Resolve, *default: Any) -> dict[str, Any]:
    """Return the public keys of key pairs as ``public_keys``; raises :class:`KeyPairError`."""
    options = plain(parameters)
    checked = parse_names(plain(names))
    check_region(options["region"])
    with opened(parse_registry(options, resolve)) as store:
        return {"public_keys": public_keys(options["region"], checked, store, default)}


def bound_accounts(parameters: Mapping[str, Any], resolve: Resolve) -> dict[str, Any]:
    """Return all bindings as ``bindings``, a list of records in plain values; raises :class:`KeyPairError`."""
    options = plain(parameters)
    regions = options["region"] or []
    for region in regions:
        check_region(region)
    with opened(parse_registry(options, resolve)) as store:
        found = list_bindings(regions, Environment(store))
    return {"bindings": [{"region": region, **bound_account(binding, private_key_file)} for region, binding, private_key_file in found]}


@contextlib.contextmanager
def opened(registry: str, patience: float = DEFAULT_PATIENCE, option: str = "registry") -> Iterator[Store]:
    """Give the store of a registry, which an option names, for the block; a password in its URL is masked."""
    for secret in secrets_of(registry):
        mask(secret)
    with contextlib.closing(_opened(registry, patience, option)) as store:
        yield store


def _opened(registry: str, patience: float, option: str) -> Store:
    try:
        return open_store(registry, patience)
    except KeyPairError as error:  # stores know of the option that nearly all plugins have
        code, message = error.code, error.message.replace("Option 'registry'", f"Option '{option}'", 1)
    raise KeyPairError(code, message)


def with_warnings(result: dict[str, Any], warnings: list[str]) -> dict[str, Any]:
    """Return a result with Ansible's own warnings about the arguments in front of ours."""
    return {**result, "warnings": warnings + result.get("warnings", [])} if warnings else result
