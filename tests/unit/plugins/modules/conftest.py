# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account that the tests of the host's part edit."""

from ansible_collections.keywright.ssh.tests.unit.plugins.modules import accounts

account = accounts.account
