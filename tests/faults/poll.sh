#!/bin/sh
# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Usage: poll.sh FOLDER STOP REPORT
# Tries to open each file of a folder, again and again until the file STOP is there; reports tries and successes.
set -eu

tries=0
successes=0
until [ -e "$2" ]; do
    for file in "$1"/* "$1"/.keywright.*; do
        [ -e "$file" ] || continue
        tries=$((tries + 1))
        if { true <"$file"; } 2>/dev/null; then
            successes=$((successes + 1))
        fi
    done
done
printf '%s %s\n' "$tries" "$successes" >"$3"
