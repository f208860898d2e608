#!/usr/bin/env bash
# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Load each agent-*.pem of a folder into an ssh-agent of our own and list what it holds.
# ssh-add asks the program below for passphrases, as it would ask a person.

set -eu

folder=$1
eval "$(ssh-agent -s)" >/dev/null
trap 'ssh-agent -k >/dev/null' EXIT

asker=$(mktemp)
cat >"$asker" <<'ASKER'
#!/bin/sh
printf '%s\n' "$INTEROP_PASSPHRASE"
ASKER
chmod 0700 "$asker"
export SSH_ASKPASS=$asker SSH_ASKPASS_REQUIRE=force DISPLAY=:0

for file in "$folder"/agent-*.pem; do
    ssh-add -q "$file" </dev/null
done
rm -f "$asker"
ssh-add -l
