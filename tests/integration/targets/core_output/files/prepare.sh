#!/usr/bin/env bash
# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Usage: prepare.sh PYTHON FOLDER
# Puts into the folder what careful.sh takes secrets from: a file, a vault of broken variables, an inventory with an encrypted
# variable; and an inventory that is encrypted as a whole, for careless.sh.

set -eu

files=$(dirname "$0")
cd "$2"
echo CanaryFile7f3a >word
echo of-the-vault >password
"$1" -m ansible.cli.vault encrypt --vault-password-file password --output broken.txt "$files/broken.txt"
"$1" -m ansible.cli.vault encrypt --vault-password-file password --output inventory.yml "$files/inventory.yml"
mkdir -p inventory/group_vars
echo web1 >inventory/hosts
"$1" -m ansible.cli.vault encrypt_string --vault-password-file password --name secret CanaryInventory7f3a >inventory/group_vars/all.yml
