# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.codec import decode, encode
from ansible_collections.keywright.ssh.plugins.module_utils._rules.comments import check_comment
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils import builders

FINE = ["", "ops", "ops@example two  spaces", "x" * 1024, "\u00fcber", "\U0001f511", "#", '"quoted"', "ssh-ed25519 AAAA", "{{ x }}"]
DOUBTFUL = ["no\u00a0break", "zero\u200bwidth", "\U0001f469\u200d\U0001f4bb", "\ufeffmark", "private\ue000use", "\U000e0041", "\u0378"]
BROKEN = {
    "1025 characters": "x" * 1025,
    "a mebibyte": "x" * 2**20,
    "newline": "a\nssh-ed25519 AAAA",
    "carriage return": "a\r",
    "NUL": "a\0",
    "escape": "\x1b[2J",
    "tab": "a\tb",
    "delete": "a\x7f",
    "next line": "a\x85b",
    "line separator": "a\u2028b",
    "lone surrogate": "\udc80",
    "leading space": " a",
    "trailing space": "a ",
    "trailing ideographic space": "a\u3000",
    "private key": "-----BEGIN RSA PRIVATE KEY-----",
    "private key in small letters": "my private key",
}


@pytest.mark.parametrize("comment", FINE, ids=ascii)
def test_a_comment_within_the_rules_is_accepted(comment: str) -> None:
    check_comment(comment)


@pytest.mark.parametrize("comment", BROKEN.values(), ids=BROKEN.keys())
def test_a_comment_that_breaks_a_rule_is_refused(comment: str) -> None:
    with pytest.raises(KeyPairError, match="Option 'comment' ") as caught:
        check_comment(comment)
    assert caught.value.code is ErrorCode.COMMENT_MALFORMED
    assert caught.value.message.isprintable()
    assert "BEGIN" not in caught.value.message


@pytest.mark.parametrize("comment", FINE + DOUBTFUL + list(BROKEN.values()), ids=lambda comment: ascii(comment[:20]))
def test_a_comment_that_input_accepts_is_also_accepted_when_the_registry_is_read_again(comment: str) -> None:
    try:
        check_comment(comment)
    except KeyPairError:
        return
    written = builders.document(builders.key_pair(comment=comment))
    assert decode(encode(written), builders.REGION) == written
