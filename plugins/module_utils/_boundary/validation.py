# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validate a task's parameters with Ansible's own validator, and say what is wrong in our own words.

The validator's messages quote values, and a value may be a private key that somebody pasted into the wrong option.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator, ValidationResult
from ansible.module_utils.errors import (
    AnsibleValidationError,
    ArgumentTypeError,
    ArgumentValueError,
    ElementError,
    MutuallyExclusiveError,
    RequiredError,
    UnsupportedError,
)
from ansible_collections.keywright.ssh.plugins.module_utils._interface.argument_spec import ArgumentSpec
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._rules.text import shown

_KNOWN_NAME = re.compile(r"'(\w+)'")


def validated(spec: ArgumentSpec, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the parameters with defaults, as plain values of the right types, and the validator's warnings.

    Raises :class:`KeyPairError` with ``MissingParameter``, ``UnsupportedParameter``, ``InvalidParameter`` or
    ``InvalidParameter.Conflict``.
    """
    plain_arguments = {name: value for name, value in plain(arguments).items() if value is not None or name not in spec.options}
    _refuse_containers(spec, plain_arguments)
    validator = ArgumentSpecValidator(spec.options, mutually_exclusive=spec.mutually_exclusive)
    result = validator.validate(plain_arguments)
    if result.errors.errors:
        raise _explained(spec, plain_arguments, result)
    return plain(result.validated_parameters), [str(warning["warning"]) for warning in result._warnings]


def _refuse_containers(spec: ArgumentSpec, arguments: Mapping[str, Any]) -> None:
    """Refuse a list or a dictionary in place of a text: Ansible would take its Python representation for the text."""
    for name, value in arguments.items():
        wanted = spec.options.get(name, {}).get("type")
        if wanted in ("str", "path") and isinstance(value, list | dict):
            got = "a list" if isinstance(value, list) else "a dictionary"
            raise KeyPairError(ErrorCode.PARAMETER_INVALID, f"Option '{name}' must be of type {wanted}, got {got}.")


def plain(value: Any) -> Any:
    """Return a value without the subclasses with which ansible-core marks where values come from."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(item) for item in value]
    return value


def _explained(spec: ArgumentSpec, arguments: Mapping[str, Any], result: ValidationResult) -> KeyPairError:
    error = result.errors.errors[0]
    for kind, explain in _EXPLANATIONS:
        if isinstance(error, kind):
            return explain(spec, arguments, result, error)
    return KeyPairError(ErrorCode.PARAMETER_INVALID, f"The options are not valid ({type(error).__name__}).")


def _unsupported(
    spec: ArgumentSpec, _arguments: Mapping[str, Any], result: ValidationResult, _error: AnsibleValidationError
) -> KeyPairError:
    names = ", ".join(sorted(shown(_joined(name)) for name in result.unsupported_parameters))
    return KeyPairError(ErrorCode.PARAMETER_UNSUPPORTED, f"There is no option {names}; the options are {_listed(spec.options)}.")


def _missing(spec: ArgumentSpec, _arguments: Mapping[str, Any], result: ValidationResult, _error: AnsibleValidationError) -> KeyPairError:
    given = result.validated_parameters
    missing = [name for name, option in spec.options.items() if option.get("required") and given.get(name) is None]
    return KeyPairError(ErrorCode.PARAMETER_MISSING, f"Option {_listed(missing)} is required and was not given.")


def _conflict(spec: ArgumentSpec, arguments: Mapping[str, Any], _result: ValidationResult, _error: AnsibleValidationError) -> KeyPairError:
    pairs = [pair for pair in spec.mutually_exclusive if all(arguments.get(name) is not None for name in pair)]
    others = _listed(other for one, other in pairs if one == pairs[0][0])
    return KeyPairError(ErrorCode.PARAMETER_CONFLICT, f"Option '{pairs[0][0]}' excludes option {others}.")


def _choice(spec: ArgumentSpec, arguments: Mapping[str, Any], _result: ValidationResult, _error: AnsibleValidationError) -> KeyPairError:
    for name, option in spec.options.items():
        unfit = [value for value in _values(option, arguments.get(name)) if value not in option.get("choices", [value])]
        if unfit:
            return KeyPairError(
                ErrorCode.PARAMETER_INVALID, f"Option '{name}' must be one of {_listed(option['choices'])}, got {shown(unfit[0])}."
            )
    return KeyPairError(ErrorCode.PARAMETER_INVALID, "An option has a value that is not one of its choices.")


def _values(option: Mapping[str, Any], value: Any) -> list[Any]:
    """Return the values of an option that choices are about: its elements, if it is a list."""
    if value is None:
        return []
    if option["type"] != "list":
        return [value]
    return value if isinstance(value, list) else str(value).split(",")


def _wrong_type(spec: ArgumentSpec, arguments: Mapping[str, Any], _result: ValidationResult, error: AnsibleValidationError) -> KeyPairError:
    names = [name for name in _KNOWN_NAME.findall(str(error)) if name in spec.options]
    if not names:
        return KeyPairError(ErrorCode.PARAMETER_INVALID, "An option has a value of the wrong type.")
    option = spec.options[names[0]]
    got = "a value that is not shown" if option.get("no_log") else shown(arguments.get(names[0]))
    return KeyPairError(ErrorCode.PARAMETER_INVALID, f"Option '{names[0]}' must be of type {option['type']}, got {got}.")


def _joined(name: Any) -> str:
    return ".".join(map(str, name)) if isinstance(name, tuple) else str(name)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


_EXPLANATIONS = (
    (UnsupportedError, _unsupported),
    (RequiredError, _missing),
    (MutuallyExclusiveError, _conflict),
    (ArgumentValueError, _choice),
    (ArgumentTypeError, _wrong_type),
    (ElementError, _wrong_type),
)
