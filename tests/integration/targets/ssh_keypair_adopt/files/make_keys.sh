#!/usr/bin/env bash
# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Make private keys as people have them, and files that only look like such keys. Usage: make_keys.sh FOLDER PASSPHRASE
# There are TYPE-FORMAT and TYPE-FORMAT-locked, where FORMAT is the word that ssh-keygen -m takes.

set -eu

mkdir -m 0700 "$1"
cd "$1"
for kind in "ed25519 256 RFC4716 PEM" "ecdsa 384 RFC4716 PEM PKCS8" "rsa 2048 RFC4716 PEM PKCS8"; do
    read -r type bits formats <<<"$kind"
    ssh-keygen -q -t "$type" -b "$bits" -N '' -C "$type@old" -f "$type"
    for format in $formats; do
        cp "$type" "$type-$format"
        ssh-keygen -q -p -m "$format" -P '' -N '' -f "$type-$format" >/dev/null
        cp "$type-$format" "$type-$format-locked"
        ssh-keygen -q -p -a 1 -m "$format" -P '' -N "$2" -f "$type-$format-locked" >/dev/null
    done
done
ssh-keygen -q -t ed25519 -N '' -C '' -f other
for file in ed25519 ecdsa rsa other; do
    echo "$file $(ssh-keygen -l -f "$file" | cut -d ' ' -f 2)"
done >fingerprints
ssh-keygen -q -t rsa -b 1024 -N '' -f weak

mkdir -m 0700 folder open
chmod 0777 open
cp ed25519 open/key
ln -s ed25519 link
ln -s nothing dangling
mkfifo -m 0600 pipe
: >empty
echo 'not a key' >garbage
head -n 3 ed25519 >truncated
sed '3s/[A-Za-z]/=/g' ed25519 >corrupted
sed 's/PRIVATE KEY/PUBLIC KEY/' rsa-PKCS8 >mislabelled
printf 'PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n' >putty.ppk
head -c 70000 /dev/zero | tr '\0' 'x' >large
chmod 0600 empty garbage truncated corrupted mislabelled putty.ppk large
