# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._rules.passphrases import check_passphrase

BROKEN = {
    "empty": "",
    "four characters": "zqxj",
    "1024 bytes": "zqxj" * 256,
    "512 characters of two bytes": "\u00e4" * 512,
    "newline": "zqxjzqxj\n",
    "NUL": "zqxj\0zqxj",
    "lone surrogate": "zqxjzqxj\udc80",
}


@pytest.mark.parametrize("passphrase", ["zqxjk", "z" * 1023, "\u00e4" * 511, "     ", "with spaces in it", "PRIVATE KEY"])
def test_a_passphrase_within_the_rules_is_accepted(passphrase: str) -> None:
    check_passphrase(passphrase)


def test_an_empty_passphrase_is_told_apart_from_a_short_one() -> None:
    with pytest.raises(KeyPairError, match="must not be empty: leave the option out for a private key without passphrase"):
        check_passphrase("")


@pytest.mark.parametrize("passphrase", BROKEN.values(), ids=BROKEN.keys())
def test_a_passphrase_that_breaks_a_rule_is_refused_and_no_part_of_it_is_shown(passphrase: str) -> None:
    with pytest.raises(KeyPairError, match="Option 'passphrase' must ") as caught:
        check_passphrase(passphrase)
    assert caught.value.code is ErrorCode.PASSPHRASE_MALFORMED
    assert "zqx" not in str(caught.value)
    assert "\u00e4" not in str(caught.value)
    assert caught.value.__context__ is None
