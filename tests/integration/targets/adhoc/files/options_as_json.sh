#!/usr/bin/env bash
# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Give options as JSON, with a passphrase from a file. Usage: options_as_json.sh PYTHON

set -eu

exec "$1" -m ansible.cli.adhoc localhost -e @secret.json -m keywright.ssh.ssh_keypair -a '{"name": ["ops"], "tags": {"team": "ops, data"}, "passphrase": "{{ secret }}"}'
