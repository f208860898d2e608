#!/usr/bin/env bash
# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Usage: prerequisites.sh PYTHON
# Says what the machine lacks, all of it at once, before anything is set up.
set -uo pipefail

python=$1
problems=()

for command in git make ssh-keygen; do
    command -v "$command" >/dev/null || problems+=("$command is not installed")
done

if ! "$python" -c '' 2>/dev/null; then
    problems+=("$python does not start; name a Python 3.11 or later with 'make PYTHON=/path/to/python3 ...'")
elif ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    problems+=("$python is $("$python" -V 2>&1), 3.11 or later is needed; name another with 'make PYTHON=/path/to/python3 ...'")
elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    problems+=("$python cannot make virtual environments (its modules venv and ensurepip are missing)")
fi

[ "${#problems[@]}" -eq 0 ] && exit 0
{
    printf 'This machine lacks what the set-up needs:\n'
    printf '  - %s\n' "${problems[@]}"
    printf 'On Debian 12: apt-get install git make python3 python3-venv openssh-client\n'
} >&2
exit 1
