# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run unit tests on a copy of the collection in which one file is changed, in a process of their own, in limits."""

from __future__ import annotations

import contextlib
import enum
import importlib
import importlib.util
import os
import py_compile
import resource
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

# A changed loop may never end, or fill the disk, or the memory.
MAX_FILE_BYTES = 1 << 28
MAX_MEMORY_BYTES = 1 << 32

# Imported once, before the processes are forked: what the tests import that is not the collection.
PRELOADED = (
    "_pytest.assertion.rewrite",
    "ansible.module_utils.basic",
    "ansible.module_utils.common.arg_spec",
    "bcrypt",
    "cryptography.hazmat.primitives.asymmetric.ec",
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "cryptography.hazmat.primitives.asymmetric.rsa",
    "cryptography.hazmat.primitives.serialization.ssh",
    "jsonschema",
    "pytest",
    "unittest.mock",
    "yaml",
)


class Outcome(enum.Enum):
    """What the tests said of a changed file."""

    KILLED = "killed"
    TIMED_OUT = "timed out"
    SURVIVED = "survived"


class Copy:
    """A copy of the collection, below a folder that Python imports ``ansible_collections`` from."""

    def __init__(self, tree: Path) -> None:
        self.tree = tree
        self.cpu_seconds = 0.0
        self._log = tree.parents[2] / "pytest.log"
        self._home = tree.parents[2] / "home"
        self._home.mkdir(exist_ok=True)
        for file in tree.rglob("*.py"):
            py_compile.compile(str(file), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        for name in PRELOADED:
            importlib.import_module(name)

    @contextlib.contextmanager
    def changed(self, file: str, source: str) -> Iterator[None]:
        """Let a file have another source for a while."""
        path = self.tree / file
        original = path.read_bytes()
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)
        path.write_text(source, encoding="utf-8")
        try:
            yield
        finally:
            path.write_bytes(original)

    def seconds(self, tests: Sequence[str]) -> float:
        """Return how long the tests take on the code as it is; they must pass."""
        begin = time.monotonic()
        if self.run(tests, 600, 600) is not Outcome.SURVIVED:
            raise RuntimeError(f"the tests fail without any change: {self._log.read_text(errors='replace')[-4000:]}")
        return time.monotonic() - begin

    def run(self, tests: Sequence[str], cpu_seconds: float, seconds: float) -> Outcome:
        """Run the tests in their order up to the first that fails."""
        child = os.fork()
        if child == 0:
            self._become_pytest(tests, cpu_seconds)
        end = time.monotonic() + seconds
        while True:
            done, status, usage = os.wait4(child, os.WNOHANG)
            if done:
                break
            if time.monotonic() > end:
                os.killpg(child, signal.SIGKILL)
            time.sleep(0.01)
        self.cpu_seconds += usage.ru_utime + usage.ru_stime
        with contextlib.suppress(ProcessLookupError):  # what the tests started and a failure left behind
            os.killpg(child, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(status)
        if code in (-signal.SIGKILL, -signal.SIGXCPU):
            return Outcome.TIMED_OUT
        return Outcome.KILLED if code else Outcome.SURVIVED

    def _become_pytest(self, tests: Sequence[str], cpu_seconds: float) -> None:
        code = 70
        try:
            os.setsid()
            log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            for descriptor in (1, 2):
                os.dup2(log, descriptor)
            os.chdir(self.tree)
            os.environ.update(HOME=str(self._home), PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
            sys.dont_write_bytecode = True
            for limit, value in (
                (resource.RLIMIT_CPU, int(cpu_seconds) + 1),
                (resource.RLIMIT_FSIZE, MAX_FILE_BYTES),
                (resource.RLIMIT_AS, MAX_MEMORY_BYTES),
            ):
                resource.setrlimit(limit, (value, resource.getrlimit(limit)[1]))
            options = ["-x", "-q", "--tb=line", "--assert=plain", f"--override-ini=pythonpath={self.tree.parents[2]}"]
            code = int(importlib.import_module("pytest").main([*options, *tests]))
        finally:
            sys.stdout.flush()
            os._exit(code)
