# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck shell=sh

# Make damaged copies of the registry ../registry in the current folder, each in a folder of its own that is named for what is wrong.

set -e
umask 077
good=../registry/eu-1.json

copy() { mkdir "$1"; cat > "$1/eu-1.json"; }
for cut in 0 1 2 20 100 400; do head -c $cut $good | copy cut$cut; done
head -c -2 $good | copy cut-end
tail -c +2 $good | copy cut-begin
{ cat $good; echo more; } | copy trailing
{ printf '\357\273\277'; cat $good; } | copy bom
printf '\377\376' | copy bytes
echo '[]' | copy list
echo 'null' | copy null
sed 's/"schema_version": 1/"schema_version": 2/' $good | copy newer
sed 's/"schema_version": 1/"schema_version": 999, "what": {}/' $good | copy newest
sed 's/"schema_version": 1/"schema_version": true/' $good | copy truth
sed 's/"serial": 1/"serial": 1, "serial": 2/' $good | copy twice
sed 's/"serial": 1/"serial": NaN/' $good | copy nan
sed 's/"serial": 1/"serial": -1/' $good | copy negative
sed 's/"serial": 1/"serial": 1, "extra": 1/' $good | copy unknown
sed '/"lineage"/d' $good | copy lacking
sed 's/"region": "eu-1"/"region": "eu-2"/' $good | copy region
sed 's/"ops": {/"..\/ops": {/' $good | copy name
sed 's/"size": 256/"size": 255/' $good | copy size
sed 's/SHA256:..../SHA256:AAAA/' $good | copy fingerprint
sed 's/ssh-ed25519 AAAA/ssh-ed25519 BBBB/' $good | copy public-key
sed 's/"file": "[^"]*"/"file": "..\/..\/x"/' $good | copy file
sed 's/"team": "ops"/"team": "-----BEGIN OPENSSH PRIVATE KEY-----"/' $good | copy secret
sed 's/"team": "ops"/"team": "PRIVATE \\u004bEY"/' $good | copy escaped
awk 'BEGIN { for (i = 0; i < 100000; i++) printf "["; }' | copy deep
copy open < $good; chmod 0666 open/eu-1.json
mkdir link; ln -s ../$good link/eu-1.json
mkdir dangling; ln -s missing dangling/eu-1.json
mkdir -p directory/eu-1.json
mkdir fifo; mkfifo fifo/eu-1.json
copy writable < $good; chmod 0777 writable
cp $good plain
