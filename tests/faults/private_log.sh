#!/bin/sh
# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Run a program whose /dev/log is a socket, in a name space of mounts of its own: private_log.sh SOCKET FOLDER PROGRAM ...
# Its /dev is a disk in the folder, on which there are the machine's devices and that socket; the machine's /dev stays as it is.
set -e
socket=$1 folder=$2
shift 2
mkdir "$folder"
mount -t tmpfs -o mode=755 tmpfs "$folder"
for device in null zero full random urandom tty; do
    touch "$folder/$device"
    mount --bind "/dev/$device" "$folder/$device"
done
mkdir "$folder/shm" "$folder/pts"
mount --rbind /dev/shm "$folder/shm"
mount --rbind /dev/pts "$folder/pts"
ln -s /proc/self/fd "$folder/fd"
touch "$folder/log"
mount --bind "$socket" "$folder/log"
mount --rbind "$folder" /dev
exec "$@"
