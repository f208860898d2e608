# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""URLs of registries: which store they name, and what may be shown of them. A URL may hold a password, so none is ever quoted."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._rules.text import has_control_characters

FILE = "file"
ETCD = ("etcd", "etcds")
POSTGRESQL = ("postgresql", "postgres")

PARTS = re.compile(r"(?P<scheme>[^:]*)://(?:(?P<user>[^/?#]*)@)?(?P<hosts>[^/?#@]*)(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?")
_BROKEN = re.compile(r"(?:file|etcds?|postgres(?:ql)?):(?!//)", re.IGNORECASE)
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


def scheme_of(registry: str) -> str | None:
    """Return the scheme of a URL in lower case, None for a path."""
    match = _URL.match(registry)
    return None if match is None else match[1].lower()


def is_url(registry: str) -> bool:
    """Tell whether a registry is named by a URL instead of a path."""
    return _URL.match(registry) is not None


def is_broken_url(registry: str) -> bool:
    """Tell whether a text lacks the ``//`` of a URL; as a path it could hold a password."""
    return _BROKEN.match(registry) is not None


def shown_url(url: str) -> str:
    """Return a URL as it may be told: without a password and without its options, which may hold one, too."""
    match = PARTS.match(url)
    ends_later = match is not None and "@" in url[match.start("hosts") :]  # a password that holds '/', '?' or '#'
    if match is None or ends_later or has_control_characters(url):
        return f"{scheme_of(url)}://..."
    user = (match["user"] or "").partition(":")[0]
    return f"{match['scheme'].lower()}://{user}{'@' if user else ''}{match['hosts']}{match['path']}"


def password_of(url: str) -> str | None:
    """Return the password that stands in a URL."""
    match = PARTS.match(url)
    if match is None:
        return None
    in_query = dict(parse_qsl(match["query"] or "")).get("password")
    _user, colon, password = (match["user"] or "").partition(":")
    return unquote(password) if colon else in_query


def file_path(url: str) -> str:
    """Return the path that a file URL names."""
    match = PARTS.fullmatch(url)
    path = "" if match is None else unquote(match["path"])
    if match is None or match["user"] or match["query"] or match["hosts"] not in ("", "localhost") or not path.startswith("/"):
        raise malformed(url, "must be file:/// and an absolute path")
    return path


def malformed(url: str, rule: str) -> KeyPairError:
    """Return the error of a URL that breaks a rule."""
    return KeyPairError(ErrorCode.REGISTRY_URL, f"Option 'registry' {rule}, got '{shown_url(url)}'.")
