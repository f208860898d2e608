# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for a lock: how long, in which order, and what is left of who gave up."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.keywright.ssh.plugins.module_utils._files import lock
from ansible_collections.keywright.ssh.plugins.module_utils._files.directory import Directory
from ansible_collections.keywright.ssh.plugins.module_utils._files.lock import WAITER, exclusive_lock
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.faults import Alarm, fork


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Directory]:
    (tmp_path / "keys").mkdir(mode=0o700)
    with Directory(str(tmp_path / "keys")) as opened:
        yield opened


def _lock(folder: Directory, name: str = "eu-1.lock", seconds: float = 0) -> contextlib.AbstractContextManager[object]:
    return exclusive_lock(folder, name, seconds, ErrorCode.REGISTRY_UNWRITABLE)


def _hold_in_child(folder: Directory, name: str) -> tuple[int, int]:
    """Return the pid of a process that holds the lock, and the pipe that it waits on."""
    ready, say_ready = os.pipe()
    wait, let_go = os.pipe()
    child = fork()
    if child == 0:
        os.close(let_go)
        with _lock(folder, name, 5):
            os.write(say_ready, b"!")
            os.read(wait, 1)
        os._exit(0)
    os.read(ready, 1)
    for descriptor in (ready, say_ready, wait):
        os.close(descriptor)
    return child, let_go


def test_a_second_holder_times_out_and_is_told_who_holds_the_lock_and_since_when(folder: Directory) -> None:
    child, let_go = _hold_in_child(folder, "eu-1.lock")
    started = time.monotonic()
    with pytest.raises(KeyPairError) as caught, _lock(folder, seconds=0.2):
        pytest.fail("two hold one lock")
    assert time.monotonic() - started >= 0.2
    assert caught.value.code is ErrorCode.LOCK_TIMEOUT
    assert re.search(rf"held by pid {child} since \d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ\.$", caught.value.message)
    assert "'lock_timeout', 0.2 seconds" in caught.value.message
    os.close(let_go)
    os.waitpid(child, 0)


def test_a_timeout_of_zero_does_not_wait(folder: Directory) -> None:
    with _lock(folder):
        started = time.monotonic()
        with pytest.raises(KeyPairError), _lock(folder):
            pytest.fail("two hold one lock")
        assert time.monotonic() - started < 0.1
    with _lock(folder):
        pass


def test_the_lock_of_a_process_that_died_blocks_nobody(folder: Directory) -> None:
    child, let_go = _hold_in_child(folder, "eu-1.lock")
    os.kill(child, 9)
    os.waitpid(child, 0)
    with _lock(folder):
        pass
    os.close(let_go)


def test_who_waits_gets_the_lock_soon_after_it_is_free(folder: Directory) -> None:
    entered: list[float] = []

    def wait() -> None:
        with _lock(folder, seconds=5):
            entered.append(time.monotonic())

    with _lock(folder):
        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.1)
        assert entered == []
        freed = time.monotonic()
    waiting.join(5)
    assert entered[0] - freed < 0.5


def test_who_gave_up_waiting_does_not_get_the_lock_later(folder: Directory) -> None:
    with _lock(folder):
        with pytest.raises(KeyPairError), _lock(folder, seconds=0.05):
            pytest.fail("two hold one lock")
        assert _waiters(0) == 1
    for _moment in range(3):  # the first to ask may be just in front of the one who gave up
        with _lock(folder, seconds=5):
            time.sleep(0.01)
    assert _waiters() == 0


GIVES_UP = """
import sys
from ansible_collections.keywright.ssh.plugins.module_utils._files.directory import Directory
from ansible_collections.keywright.ssh.plugins.module_utils._files.lock import exclusive_lock
from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError

try:
    with Directory(sys.argv[1]) as folder, exclusive_lock(folder, "eu-1.lock", 0.1, ErrorCode.REGISTRY_UNWRITABLE):
        print("two hold one lock")
except KeyPairError as error:
    print(error.code.value)
"""


def test_who_gave_up_waiting_ends_although_the_holder_does_not(folder: Directory) -> None:
    child, let_go = _hold_in_child(folder, "eu-1.lock")
    command = [sys.executable, "-c", GIVES_UP, folder.path]
    environment = {**os.environ, "PYTHONPATH": str(Path(lock.__file__).parents[6])}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "Registry.LockTimeout\n")
    os.write(let_go, b"!")
    os.waitpid(child, 0)
    os.close(let_go)


def test_a_tasks_timeout_ends_the_waiting_and_leaves_no_lock_behind(folder: Directory) -> None:
    def strike(_number: int, _frame: object) -> None:
        raise Alarm

    before = signal.signal(signal.SIGALRM, strike)
    child, let_go = _hold_in_child(folder, "eu-1.lock")
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    started = time.monotonic()
    try:
        with pytest.raises(Alarm), _lock(folder, seconds=30):
            pytest.fail("two hold one lock")
    finally:
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - started < 5
    os.close(let_go)
    os.waitpid(child, 0)
    with _lock(folder, seconds=5):
        pass
    assert _waiters() == 0


def test_an_error_while_waiting_is_told_as_such(folder: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    flock = fcntl.flock

    def fail(descriptor: int, operation: int) -> None:
        if operation == fcntl.LOCK_EX:
            raise OSError(errno.ENOLCK, "No locks available")
        flock(descriptor, operation)

    with _lock(folder):
        monkeypatch.setattr(fcntl, "flock", fail)
        with pytest.raises(KeyPairError, match="cannot lock, so nothing was done: No locks available") as caught, _lock(folder, seconds=30):
            pytest.fail("two hold one lock")
    assert caught.value.code is ErrorCode.LOCK_UNAVAILABLE


def _waiters(seconds: float = 5) -> int:
    """Return how many threads wait for a lock, after those whose turn it was have had a moment to end."""
    deadline = time.monotonic() + seconds
    while (waiting := [thread.name for thread in threading.enumerate()].count(WAITER)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return waiting


def test_a_lock_file_that_was_replaced_while_waiting_is_noticed(folder: Directory, tmp_path: Path) -> None:
    path = tmp_path / "keys" / "eu-1.lock"
    inside: list[str] = []

    def wait() -> None:
        with _lock(folder, seconds=5):
            inside.append("first waiter")
            time.sleep(0.2)
            inside.append("first waiter leaves")

    with _lock(folder):
        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.1)
        path.unlink()
    time.sleep(0.1)
    with _lock(folder, seconds=5):
        inside.append("second")
    waiting.join(5)
    assert inside == ["first waiter", "first waiter leaves", "second"]
