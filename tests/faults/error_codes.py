# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Print every error code that the collection has; a process of its own, since only that finds the collection."""

from __future__ import annotations

import json

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode

if __name__ == "__main__":
    print(json.dumps({"codes": [code.value for code in ErrorCode]}))
