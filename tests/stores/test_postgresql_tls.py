# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PostgreSQL with certificates: a good one, and such as libpq must not trust."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Store
from ansible_collections.keywright.ssh.tests.servers import postgresql
from ansible_collections.keywright.ssh.tests.servers.certificates import Authority
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import REGION, document

Open = Callable[..., Store]


@pytest.mark.parametrize("expired", [False, True], ids=["good", "expired"])
def test_only_a_certificate_that_can_be_trusted_is(expired: bool, folder: Path, opened: Open) -> None:
    authority = Authority(folder / f"authority-{expired}", "authority")
    other = Authority(folder / f"other-{expired}", "other")
    with postgresql.running(folder / f"tls-{expired}", authority.issue("server", "127.0.0.1", expired)) as server:
        trusted = server.url(sslmode="verify-full", sslrootcert=str(authority.certificate))
        if not expired:
            store = opened(trusted)
            assert store.write(REGION, document(), None)
            assert store.warnings() == []
        strangers = server.url(sslmode="verify-full", sslrootcert=str(other.certificate))
        begin = time.monotonic()
        for url in (strangers, trusted) if expired else (strangers,):
            with pytest.raises(KeyPairError, match="certificate") as caught:
                opened(url, 30).read(REGION)
            assert caught.value.code is ErrorCode.REGISTRY_FORBIDDEN
        assert time.monotonic() - begin < 10
