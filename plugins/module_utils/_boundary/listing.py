# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the plugins do that only read: ``ssh_keypair_info``, the lookup and the inventory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.module_utils.common.parameters import env_fallback
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.call import Call, opened, with_warnings
from ansible_collections.keywright.ssh.plugins.module_utils._boundary.validation import plain, validated
from ansible_collections.keywright.ssh.plugins.module_utils._interface import argument_spec
from ansible_collections.keywright.ssh.plugins.module_utils._interface.listing import listing_result
from ansible_collections.keywright.ssh.plugins.module_utils._interface.question import parse_ssh_keypair_info
from ansible_collections.keywright.ssh.plugins.module_utils._interface.request import Resolve, parse_names, parse_regions, parse_registry
from ansible_collections.keywright.ssh.plugins.module_utils._interface.results import bound_account
from ansible_collections.keywright.ssh.plugins.module_utils._service.environment import Environment
from ansible_collections.keywright.ssh.plugins.module_utils._service.listing import list_bindings, list_key_pairs, public_keys

SSH_KEYPAIR_INFO = argument_spec.ssh_keypair_info(env_fallback)


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
    region = parse_regions([options["region"]])[0]
    with opened(parse_registry(options, resolve)) as store:
        return {"public_keys": public_keys(region, checked, store, default)}


def bound_accounts(parameters: Mapping[str, Any], resolve: Resolve) -> dict[str, Any]:
    """Return all bindings as ``bindings``, a list of records in plain values; raises :class:`KeyPairError`."""
    options = plain(parameters)
    regions = parse_regions(options["region"] or [])
    with opened(parse_registry(options, resolve)) as store:
        found = list_bindings(regions, Environment(store))
    return {"bindings": [{"region": region, **bound_account(binding, private_key_file)} for region, binding, private_key_file in found]}
