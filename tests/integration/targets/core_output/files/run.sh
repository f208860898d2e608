#!/usr/bin/env bash
# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Usage: run.sh FOLDER STATUS COMMAND [ARGUMENT...]
# Runs a command in a new folder, which everything that it prints and writes goes to; exits with 0 if it ended with the status.
# Ansible is as talkative as it can be made.

set -u

mkdir -p "$1/home"
cd "$1" || exit 1
status=$2
shift 2
export HOME="$PWD/home" ANSIBLE_PLAYBOOK_DIR="$PWD" KEYWRIGHT_REGION=eu-1 KEYWRIGHT_REGISTRY="$PWD/registry"
export ANSIBLE_LOG_PATH="$PWD/log" ANSIBLE_DISPLAY_ARGS_TO_STDOUT=true
export ANSIBLE_CALLBACKS_ENABLED=ansible.builtin.junit JUNIT_OUTPUT_DIR="$PWD/junit"
export ANSIBLE_CACHE_PLUGIN=ansible.builtin.jsonfile ANSIBLE_CACHE_PLUGIN_CONNECTION="$PWD/facts"
"$@" >output 2>&1
ended=$?
cat output
exit $((ended != status))
