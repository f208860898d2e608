# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one argument spec per plugin, which module and action share; the doc fragments say the same in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import GENERATED, IMPORTED
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_types import CREATABLE_TYPES, KEY_TYPES, PRIVATE_KEY_FORMATS
from ansible_collections.keywright.ssh.plugins.module_utils._model.seen import LISTED_STATUSES
from ansible_collections.keywright.ssh.plugins.module_utils._model.wish import FAIL, ON_MISSING_CHOICES, REGENERATE_CHOICES, WARN

DEFAULT_REGISTRY = "~/.ansible/keywright/registry"
DEFAULT_LOCK_TIMEOUT = 60
REGISTRY_VARIABLE = "KEYWRIGHT_REGISTRY"


class ArgumentSpec(NamedTuple):
    """An argument spec in Ansible's form, with the groups of options that exclude each other."""

    options: dict[str, dict[str, Any]]
    mutually_exclusive: Sequence[tuple[str, str]] = ()


def registry_options(from_environment: Callable[..., str]) -> dict[str, dict[str, Any]]:
    """Return the options that say where key pairs are registered; every plugin has them."""
    return {
        "region": {"type": "str", "required": True, "fallback": (from_environment, ["KEYWRIGHT_REGION"])},
        "registry": {"type": "path", "default": DEFAULT_REGISTRY, "fallback": (from_environment, [REGISTRY_VARIABLE])},
    }


def ssh_keypair_info(from_environment: Callable[..., str]) -> ArgumentSpec:
    """Return the argument spec of ``ssh_keypair_info``."""
    options = registry_options(from_environment)
    options["region"] = {**options["region"], "type": "list", "elements": "str", "required": False}
    return ArgumentSpec(
        {
            **options,
            "name": {"type": "list", "elements": "str"},
            "fingerprint": {"type": "list", "elements": "str"},
            "tags": {"type": "dict"},
            "type": {"type": "list", "elements": "str", "choices": list(KEY_TYPES)},
            "creation_type": {"type": "list", "elements": "str", "choices": [GENERATED, IMPORTED]},
            "private_key_status": {"type": "list", "elements": "str", "choices": list(LISTED_STATUSES), "no_log": False},
            "bound_to": {"type": "list", "elements": "str"},
            "unbound": {"type": "bool", "default": False},
            "include_public_key": {"type": "bool", "default": True},
        }
    )


def registry_copy(from_environment: Callable[..., str]) -> ArgumentSpec:
    """Return the argument spec of ``registry_copy``."""
    options = registry_options(from_environment)
    options["region"] = {"type": "list", "elements": "str"}
    return ArgumentSpec(
        {
            **options,
            "destination": {"type": "path", "required": True},
            "delete": {"type": "bool", "default": False},
            "lock_timeout": {"type": "int", "default": DEFAULT_LOCK_TIMEOUT},
        }
    )


def ssh_keypair_binding(host_options: dict[str, dict[str, Any]], from_environment: Callable[..., str]) -> ArgumentSpec:
    """Return the argument spec of ``ssh_keypair_binding`` from the one of its part on the host, which cannot import this."""
    public = {name: option for name, option in host_options.items() if not name.startswith("_")}
    return ArgumentSpec({**public, **registry_options(from_environment)})


def writing_options() -> dict[str, dict[str, Any]]:
    """Return the options that every plugin of the group ``write`` has."""
    return {"private_key_dir": {"type": "path"}, "lock_timeout": {"type": "int", "default": DEFAULT_LOCK_TIMEOUT}}


def ssh_keypair(from_environment: Callable[..., str]) -> ArgumentSpec:
    """Return the argument spec of ``ssh_keypair``; ``from_environment`` is Ansible's ``env_fallback``."""
    options: dict[str, dict[str, Any]] = {
        **registry_options(from_environment),
        **writing_options(),
        "name": {"type": "list", "elements": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "type": {"type": "str", "choices": list(CREATABLE_TYPES)},
        "size": {"type": "int"},
        "public_key": {"type": "str", "no_log": False},
        "adopt_private_key_file": {"type": "path"},
        "comment": {"type": "str"},
        "passphrase": {"type": "str", "no_log": True},
        "private_key_format": {"type": "str", "choices": list(PRIVATE_KEY_FORMATS), "no_log": False},
        "private_key_file": {"type": "path"},
        "tags": {"type": "dict"},
        "purge_tags": {"type": "bool", "default": True},
        "regenerate": {"type": "str", "choices": list(REGENERATE_CHOICES), "default": FAIL},
        "remove_private_key": {"type": "bool", "default": False, "no_log": False},
        "on_missing_private_key": {"type": "str", "choices": list(ON_MISSING_CHOICES), "default": WARN, "no_log": False},
    }
    generated_only = ("type", "size", "private_key_format", "private_key_file")
    return ArgumentSpec(
        options,
        [("public_key", option) for option in (*generated_only, "passphrase", "adopt_private_key_file")]
        + [("adopt_private_key_file", option) for option in generated_only],
    )
