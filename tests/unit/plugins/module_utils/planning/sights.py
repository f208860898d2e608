# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be seen of a private key file, as the plans are given it."""

from __future__ import annotations

from ansible_collections.keywright.ssh.plugins.module_utils._model.seen import Seen

PRESENT = Seen("present")
MISSING = Seen("missing", "is missing")
MISMATCHED = Seen("mismatched", "is another key: SHA256:x")
UNVERIFIED = Seen("unverified", "is encrypted and the passphrase is not given")
ELSEWHERE = Seen("elsewhere")
PENDING = Seen("pending", unfinished=True)
NOT_MANAGED = Seen("not_managed")
