#!/usr/bin/env bash
# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Usage: careless.sh PYTHON SANDBOX TITLE
# Does what the title says so that ansible-core gives secrets away.

set -eu

files=$(dirname "$0")
terminal='import pty, sys; sys.exit(pty.spawn(sys.argv[1:]))'
export CANARY=CanaryEnvironment7f3a
case $3 in
    playbook)
        exec "$1" -m ansible.cli.playbook -v --diff -e "@$files/secrets.yml" -e "place=$PWD" "$files/careless.yml"
        ;;
    ad-hoc)
        # A process shows its command line and its environment; the lookup's shell, not this one, puts in the process.
        # shellcheck disable=SC2016
        options='{"passphrase": "CanaryOption7f3a", "name": "x", "comment": "{{ lookup(\"pipe\", \"cat /proc/$PPID/[ce][mn][dv]* >process\") }}"}'
        exec "$1" -m ansible.cli.adhoc localhost -vvvv -e extra=CanaryExtra7f3a -m keywright.ssh.ssh_keypair -a "$options"
        ;;
    console)
        line='keywright.ssh.ssh_keypair name=typed passphrase=CanaryTyped7f3a private_key_dir=keys'
        printf '%s\nexit\n' "$line" | "$1" -c "$terminal" "$1" -m ansible.cli.console localhost
        ;;
    variables)
        exec "$1" -m ansible.cli.adhoc localhost -e "@$files/broken.txt" -m ansible.builtin.ping
        ;;
    inventory)
        exec "$1" -m ansible.cli.inventory --vault-password-file "$2/password" -i "$2/inventory.yml" --list
        ;;
esac
