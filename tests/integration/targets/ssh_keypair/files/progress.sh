# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck shell=sh

# Make larger and larger batches at a terminal until one has taken three seconds, and see what was shown meanwhile; then see
# that the same is shown nowhere else: not in the log, and not without a terminal.
# Usage: progress.sh PYTHON FOLDER

set -e
python=$1 folder=$2 count=4

adhoc() {
    names=$(seq -s, -f 'key%04g' "$count")
    arguments="name=$names region=eu-1 type=rsa size=3072 registry=$folder/registry$1 private_key_dir=$folder/keys$1"
    echo "$python -m ansible.cli.adhoc localhost -m keywright.ssh.ssh_keypair -a '$arguments'"
}

while :; do
    began=$(date +%s)
    ANSIBLE_LOG_PATH="$folder/log" script --quiet --return --command "$(adhoc "$count")" /dev/null < /dev/null > "$folder/terminal"
    [ $(($(date +%s) - began)) -lt 4 ] || break
    count=$((count * 2))
done
grep -Eq "^keywright.ssh.ssh_keypair: [0-9]+ of $count private keys made" "$folder/terminal" || {
    echo "Nothing was shown of $count keys"
    exit 1
}
sh -c "$(adhoc again)" > "$folder/plain" 2>&1
if grep -E "private keys (made|written)" "$folder/log" "$folder/plain"; then exit 1; fi
