# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The public half of a key pair: read from what users import and from what the registry holds, written as OpenSSH does."""

from __future__ import annotations

import binascii
from typing import NamedTuple

from ansible_collections.keywright.ssh.plugins.module_utils._keys.import_formats import unwrap
from ansible_collections.keywright.ssh.plugins.module_utils._keys.strength import check_strength
from ansible_collections.keywright.ssh.plugins.module_utils._keys.wire import (
    MalformedKeyError,
    decode_base64,
    describe_blob,
    md5_fingerprint,
    read_blob,
    sha256_fingerprint,
)
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_types import ALGORITHMS
from ansible_collections.keywright.ssh.plugins.module_utils._rules.comments import comment_problem


class PublicKey(NamedTuple):
    """A public key: ``type`` is a name of ``KEY_TYPES``, ``size`` is in bits, ``blob`` is the SSH wire format (RFC 4253, section 6.6)."""

    type: str
    size: int
    blob: bytes
    comment: str

    @property
    def algorithm(self) -> str:
        """The name in the wire format, such as ``ssh-ed25519``."""
        return self.blob[4 : 4 + int.from_bytes(self.blob[:4], "big")].decode("ascii")

    @property
    def fingerprint(self) -> str:
        """``SHA256:…`` as ``ssh-keygen -l`` prints it."""
        return sha256_fingerprint(self.blob)

    @property
    def fingerprint_md5(self) -> str:
        """16 hexadecimal bytes with colons."""
        return md5_fingerprint(self.blob)

    def line(self, comment: str) -> str:
        """Return the key as one line of ``authorized_keys``, without newline, ending in ``comment`` if that is not empty."""
        encoded = binascii.b2a_base64(self.blob, newline=False).decode("ascii")
        return f"{self.algorithm} {encoded} {comment}" if comment else f"{self.algorithm} {encoded}"


def parse_public_key(text: str) -> PublicKey:
    """Return the one public key that ``text`` holds, in any format of ``import_formats``.

    Raises InvalidPublicKeyBody.Malformed with the true reason and nothing of the text, whatever the text is.
    """
    try:
        return _imported(text)
    except MalformedKeyError as error:
        reason = str(error)
    raise KeyPairError(ErrorCode.PUBLIC_KEY_MALFORMED, f"Option 'public_key' cannot be imported: {reason}.")


def _imported(text: str) -> PublicKey:
    if not isinstance(text, str):
        raise MalformedKeyError("it is not text")
    blob, comment = unwrap(text)
    fields = read_blob(blob)
    check_strength(fields)
    if problem := comment_problem(comment):
        raise MalformedKeyError(f"the comment {problem}")
    return PublicKey(ALGORITHMS[fields.algorithm].name, fields.size, blob, comment)


def public_key_of_line(line: str) -> PublicKey:
    """Return the key of a line that :meth:`PublicKey.line` wrote; raises ValueError with the reason. No curve mathematics."""
    algorithm, _space, rest = line.partition(" ")
    encoded, separator, comment = rest.partition(" ")
    blob = decode_base64(encoded)
    key_type, size = describe_blob(blob)
    key = PublicKey(key_type, size, blob, comment)
    if key.algorithm != algorithm:
        raise MalformedKeyError("the line's type is not the one of the key inside")
    if separator and (not comment or comment_problem(comment)):
        raise MalformedKeyError("the line's comment is empty or holds what no comment may")
    return key
