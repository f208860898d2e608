#!/usr/bin/env bash
# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Use the defaults of home and environment, with a passphrase from a file. Usage: passphrase_from_a_file.sh PYTHON

set -eu

exec "$1" -m ansible adhoc localhost -e @secret.json -m keywright.ssh.ssh_keypair -a 'name=ops passphrase={{ secret }}'
