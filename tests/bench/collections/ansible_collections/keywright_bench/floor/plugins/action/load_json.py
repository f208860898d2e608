# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Load the documents of a registry with `json` and return all their records: the least that listing them can cost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

# What a listing says beside what a document holds, in values of the usual length.
FILLED = {
    "fingerprint_md5": "00:" * 15 + "00",
    "fingerprint_ec2": "A" * 43 + "=",
    "private_key_status": "present",
}


class ActionModule(ActionBase):
    """An action that takes the option ``registry``, a directory, and returns ``key_pairs``."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return one record per key pair, as large as the records of ``ssh_keypair_info``."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        records: list[dict[str, Any]] = []
        for file in sorted(Path(str(self._task.args["registry"])).glob("*.json")):
            with file.open(encoding="utf-8") as document:
                loaded = json.load(document)
            for name, fields in loaded["key_pairs"].items():
                delivery = fields.pop("delivery")
                extra = {"region": loaded["region"], "comment": name, "private_key_file": delivery["file"], "bindings": [], **FILLED}
                records.append({"name": name, **fields, **extra})
        return {**result, "changed": False, "key_pairs": records}
