# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A PgBouncer on loopback: a few sessions of a PostgreSQL server, shared by all clients."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

from . import programs
from .postgresql import SUPERUSER, Postgresql
from .processes import Process, free_ports, is_root, wait_until

TRANSACTION, SESSION = "transaction", "session"
SESSIONS = 4


class Pgbouncer:
    """A pooler in front of a server, with all of its databases."""

    def __init__(self, port: int, server: Postgresql) -> None:
        self.port = port
        self._server = server

    def url(self, database: str = "postgres", **options: str) -> str:
        """Return the URL of a registry through the pooler."""
        return self._server.url(database, port=self.port, **options)

    def answers(self) -> bool:
        """Tell whether the pooler and the server behind it answer."""
        psycopg = __import__("psycopg")
        try:
            with psycopg.connect(self.url(), autocommit=True) as connection:
                connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True


@contextlib.contextmanager
def running(folder: Path, server: Postgresql, settings: Mapping[str, str] | None = None, schema: str = "public") -> Iterator[Pgbouncer]:
    """Run a pooler for the block, which pools transactions unless its settings say otherwise.

    ``schema`` is where a registry in the database ``postgres`` is. If we are root, whom the pooler refuses to be, it becomes a
    user without rights.
    """
    folder.mkdir(parents=True)
    (port,) = free_ports(1)
    users = folder / "users"
    users.write_text(f'"{SUPERUSER}" ""\n', encoding="utf-8")
    chosen = {
        "listen_addr": "127.0.0.1",
        "listen_port": str(port),
        "unix_socket_dir": "",
        "auth_type": "trust",
        "auth_file": str(users),
        "pool_mode": TRANSACTION,
        "default_pool_size": str(SESSIONS),
        **({"user": "nobody"} if is_root() else {}),
        **(settings or {}),
    }
    place = f"host=127.0.0.1 port={server.port}"
    databases = [f"postgres = {place} connect_query='SET search_path TO {schema}'", f"* = {place}"]
    lines = ["[databases]", *databases, "[pgbouncer]", *(f"{name} = {value}" for name, value in chosen.items())]
    file = folder / "pgbouncer.ini"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    pooler = Pgbouncer(port, server)
    process = Process([str(programs.pgbouncer()), "--quiet", str(file)], folder / "log")
    process.start()
    try:
        wait_until(pooler.answers, "PgBouncer")
        yield pooler
    finally:
        process.stop(signal.SIGTERM)
