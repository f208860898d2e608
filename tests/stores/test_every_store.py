# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every store promises, files and servers alike."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError, StoreConflictError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Document
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Store
from ansible_collections.keywright.ssh.tests.stores.contests import contest
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import REGION, document, key_pair

Open = Callable[[str], Store]


def _write(store: Store, written: Document, expected: str | None) -> str:
    with store.exclusive(written.region, 5):
        return store.write(written.region, written, expected)


def test_a_registry_that_nothing_was_written_to_is_empty_and_reading_makes_nothing(url: str, opened: Open) -> None:
    for _time in range(2):
        store = opened(url)
        assert store.read(REGION).document == Document(REGION, "", 0)
        assert store.read(REGION).version is None
        assert store.regions() == []
        missing = store.missing()
        assert missing is not None
        assert "nothing is registered in it" in missing


def test_what_was_written_is_read_by_another_with_the_same_version(url: str, opened: Open) -> None:
    first = document(key_pair("ops"), key_pair("web", 1, tags={"Größe": "x" * 128}))
    version = _write(opened(url), first, None)
    assert opened(url).read(REGION) == (first, version)
    second = first._replace(serial=8, key_pairs={})
    assert _write(opened(url), second, version) != version
    assert opened(url).read(REGION).document == second
    assert opened(url).missing() is None


def test_a_write_on_top_of_something_else_changes_nothing(url: str, opened: Open) -> None:
    store = opened(url)
    version = _write(store, document(key_pair("ops")), None)
    other = document(key_pair("web"), serial=9)
    for stale in (None, version):
        with pytest.raises(StoreConflictError):
            _write(opened(url), other, stale)
        _write(store, document(key_pair("ops"), serial=8), store.read(REGION).version)
    assert list(store.read(REGION).document.key_pairs) == ["ops"]


def test_each_region_is_its_own_and_the_list_is_sorted(store: Store) -> None:
    for region in ("us-1", "a", "eu-1"):
        _write(store, document()._replace(region=region), None)
    assert store.regions() == ["a", "eu-1", "us-1"]
    assert store.read("us-1").document.region == "us-1"


def test_one_of_many_who_write_at_once_wins_each_round(url: str, opened: Open) -> None:
    rounds = 5
    assert contest(lambda: opened(url), 6, rounds, _write) == list(range(rounds))
    assert opened(url).read(REGION).document.serial == rounds


def test_a_registry_is_one_and_the_same_for_everybody_and_no_other_is(url: str, opened: Open) -> None:
    writer = opened(url)
    _write(writer, document(), None)
    identity = writer.identity
    assert opened(url).identity == identity
    _write(opened(url), document(serial=8), opened(url).read(REGION).version)
    assert opened(url).identity == identity


def test_an_account_is_bound_by_one_at_a_time(url: str, opened: Open) -> None:
    with opened(url).exclusive_account("deploy@web1", 5):
        with pytest.raises(KeyPairError) as caught, opened(url).exclusive_account("deploy@web1", 0.3):
            pytest.fail("two hold one lock")
        assert caught.value.code is ErrorCode.LOCK_TIMEOUT
        with opened(url).exclusive_account("root@web1", 5):
            pass
    with opened(url).exclusive_account("deploy@web1", 0.3):
        pass


HOLDER = """
import sys, time
sys.path[:0] = {path!r}
from ansible.plugins.loader import init_plugin_loader; init_plugin_loader()
from ansible_collections.keywright.ssh.plugins.module_utils._registry.backends import open_store
with open_store({url!r}, 5).exclusive_account("deploy@web1", 5):
    print("held", flush=True)
    time.sleep(600)
"""


@contextlib.contextmanager
def _holder(url: str) -> Iterator[subprocess.Popen[str]]:
    """Run another process that holds the lock of an account."""
    code = HOLDER.format(path=sys.path, url=url)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            yield holder
        finally:
            holder.kill()


def test_the_lock_of_an_account_ends_soon_after_the_process_that_holds_it(url: str, opened: Open) -> None:
    with _holder(url) as holder:
        with pytest.raises(KeyPairError), opened(url).exclusive_account("deploy@web1", 0.3):
            pytest.fail("two hold one lock")
        holder.kill()
        holder.wait()
        begin = time.monotonic()
        with opened(url).exclusive_account("deploy@web1", 20):
            assert time.monotonic() - begin < (12 if url.startswith("etcd") else 2)


def test_no_descriptor_stays_open(url: str, opened: Open) -> None:
    def use() -> None:
        store = opened(url)
        store.read(REGION)
        with store.exclusive_account("deploy@web1", 5):
            pass
        store.close()

    use()
    before = len(os.listdir("/proc/self/fd"))
    for _time in range(3):
        use()
    assert len(os.listdir("/proc/self/fd")) <= before
