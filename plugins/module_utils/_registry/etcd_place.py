# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a registry in etcd is: what its URL says, and what the environment says where the URL is silent."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
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
    options = _options(url, match["query"] or "", os.environ if environment is None else environment)
    user, colon, password = (match["user"] or "").partition(":")
    prefix = match["path"].strip("/") or DEFAULT_PREFIX
    if _PREFIX.fullmatch(prefix) is None or not _OWN_PARTS.isdisjoint(prefix.split("/")):
        raise malformed(
            url, "must have a prefix of letters, digits, '.', '_' and '-', with '/' between its parts, of which none is one of ours"
        )
    return EtcdPlace(
        shown_url(url),
        tuple(_endpoint(url, text) for text in match["hosts"].split(",")),
        prefix,
        match["scheme"].lower() == "etcds",
        _file(url, "ca_file", options),
        _file(url, "cert_file", options),
        _file(url, "key_file", options),
        unquote(user) or options.get("user") or None,
        unquote(password) if colon else options.get("password"),
        _file(url, "password_file", options),
        _bytes(url, options.get("max_request_bytes")),
    )


def _options(url: str, query: str, environment: Mapping[str, str]) -> dict[str, str]:
    stated = parse_qsl(query, keep_blank_values=True)
    for name, _value in stated:
        if name not in OPTIONS:
            raise malformed(url, f"has an option that etcd's URLs do not have; they have {', '.join(OPTIONS)}")
    names = (*OPTIONS, "password")
    found = {name: environment.get(ENVIRONMENT_PREFIX + name.upper()) for name in names}
    return {**{name: value for name, value in found.items() if value}, **dict(stated)}


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
    if not os.path.isabs(path):
        raise malformed(url, f"must have an absolute path as '{name}'")
    return path


def _bytes(url: str, text: str | None) -> int:
    if text is None:
        return DEFAULT_MAX_REQUEST_BYTES
    if not re.fullmatch(r"[0-9]{1,9}", text) or not int(text):
        raise malformed(url, "must have a positive number of at most 9 digits as 'max_request_bytes'")
    return int(text)
