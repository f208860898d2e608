# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck shell=sh

# Make larger and larger batches at a terminal until one takes long enough to be told of; then see that the same is shown
# nowhere else: not in the log, and not without a terminal.
# Usage: progress.sh PYTHON FOLDER

set -e
python=$1 folder=$2 count=4
touch "$folder/terminal"

adhoc() {
    names=$(seq -s, -f 'key%04g' "$count")
    arguments="name=$names region=eu-1 type=rsa size=4096 registry=$folder/registry$1 private_key_dir=$folder/keys$1"
    echo "$python -m ansible.cli.adhoc localhost -m keywright.ssh.ssh_keypair -a '$arguments'"
}

until grep -Eq "^keywright.ssh.ssh_keypair: [0-9]+ of $count private keys made" "$folder/terminal"; do
    count=$((count * 2))
    if [ $count -gt 500 ]; then
        echo "Nothing was shown of $count keys"
        exit 1
    fi
    command=$(adhoc "$count")
    ANSIBLE_LOG_PATH="$folder/log" script --quiet --return --command "$command" /dev/null < /dev/null > "$folder/terminal"
done
sh -c "$(adhoc again)" > "$folder/plain" 2>&1
if grep -E "private keys (made|written)" "$folder/log" "$folder/plain"; then exit 1; fi
