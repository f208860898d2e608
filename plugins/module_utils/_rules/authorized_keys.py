# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which lines of an ``authorized_keys`` file come and go, as pure functions of bytes.

Hosts import this, so it keeps to what the oldest of their Pythons can do.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

KEY = re.compile(
    rb'\s*(?!#)(?P<options>(?:[^\s"]|"(?:[^"\\]|\\.)*")+\s+)??(?:ssh|ecdsa|sk)-[A-Za-z0-9@.-]+\s+(?P<blob>\S+)', re.DOTALL
)  # lazy, so that what is a key without options is one
LINE = re.compile(rb"[^\n]*\n|[^\n]+")  # as sshd sees it: a carriage return alone ends none


def fingerprint_of(line: bytes) -> tuple[str, bool] | None:
    """Return the fingerprint of the key in a line, and whether the line is free of options; None if there is no key in it."""
    key = KEY.match(line)
    if key is None:
        return None
    try:
        blob = base64.b64decode(key["blob"], validate=True)
    except ValueError:
        return None
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).rstrip(b"=").decode(), key["options"] is None


def edited(content: bytes, grant: bytes | None, revoke: list[str], exclusive: bool) -> bytes:
    """Return the content with the granted line in it and without the revoked keys; all other bytes stay as they are."""
    granted = None if grant is None else fingerprint_of(grant)
    lines = [(line, fingerprint_of(line)) for line in LINE.findall(content)]
    kept = [line for line, key in lines if key is None or key == granted or not (exclusive or (key[1] and key[0] in revoke))]
    there = any(key is not None and key == granted for _line, key in lines)
    return with_lines(b"".join(kept), [] if grant is None or there else [grant])


def with_lines(content: bytes, lines: list[bytes]) -> bytes:
    """Return the content with lines at its end, after a newline that is missing there."""
    gap = b"\n" if lines and content and not content.endswith(b"\n") else b""
    return content + gap + b"".join(line + b"\n" for line in lines)


def new_content(edit: dict[str, Any], content: bytes) -> bytes | None:
    """Return what the file is to hold instead of this content, None for no file."""
    if edit.get("undo") is not None:
        return undone(edit["undo"], content)
    grant = None if edit.get("grant") is None else edit["grant"].encode()
    return edited(content, grant, edit.get("revoke") or [], bool(edit.get("exclusive")))


def undone(undo: dict[str, Any], content: bytes) -> bytes | None:
    """Return what was there before an edit, or without our part of it if somebody else has edited the file since."""
    before = None if undo["before"] is None else base64.b64decode(undo["before"])
    if hashlib.sha256(content).hexdigest() == undo["after"]:
        return before
    granted = [key[0] for key in (fingerprint_of(line.encode()) for line in undo["added"]) if key is not None]
    restored = edited(content, None, granted, False)
    there = restored.split(b"\n")
    lost = [line for line in (before or b"").split(b"\n") if shown(line) in undo["removed"] and line not in there]
    return with_lines(restored, lost)


def shown(line: bytes) -> str:
    """Return a line as it is told, without the carriage return of a Windows editor."""
    return line.decode("utf-8", "replace").rstrip("\r")


def outcome(before: bytes | None, after: bytes | None, changed: bool) -> dict[str, Any]:
    """Return the result: the lines that went and came, and the bytes that undo it."""
    old, new = (before or b"").split(b"\n"), (after or b"").split(b"\n")
    return {
        "changed": changed,
        "removed": [shown(line) for line in old if line and line not in new],
        "added": [shown(line) for line in new if line and line not in old],
        "before": None if before is None else base64.b64encode(before).decode(),
        "after": hashlib.sha256(after or b"").hexdigest(),
    }
