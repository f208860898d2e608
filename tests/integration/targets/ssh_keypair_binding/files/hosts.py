# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run hosts: an sshd each, with an address, accounts and homes of its own.

Usage: hosts.py FOLDER [ACCOUNT…]. Writes FOLDER/hosts.json once all hosts answer, and runs them until it is terminated
or the folder is removed.

FOLDER/controller is the home of root on the controller, for who runs in a mount namespace with FOLDER/controller/passwd.
A host is a mount namespace with its own /etc/passwd, /etc/shadow, /run and PAM rules of su, so nothing outside of FOLDER is touched, and a
process namespace, so that all of it ends when its sshd does. Ansible logs on to every account with FOLDER/admin, by a
list of keys that is not in
anybody's home.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ADDRESSES = {"web1": "127.0.0.1", "web2": "127.0.0.2", "web3": "127.0.0.3"}
ACCOUNTS = ("alice", "bob", "picky")  # sshd takes no ed25519 keys from picky
FIRST_ID = 61001
ADMIN_KEYS = "/run/keywright-admin"
SECONDS = 1200
SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
CONFIGURATION = """\
ListenAddress {address}:{port}
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile .ssh/authorized_keys keys/%u {admin_keys}
TrustedUserCAKeys {authority}
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes yes
MaxStartups 500
MaxSessions 100
LogLevel VERBOSE
Subsystem sftp internal-sftp
Match User picky
  PubkeyAcceptedAlgorithms -ssh-ed25519*
"""
# Becoming another account asks for nothing; it is not what is tested here.
PAM = "auth sufficient pam_permit.so\naccount sufficient pam_permit.so\nsession required pam_permit.so\n"
START = f"""
set -e
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/shadow" /etc/shadow
mount --bind "$1/su" /etc/pam.d/su
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir -m 0755 /run/sshd
install -m 0644 "$2" {ADMIN_KEYS}
[ ! -e "$1/home/frozen" ] || (mount --bind "$1/home/frozen" "$1/home/frozen"; mount -o remount,bind,ro "$1/home/frozen")
exec {SSHD} -D -f "$1/sshd_config" -E "$1/sshd.log"
"""


def make_key(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-C", path.name, "-f", path], check=True)


def free_port(address: str) -> int:
    with socket.socket() as listener:
        listener.bind((address, 0))
        return int(listener.getsockname()[1])


def passwd(home: Path, accounts: list[str]) -> str:
    """Return the accounts of a host: the real ones, root with another home, sshd's own, and those of the tests."""
    real = Path("/etc/passwd").read_text(encoding="utf-8").splitlines()
    lines = [line for line in real if not line.startswith(("root:", "sshd:"))]
    lines += [f"sshd:*:{FIRST_ID - 1}:65534::/run/sshd:/usr/sbin/nologin"]
    lines += [f"root:*:0:0:root:{home}/root:/bin/sh"]
    lines += [f"{name}:*:{number}:{number}::{home}/{name}:/bin/sh" for number, name in enumerate(accounts, FIRST_ID)]
    return "".join(f"{line}\n" for line in lines)


def make_host(folder: Path, address: str, accounts: list[str]) -> int:
    """Lay out the files of a host and return its port."""
    home = folder / "home"
    home.mkdir(parents=True)
    for number, name in enumerate(["root", *accounts], FIRST_ID - 1):
        (home / name).mkdir(mode=0o755)
        if name != "root":
            os.chown(home / name, number, number)
    port = free_port(address)
    make_key(folder / "host_key")
    texts = {
        "passwd": passwd(home, accounts),
        "shadow": "root:*:19000:0:99999:7:::\n",
        "su": PAM,
        "sshd_config": CONFIGURATION.format(
            address=address, port=port, folder=folder, admin_keys=ADMIN_KEYS, authority=folder.parent / "authority.pub"
        ),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return port


def start(folder: Path, admin_keys: Path) -> subprocess.Popen[bytes]:
    with open(folder / "output", "wb") as output:
        namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL"]
        return subprocess.Popen(
            [*namespaces, "sh", "-c", START, "sh", folder, admin_keys], stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )


def wait_for(address: str, port: int, host: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while host.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection((address, port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    sys.exit(f"no sshd came up on {address} port {port}")


def main(folder: Path, accounts: list[str]) -> None:
    make_key(folder / "admin")
    make_key(folder / "authority")
    (folder / "controller").mkdir()
    (folder / "controller" / "passwd").write_text(passwd(folder / "controller", []), encoding="utf-8")
    (folder / "controller" / "root" / ".ssh").mkdir(mode=0o700, parents=True)
    known_hosts = ""
    made: dict[str, Any] = {}
    for name, address in ADDRESSES.items():
        made[name] = {"address": address, "port": make_host(folder / name, address, accounts), "home": str(folder / name / "home")}
        public_key = " ".join((folder / name / "host_key.pub").read_text(encoding="utf-8").split()[:2])
        known_hosts += f"[{address}]:{made[name]['port']} {public_key}\n"
    (folder / "known_hosts").write_text(known_hosts, encoding="utf-8")
    hosts = [start(folder / name, folder / "admin.pub") for name in made]
    try:
        for host, each in zip(hosts, made.values(), strict=True):
            wait_for(each["address"], each["port"], host)
        facts = {"servers": made, "closed_port": free_port("127.0.0.1"), "pid": os.getpid()}
        (folder / "hosts.json.new").write_text(json.dumps(facts), encoding="utf-8")
        (folder / "hosts.json.new").rename(folder / "hosts.json")
        deadline = time.monotonic() + SECONDS
        while folder.exists() and time.monotonic() < deadline:
            time.sleep(0.2)
    finally:
        for host in hosts:
            host.kill()
            host.wait()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    main(Path(sys.argv[1]), [*ACCOUNTS, *sys.argv[2:]])
