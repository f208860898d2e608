#!/usr/bin/env bash
# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Give options as JSON. Usage: options_as_json.sh PYTHON

set -eu

exec "$1" -m ansible adhoc localhost -m keywright.ssh.ssh_keypair -a '{
    "name": ["web"], "region": "eu-1", "registry": "registry", "tags": {"team": "data"}, "purge_tags": false}'
