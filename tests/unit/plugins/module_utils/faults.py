# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stop a run at any of its steps: the n-th call of the operating system's file functions strikes."""

from __future__ import annotations

import contextlib
import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

FUNCTIONS = ("open", "link", "unlink", "rename", "fsync", "mkdir", "write", "pwrite", "ftruncate", "fchmod")
NOBODY = 65534
KILLED = 99


class Alarm(BaseException):
    """What Ansible's ``timeout`` raises out of a signal handler: no error that anybody handles."""


@dataclass
class Fault:
    """Call ``strike`` in place of the call with the number ``at``, or right after it; ``hit`` is the name of that call."""

    at: int
    strike: Callable[[], NoReturn]
    afterwards: bool = False
    hit: str | None = None
    calls: int = field(default=0, init=False)

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        originals = {name: getattr(os, name) for name in FUNCTIONS}
        try:
            for name, original in originals.items():
                setattr(os, name, self._counted(name, original))
            yield
        finally:
            for name, original in originals.items():
                setattr(os, name, original)

    def _counted(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self.calls += 1
            if self.calls != self.at:
                return original(*arguments, **options)
            self.hit = name
            if self.afterwards:
                result = original(*arguments, **options)
                if name == "open":
                    os.close(result)  # the caller never learns of it
            self.strike()

        return call


def raising(make: Callable[[], BaseException]) -> Callable[..., NoReturn]:
    def strike(*_arguments: object, **_options: object) -> NoReturn:
        raise make()

    return strike


def fork() -> int:
    """Fork although the runner of the tests may have threads, which newer Pythons warn of; the child only runs the task."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def as_nobody(action: Callable[[], object]) -> int:
    """Return the error that another user meets who acts, 0 for none."""
    child = fork()
    if child == 0:
        code = 255
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            try:
                action()
                code = 0
            except OSError as error:
                code = error.errno or 255
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_at(number: int, operation: Callable[[], object]) -> bool:
    """Run the operation in a process that is killed before its n-th call; tell whether it came that far."""
    child = fork()
    if child == 0:
        code = 1
        try:
            with Fault(number, lambda: os._exit(KILLED)).installed():
                operation()
            code = 0
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, KILLED), f"the run failed by itself, before its call {number}"
    return code == KILLED


class Checkpoint:
    """The state of a directory, to which it can be taken back as often as needed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._copy = root.with_name(f"{root.name}.checkpoint")
        shutil.copytree(root, self._copy, symlinks=True)

    def restore(self) -> None:
        shutil.rmtree(self._root)
        shutil.copytree(self._copy, self._root, symlinks=True)
