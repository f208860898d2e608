#!/usr/bin/env bash
# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Make all mistakes of the inventory in one ad-hoc command. Usage: mistakes.sh PYTHON FOLDER

set -eu

options=(
    'name={{ with.name | default("web") }}'
    'region={{ with.region | default("eu-1") }}'
    'registry={{ with.registry | default(folder ~ "/mistakes/registry") }}'
    'private_key_dir={{ folder }}/mistakes/keys'
    'type={{ with.type | default(omit) }}'
    'size={{ with.size | default(omit) }}'
    'tags={{ with.tags | default(omit) }}'
    'public_key={{ with.public_key | default(omit) }}'
    'adopt_private_key_file={{ with.adopt_private_key_file | default(omit) }}'
    'passphrase={{ with.passphrase | default(omit) }}'
)
exec "$1" -m ansible.cli.adhoc all -vvv -f 4 -i "$(dirname "$0")/mistakes.yml" -e "@$2/secret.json" -m keywright.ssh.ssh_keypair -a "${options[*]}"
