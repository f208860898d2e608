# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a registry in etcd is: what its URL says, and what the environment says where the URL is silent."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from ansible_collections.keywright.ssh.plugins.module_utils._registry.urls import PARTS, malformed, shown_url
from ansible_collections.keywright.ssh.plugins.module_utils._rules.text import has_control_characters

DEFAULT_PORT = 2379
DEFAULT_PREFIX = "keywright"
DEFAULT_MAX_REQUEST_BYTES = 1536 * 1024
OPTIONS = ("ca_file", "cert_file", "key_file", "user", "password_file", "max_request_bytes")
ENVIRONMENT_PREFIX = "KEYWRIGHT_ETCD_"

_ENDPOINT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>\d{1,5}))?", re.ASCII)
_OF_TLS = frozenset({"ca_file", "cert_file", "key_file"})
_OWN_PARTS = frozenset({"regions", "accounts", "identity"})
_PREFIX = re.compile(r"(?!\.+(?:/|$))[A-Za-z0-9._-]+(?:/(?!\.+(?:/|$))[A-Za-z0-9._-]+)*")


@dataclass(frozen=True)
class EtcdPlace:
    """Where an etcd registry is. ``shown`` is the URL as it may be told; ``endpoints`` are hosts and ports."""

    shown: str
    endpoints: tuple[tuple[str, int], ...]
    prefix: str
    tls: bool
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    password_file: str | None = None
    max_request_bytes: int = DEFAULT_MAX_REQUEST_BYTES


def etcd_place(url: str, environment: Mapping[str, str] | None = None) -> EtcdPlace:
    """Return the place that a URL of etcd names; what it leaves out may be in the environment."""
    match = PARTS.fullmatch(url)
    if match is None or has_control_characters(url):
        raise malformed(url, "must be etcd://HOST:PORT,.../PREFIX")
    tls = match["scheme"].lower() == "etcds"
    user, colon, password = (match["user"] or "").partition(":")
    stated = parse_qsl(match["query"] or "", keep_blank_values=True)
    options = _options(url, stated, os.environ if environment is None else environment)
    options["user"] = unquote(user) or options.get("user", "")
    names = [name for name, value in stated if value]
    _check_effect(url, names + ["user"] * bool(user) + ["password"] * bool(colon), options, tls)
    prefix = match["path"].strip("/") or DEFAULT_PREFIX
    if _PREFIX.fullmatch(prefix) is None or not _OWN_PARTS.isdisjoint(prefix.split("/")):
        raise malformed(
            url,
            "must have a prefix of letters, digits, '.', '_' and '-', with '/' between its parts, "
            f"of which none may be {', '.join(sorted(_OWN_PARTS))}",
        )
    return EtcdPlace(
        shown_url(url),
        tuple(_endpoint(url, text) for text in match["hosts"].split(",")),
        prefix,
        tls,
        _file(url, "ca_file", options),
        _file(url, "cert_file", options),
        _file(url, "key_file", options),
        options["user"] or None,
        unquote(password) if colon else options.get("password"),
        _file(url, "password_file", options),
        _bytes(url, options.get("max_request_bytes")),
    )


def _options(url: str, stated: Sequence[tuple[str, str]], environment: Mapping[str, str]) -> dict[str, str]:
    """Return what the URL states, and what the environment says of the rest."""
    if any(name not in OPTIONS for name, _value in stated):
        raise malformed(url, f"has an option that etcd's URLs do not have; they have {', '.join(OPTIONS)}")
    names = [*OPTIONS, "password"]
    if "password_file" in dict(stated):
        names.remove("password")
    found = {name: environment.get(ENVIRONMENT_PREFIX + name.upper()) for name in names}
    return {**{name: value for name, value in found.items() if value}, **dict(stated)}


def _check_effect(url: str, stated: Sequence[str], options: Mapping[str, str], tls: bool) -> None:
    """Refuse what the URL states and what would have no effect; the environment may be there for other registries, too."""
    if len(set(stated)) < len(stated) or {"password", "password_file"} <= set(stated):
        raise malformed(url, "must state each option, the user and the password once")
    if not tls and not _OF_TLS.isdisjoint(stated):
        raise malformed(url, "must begin with etcds:// if it names certificates, for etcd:// is not encrypted")
    if "key_file" in stated and not options.get("cert_file"):
        raise malformed(url, "must have a 'cert_file' with its 'key_file'")
    if not options["user"] and not {"password", "password_file"}.isdisjoint(stated):
        raise malformed(url, "must name a user with the password")


def _endpoint(url: str, text: str) -> tuple[str, int]:
    match = _ENDPOINT.fullmatch(text)
    port = DEFAULT_PORT if match is None or match["port"] is None else int(match["port"])
    if match is None or not 0 < port < 65536:
        raise malformed(url, "must name hosts, each with a port of 1 to 65535 if any, with commas between them")
    return match["host"].strip("[]"), port


def _file(url: str, name: str, options: Mapping[str, str]) -> str | None:
    if not options.get(name):
        return None
    path = os.path.expanduser(options[name])
    if not os.path.isabs(path) or has_control_characters(path):
        raise malformed(url, f"must have an absolute path without control characters as '{name}'")
    return path


def _bytes(url: str, text: str | None) -> int:
    if text is None:
        return DEFAULT_MAX_REQUEST_BYTES
    if not re.fullmatch(r"[0-9]{1,9}", text) or not int(text):
        raise malformed(url, "must have a positive number of at most 9 digits as 'max_request_bytes'")
    return int(text)
