# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documents that this process read or wrote last, so that the items of a loop do not decode the same bytes again.

The file is read every time: only bytes that are the very same stand for a document that is known, so nothing that
another process wrote can be missed.
"""

from __future__ import annotations

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Document
from ansible_collections.keywright.ssh.plugins.module_utils._registry import codec

_MAX_REGIONS = 4
_known: dict[str, tuple[bytes, Document]] = {}


def decoded(data: bytes, region: str) -> Document:
    """Return what :func:`codec.decode` returns, and raise what it raises."""
    known = _known.get(region)
    if known is not None and known[0] == data:
        return known[1]
    document = codec.decode(data, region)
    _keep(data, document)
    return document


def loaded(data: bytes, region: str, place: str) -> Document:
    """Return what the bytes hold, or raise :class:`KeyPairError`; ``place`` completes "The document ..."."""
    try:
        return decoded(data, region)
    except codec.UnloadableError as error:
        refused = error
    advice = "use a newer release" if refused.code is ErrorCode.REGISTRY_NEWER_SCHEMA else "restore it from a backup or version control"
    raise KeyPairError(refused.code, f"The document {place} {refused.problem}; {advice}. Nothing was changed.")


def encoded(document: Document) -> bytes:
    """Return what :func:`codec.encode` returns."""
    data = codec.encode(document)
    _keep(data, document)
    return data


def _keep(data: bytes, document: Document) -> None:
    if document.region not in _known and len(_known) >= _MAX_REGIONS:
        _known.clear()
    _known[document.region] = (data, document)
