# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A callback plugin that writes each task's result as a line of JSON, so that nobody has to read Ansible's output.

At the end of a run it also writes which callback plugins Ansible has loaded: one that could not be loaded, or that has disabled
itself, is skipped by Ansible without more than a warning.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from ansible.executor.task_queue_manager import TaskQueueManager
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: recorded
type: aggregate
short_description: Write results as lines of JSON
description:
  - Writes one line per result to the file that the variable KEYWRIGHT_FAULTS_RESULTS names.
  - Writes the callback plugins of the run to the file that the variable KEYWRIGHT_FAULTS_LOADED names, if it is set.
"""


class CallbackModule(CallbackBase):
    """Records each result under the name of its task."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "recorded"

    def _record(self, result: Any, status: str) -> None:
        returned = getattr(result, "result", None) or result._result
        task = getattr(result, "task", None) or result._task
        host = getattr(result, "host", None) or result._host
        line = {"task": task.get_name(), "host": host.get_name(), "status": status, "result": returned}
        with open(os.environ["KEYWRIGHT_FAULTS_RESULTS"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        """Record a task that succeeded."""
        self._record(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Record a task that failed."""
        self._record(result, "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Record a task that did not reach its host."""
        self._record(result, "unreachable")


def _loaded(manager: TaskQueueManager) -> list[dict[str, Any]]:
    """Return the names of each callback plugin of a run, and whether it is disabled."""
    # Up to ansible-core 2.18, the plugin that writes the output is not among the others.
    first = getattr(manager, "_stdout_callback", None)
    told = []
    for plugin in ([first] if isinstance(first, CallbackBase) else []) + manager._callback_plugins:
        names = {getattr(plugin, "_load_name", None), getattr(plugin, "ansible_name", None), *getattr(plugin, "_redirected_names", [])}
        told.append({"names": sorted(filter(None, names)), "disabled": bool(getattr(plugin, "disabled", False))})
    return told


def _telling(cleanup: Callable[[TaskQueueManager], None]) -> Callable[[TaskQueueManager], None]:
    def told(self: TaskQueueManager) -> None:
        with open(os.environ["KEYWRIGHT_FAULTS_LOADED"], "w", encoding="utf-8") as file:
            json.dump(_loaded(self), file)
        cleanup(self)

    return told


# A plugin is not told of the others; the end of a run is where all have had their chance to disable themselves.
if "KEYWRIGHT_FAULTS_LOADED" in os.environ:
    method = "cleanup"
    setattr(TaskQueueManager, method, _telling(TaskQueueManager.cleanup))
