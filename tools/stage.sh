#!/usr/bin/env bash
# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Usage: stage.sh TITLE COMMAND [ARGUMENT...]
# Runs one stage of the checks under a heading, and says how long it took or that it failed.
set -uo pipefail

title=$1
shift

printf '\n== %s\n' "$title"
SECONDS=0
"$@" </dev/null
status=$?
if [ "$status" -eq 0 ]; then
    printf -- '-- %s: ok, %d s\n' "$title" "$SECONDS"
else
    printf -- '-- %s: FAILED with exit status %d after %d s\n' "$title" "$status" "$SECONDS" >&2
fi
exit "$status"
