# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.model_machine import Machine
from hypothesis import Phase, settings

TestRandomTasks = Machine.TestCase
TestRandomTasks.settings = settings(max_examples=20, stateful_step_count=20, phases=[Phase.generate, Phase.shrink])
