# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A PostgreSQL server on loopback."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from . import programs
from .processes import NOBODY, Process, ServerError, as_nobody, free_ports, is_gone, is_root, wait_until

SUPERUSER = "keywright_tests"
SETTINGS = {"fsync": "off", "max_connections": "120", "listen_addresses": "127.0.0.1", "log_min_messages": "warning"}


class Postgresql:
    """A server whose users and databases are made by SQL."""

    def __init__(self, port: int, bindir: Path, process: Process) -> None:
        self.port = port
        self._bindir = bindir
        self._process = process

    def url(self, database: str = "postgres", user: str = SUPERUSER, port: int | None = None, **options: str) -> str:
        """Return the URL of a registry; ``user`` may have a password, ``port`` may be a proxy's."""
        query = "&".join(f"{name}={value}" for name, value in options.items())
        return f"postgresql://{user}@127.0.0.1:{port or self.port}/{database}{'?' if query else ''}{query}"

    def run(self, statements: str, database: str = "postgres") -> None:
        """Run SQL as the superuser; raises :class:`ServerError`."""
        psycopg = __import__("psycopg")
        try:
            with psycopg.connect(self.url(database), autocommit=True) as connection:
                for statement in filter(None, map(str.strip, statements.split(";\n"))):
                    connection.execute(statement)
        except psycopg.Error as error:
            raise ServerError(str(error)) from None

    def ask(self, question: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Return the rows of a query as the superuser."""
        psycopg = __import__("psycopg")
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            return list(connection.execute(question).fetchall())

    def pause(self) -> None:
        """Let the server keep its connections and do nothing."""
        self._process.send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused server go on."""
        self._process.send(signal.SIGCONT)

    def stop(self) -> None:
        """Stop the server without waiting for its clients."""
        self._process.stop(signal.SIGQUIT)

    def kill(self) -> None:
        """End the server and all its children at once, as in a crash: they put nothing in order."""
        self.pause()  # so that no child comes while they are killed
        children = self._process.children()
        self._process.kill()
        wait_until(lambda: all(map(is_gone, children)), "the end of PostgreSQL's processes")  # they would hold its shared memory

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._process.start()
        wait_until(self._answers, "PostgreSQL")

    def _answers(self) -> bool:
        try:
            self.ask("SELECT 1")
        except Exception:  # whatever a client raises while the server starts
            return False
        return True


def complaint(severity: str, state: str, words: str) -> bytes:
    """Return what a server sends to complain: an ErrorResponse of PostgreSQL's protocol."""
    fields = ((b"S", severity), (b"V", severity), (b"C", state), (b"M", words))
    body = b"".join(kind + text.encode() + b"\0" for kind, text in fields) + b"\0"
    return b"E" + (len(body) + 4).to_bytes(4, "big") + body


@contextlib.contextmanager
def running(folder: Path, certificate: tuple[Path, Path] | None = None) -> Iterator[Postgresql]:
    """Run a server for the block, as a user without rights if we are root, who must be able to reach the folder.

    ``certificate`` are the files of one and of its key, for TLS.
    """
    folder.mkdir(parents=True)
    bindir = _usable(programs.postgresql(), folder)
    data = folder / "server" / "data"
    data.parent.mkdir()
    if is_root():
        os.chown(data.parent, NOBODY, NOBODY)
    initdb = [str(bindir / "initdb"), "-D", str(data), "-U", SUPERUSER, "-A", "trust", "-N"]  # pg_hba.conf is replaced below
    made = subprocess.run(as_nobody(initdb), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd=data.parent)
    if made.returncode:
        raise ServerError(made.stdout + made.stderr)
    (data / "pg_hba.conf").write_text(f"host all {SUPERUSER} 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
    (port,) = free_ports(1)
    settings = [f"-c{name}={value}" for name, value in SETTINGS.items()]
    if certificate is not None:
        for name, file in zip(("ssl_cert_file", "ssl_key_file"), certificate, strict=True):
            copy = data / file.name
            copy.write_bytes(file.read_bytes())
            copy.chmod(0o600)
            if is_root():
                os.chown(copy, NOBODY, NOBODY)
            settings.append(f"-c{name}={copy}")
        settings.append("-cssl=on")
    command = [str(bindir / "postgres"), "-D", str(data), "-p", str(port), "-k", "", *settings]
    server = Postgresql(port, bindir, Process(as_nobody(command), data.parent.parent / "log"))
    try:
        server.start()
        yield server
    finally:
        server.resume()
        server.stop()


def _usable(bindir: Path, folder: Path) -> Path:
    """Return a directory of programs that a user without rights can run; one below a home of root's is copied."""
    if not is_root() or all(os.stat(parent).st_mode & 0o001 for parent in (bindir, *bindir.parents)):
        return bindir
    copied = folder / "programs"
    shutil.copytree(bindir.parent, copied / bindir.parent.name, symlinks=True)
    for libraries in bindir.parent.parent.parent.glob("*pgserver.libs"):
        shutil.copytree(libraries, copied.parent / libraries.name)
    return copied / bindir.parent.name / bindir.name
