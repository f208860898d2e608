#!/usr/bin/env bash
# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Usage: careful.sh PYTHON SANDBOX TITLE
# Does the same as careless.sh with more output, and gives no secret away.

set -eu

files=$(dirname "$0")
terminal='import pty, sys; sys.exit(pty.spawn(sys.argv[1:]))'
export ANSIBLE_DEBUG=1
case $3 in
    playbook)
        exec "$1" -m ansible.cli.playbook -vvvvv --diff -e "@$files/secrets.yml" -e "place=$PWD word=$2/word" "$files/careful.yml"
        ;;
    ad-hoc)
        # A process shows its command line and its environment; the lookup's shell, not this one, puts in the process.
        # shellcheck disable=SC2016
        options='{"passphrase": "{{ secrets.item }}", "name": "x", "comment": "{{ lookup(\"pipe\", \"cat /proc/$PPID/[ce][mn][dv]* >process\") }}"}'
        exec "$1" -m ansible.cli.adhoc localhost -vvvvv -e "@$files/secrets.yml" -m keywright.ssh.ssh_keypair -a "$options"
        ;;
    console)
        line="keywright.ssh.ssh_keypair name=typed passphrase=\"{{ lookup('file', '$2/word') }}\" private_key_dir=keys"
        printf '%s\nexit\n' "$line" | "$1" -c "$terminal" "$1" -m ansible.cli.console localhost
        ;;
    variables)
        exec "$1" -m ansible.cli.adhoc localhost -vvvvv --vault-password-file "$2/password" -e "@$2/broken.txt" -m ansible.builtin.ping
        ;;
    inventory)
        exec "$1" -m ansible.cli.inventory -vvvvv --vault-password-file "$2/password" -i "$2/inventory/hosts" --list
        ;;
esac
