# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""URLs of registries: which store they name, and what may be shown of them. A URL may hold a password, so none is ever quoted."""

from __future__ import annotations

import re
from urllib.parse import unquote

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._rules.paths import path_problem
from ansible_collections.keywright.ssh.plugins.module_utils._rules.text import has_control_characters

FILE = "file"
ETCD = ("etcd", "etcds")
POSTGRESQL = ("postgresql", "postgres")

MAX_BYTES = 4095

PARTS = re.compile(r"(?P<scheme>[^:]*)://(?:(?P<user>[^/?#]*)@)?(?P<hosts>[^/?#@]*)(?P<path>(?:/[^?#]*)?)(?:\?(?P<query>[^#]*))?")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_WITHOUT_SLASHES = re.compile(r"[\s'\"]*(?:jdbc:)?(?:file|etcds?|postgres(?:ql)?):(?!//)", re.IGNORECASE)
_ADDRESS = re.compile(r"://|password\s*=|(?:^|[\s'\"])(?:host|hostaddr|dbname|service)\s*=", re.IGNORECASE)
_HOST = re.compile(r"(?:\[[^\]]*\]|[^:\[\]]*)(?::[0-9]*)?")


def scheme_of(registry: str) -> str | None:
    """Return the scheme of a URL in lower case, None for a path."""
    match = _URL.match(registry)
    return None if match is None else match[1].lower()


def is_url(registry: str) -> bool:
    """Tell whether a registry is named by a URL instead of a path."""
    return _URL.match(registry) is not None


def is_path(registry: str) -> bool:
    """Tell whether a registry is named by a path: neither by a URL nor by what was meant as one."""
    return not is_url(registry) and problem_of(registry) is None


def problem_of(registry: str) -> str | None:
    """Return what is wrong with a URL, or with a text that is none but was meant as one, as a phrase that completes "it …".

    Such a text could hold a password, which must not become the name of a directory; and who mistypes the address of a
    shared registry must not get one of his own.
    """
    if is_url(registry):
        return None if len(registry.encode("utf-8", "surrogatepass")) <= MAX_BYTES else f"must be a URL of at most {MAX_BYTES} bytes"
    if _WITHOUT_SLASHES.match(registry):
        return "must have '//' after the scheme of a URL"
    return "must be a path, or a URL that begins with its scheme" if _ADDRESS.search(registry) else None


def check_postgresql(url: str) -> None:
    """Refuse a URL that libpq takes apart in another way than we do: it tells hosts and ports, which could be parts of passwords."""
    match = PARTS.match(url)
    rest = url.partition("://")[2]
    user, at, _hosts = rest.partition("/")[0].partition("@")  # to libpq, which looks for no other end, '?' and '#' belong to a password
    hosts = rest[len(user + at) :] if at else rest
    if match is None or "@" in match["path"] or url[match.start("hosts") :] != hosts or not _has_ports(match["hosts"]):
        raise KeyPairError(
            ErrorCode.REGISTRY_URL,
            "Option 'registry' must have each '@', '/', '?' and '#' of a user and a password percent-encoded, and numbers as ports.",
        )


def shown_url(url: str) -> str:
    """Return a URL as it may be told: without a password and without its options, which may hold one, too."""
    match = PARTS.match(url)
    ends_later = match is not None and "@" in url[match.start("hosts") :]  # a password that holds '/', '?' or '#'
    if match is None or ends_later or has_control_characters(url) or not _has_ports(match["hosts"]):
        return f"{scheme_of(url)}://..."
    user = (match["user"] or "").partition(":")[0]
    return f"{match['scheme'].lower()}://{user}{'@' if user else ''}{match['hosts']}{match['path']}"


def secrets_of(url: str) -> tuple[str, ...]:
    """Return all texts of a URL that may be its passwords, as they stand there and decoded, whoever takes it apart."""
    rest = url.partition("://")[2]
    ends = {rest.find("@"), rest.rfind("@"), re.split("[/?#]", rest, maxsplit=1)[0].rfind("@")}
    found = [rest[:end].partition(":")[2] for end in sorted(ends) if end >= 0]
    for option in re.split("[?&]", rest)[1:]:
        name, _equals, value = option.partition("=")
        if unquote(name).lower().endswith("password"):
            found.append(value)
    return tuple(dict.fromkeys(text for each in found for text in (each, unquote(each)) if text))


def file_path(url: str) -> str:
    """Return the path that a file URL names."""
    match = PARTS.fullmatch(url)
    path = "" if match is None else unquote(match["path"])
    if match is None or match["user"] or match["query"] or match["hosts"] not in ("", "localhost") or not path.startswith("/"):
        raise malformed(url, "must be file:/// and an absolute path")
    problem = path_problem(path)
    if problem is not None:
        raise malformed(url, problem)
    return path


def malformed(url: str, rule: str) -> KeyPairError:
    """Return the error of a URL that breaks a rule."""
    return KeyPairError(ErrorCode.REGISTRY_URL, f"Option 'registry' {rule}, got '{shown_url(url)}'.")


def _has_ports(hosts: str) -> bool:
    """Tell whether what stands behind the colons of hosts are ports, and not a password."""
    return all(_HOST.fullmatch(host) for host in hosts.split(","))
