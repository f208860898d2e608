#!/usr/bin/env bash
# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Start or stop three sshd of our own on loopback: three_hosts.sh {start|stop} FOLDER
# Each lets in the user who runs this, by the key FOLDER/admin or by what FOLDER/<host>/authorized_keys says.
# "start" prints a line for each: its name, address and port.

set -eu

action=$1 folder=$2
sshd=$(PATH=$PATH:/usr/sbin:/sbin command -v sshd)

stop() {
    for pid_file in "$folder"/host*/pid; do
        if [ -e "$pid_file" ]; then kill "$(cat "$pid_file")" 2>/dev/null || true; fi
    done
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

start() {
    stop
    rm -rf "$folder"
    (umask 077 && mkdir -p "$folder")
    ssh-keygen -q -t ed25519 -N '' -C admin -f "$folder/admin"
    if [ "$(id -u)" = 0 ]; then mkdir -p /run/sshd; fi
    for number in 1 2 3; do
        host=$folder/host$number
        port=$(free_port)
        mkdir -m 0700 "$host"
        ssh-keygen -q -t ed25519 -N '' -C "host$number" -f "$host/host_key"
        cat >"$host/config" <<CONFIG
ListenAddress 127.0.0.1
Port $port
HostKey $host/host_key
PidFile $host/pid
AuthorizedKeysFile $folder/admin.pub $host/authorized_keys
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
Subsystem sftp internal-sftp
CONFIG
        "$sshd" -f "$host/config" -E "$host/log" || {
            cat "$host/log" >&2
            exit 1
        }
        printf '[127.0.0.1]:%s %s\n' "$port" "$(cut -d' ' -f1,2 "$host/host_key.pub")" >>"$folder/known_hosts"
        echo "host$number 127.0.0.1 $port"
    done
}

"$action"
