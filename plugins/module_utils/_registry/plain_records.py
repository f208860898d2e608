# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A quick yes to nearly all records: those of generated ed25519 key pairs, as this collection writes them.

One expression stands for the checks of :mod:`.layout` and of the public key, and accepts less than they do. Whatever it does not accept
is left to them, who also know the reason.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import GENERATED

_FIELDS = 9
_DELIVERY_FIELDS = 2
_RECORD = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\n"  # id
    r"ssh-ed25519 (?P<blob>AAAAC3NzaC1lZDI1NTE5AAAAI[A-P][A-Za-z0-9+/]{42})(?: (?P<comment>[!-~](?:[ -~]{0,1022}[!-~])?))?\n"
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\n"  # created_at
    r"[ -~]*\n"  # controller
    r"(?:/(?!\.{1,2}(?:/|\Z))[ -.0-~]+)+"  # file, without '.', '..' and nothing between slashes
)


def comment_of(fields: Any) -> str | None:
    """Return the comment of a key pair whose record is sound, None if that cannot be told quickly."""
    try:
        delivery = fields["delivery"]
        if len(fields) != _FIELDS or len(delivery) != _DELIVERY_FIELDS or fields["tags"] != {}:
            return None
        if (fields["type"], fields["size"], fields["creation_type"]) != ("ed25519", 256, GENERATED):
            return None
        return _comment_of(fields, delivery)
    except (KeyError, TypeError):
        return None


def _comment_of(fields: Mapping[str, Any], delivery: Mapping[str, Any]) -> str | None:
    texts = (fields["id"], fields["public_key"], fields["created_at"], delivery["controller"], delivery["file"])
    match = _RECORD.fullmatch("\n".join(texts))
    if match is None:
        return None
    digest = hashlib.sha256(binascii.a2b_base64(match["blob"])).digest()
    fingerprint = "SHA256:" + binascii.b2a_base64(digest, newline=False).decode("ascii")[:-1]
    return (match["comment"] or "") if fields["fingerprint"] == fingerprint else None
