#!/usr/bin/env bash
# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Run examples/logon.yml where an sshd is installed, and stop its hosts whatever comes of it: run_logon_example.sh FOLDER

set -eu

folder=$PWD/$1
if ! (PATH=$PATH:/usr/sbin:/sbin command -v sshd >/dev/null); then
    echo "examples/logon.yml is not run: it needs sshd (on Debian, the package openssh-server)."
    exit 0
fi
trap 'bash examples/files/three_hosts.sh stop "$folder"' EXIT
ansible-playbook examples/logon.yml --extra-vars "logon_folder=$folder" </dev/null
