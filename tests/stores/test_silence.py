# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of a write whose reply never comes, and what everybody is told whose server is silent."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError, StoreConflictError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Store
from ansible_collections.keywright.ssh.tests.servers.proxy import CUT, HOLD_REQUEST, LOSE_REPLY, PASS, REFUSE, SILENT, Proxy
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import REGION, document, key_pair

Open = Callable[..., Store]
Proxied = tuple[str, str, Proxy]


def _strike_once(proxy: Proxy, mode: str) -> None:
    """Strike the next write only: what is asked afterwards, to find out, passes."""
    concerns = proxy.concerns
    seen: list[bool] = []

    def once(request: bytes) -> bool:
        if not concerns(request) or seen:
            return False
        seen.append(True)
        return True

    proxy.concerns, proxy.mode = once, mode


@pytest.mark.parametrize("first", [True, False], ids=["first write", "later write"])
def test_a_write_that_was_done_succeeds_although_its_reply_was_lost(first: bool, proxied: Proxied, opened: Open) -> None:
    direct, url, proxy = proxied
    opened(direct).write("us-1", document()._replace(region="us-1"), None)  # so that there are tables
    if not first:
        opened(direct).write(REGION, document(key_pair("web"), serial=6), None)
    store = opened(url)
    expected = store.read(REGION).version
    _strike_once(proxy, LOSE_REPLY)
    version = store.write(REGION, document(key_pair("ops")), expected)
    assert proxy.struck == 1
    assert opened(direct).read(REGION) == (document(key_pair("ops")), version)


@pytest.mark.parametrize("first", [True, False], ids=["first write", "later write"])
@pytest.mark.parametrize("mode", [CUT, HOLD_REQUEST])
def test_a_write_that_was_not_done_never_will_be(mode: str, first: bool, proxied: Proxied, opened: Open) -> None:
    direct, url, proxy = proxied
    before = document(key_pair("web"), serial=6)
    if not first:
        opened(direct).write(REGION, before, None)
    store = opened(url)
    expected = store.read(REGION).version
    _strike_once(proxy, mode)
    with pytest.raises(StoreConflictError):
        store.write(REGION, document(key_pair("ops")), expected)
    assert proxy.struck == 1
    proxy.mode = PASS
    proxy.release()
    after = opened(direct).read(REGION)
    assert dict(after.document.key_pairs) == ({} if first else dict(before.key_pairs))
    assert store.write(REGION, document(key_pair("ops"), serial=9), after.version)


def test_if_the_server_is_gone_for_good_nobody_pretends_to_know(proxied: Proxied, opened: Open) -> None:
    direct, url, proxy = proxied
    store = opened(url, 1)
    store.read(REGION)
    proxy.concerns, proxy.mode = (lambda _request: True), SILENT
    begin = time.monotonic()
    with pytest.raises(KeyPairError) as caught:
        store.write(REGION, document(key_pair("ops")), None)
    assert caught.value.code is ErrorCode.REGISTRY_UNREACHABLE
    assert "was written is not known; the next run finds it out" in caught.value.message
    assert time.monotonic() - begin < 15
    assert opened(direct).read(REGION).document.key_pairs == {}


@pytest.mark.parametrize("mode", [REFUSE, SILENT])
def test_a_server_that_says_nothing_is_unreachable_within_the_patience(mode: str, proxied: Proxied, opened: Open) -> None:
    _direct, url, proxy = proxied
    proxy.concerns, proxy.mode = (lambda _request: True), mode
    begin = time.monotonic()
    with pytest.raises(KeyPairError, match="did not answer within 2 seconds") as caught:
        opened(url, 2).read(REGION)
    assert caught.value.code is ErrorCode.REGISTRY_UNREACHABLE
    assert time.monotonic() - begin < 12


def test_a_server_that_answers_again_in_time_is_waited_for(proxied: Proxied, opened: Open) -> None:
    _direct, url, proxy = proxied
    store = opened(url, 20)
    store.read(REGION)
    proxy.concerns = lambda _request: True
    _strike_once(proxy, CUT)
    assert store.read(REGION).version is None
    assert proxy.struck == 1


WITHOUT_LIBRARY = """
import sys
sys.modules[{library!r}] = None
from ansible_collections.keywright.ssh.plugins.module_utils._registry.backends import open_store
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import KeyPairError
try:
    open_store({url!r}).read("eu-1")
except KeyPairError as error:
    print(error.code.value, error.message)
"""


@pytest.mark.parametrize(("library", "url"), [("etcd3gw", "etcd://127.0.0.1"), ("psycopg", "postgresql://127.0.0.1/x")])
def test_a_library_that_is_not_installed_is_named_with_the_way_to_install_it(library: str, url: str) -> None:
    code = WITHOUT_LIBRARY.format(library=library, url=url)
    importing = f"import sys; sys.path[:0] = {[sys.path[0], *sys.path]!r}\n"
    importing += "from ansible.plugins.loader import init_plugin_loader; init_plugin_loader()\n"
    done = subprocess.run([sys.executable, "-c", importing + code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Dependency.Missing ")
    assert f"'pip install {library}" in done.stdout
