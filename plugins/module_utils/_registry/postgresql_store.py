# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A registry in PostgreSQL: one row per region, with a token that decides who may write.

A row holds the very bytes that a file would hold. Each write is one statement, which replaces the token that was read by
one that the writer made: so it can be told whether a write whose answer was lost has happened.

A pooler may give each statement another session, without what was set in the one before. So a write states itself that it
waits for the disk, and whoever is given the session of one who holds an account's lock does not take it for its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
import uuid
from collections.abc import Iterator
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError, StoreConflictError
from ansible_collections.keywright.ssh.plugins.module_utils._model.key_pair import Document
from ansible_collections.keywright.ssh.plugins.module_utils._registry import recent
from ansible_collections.keywright.ssh.plugins.module_utils._registry.layout import MAX_BYTES
from ansible_collections.keywright.ssh.plugins.module_utils._registry.patience import Patience
from ansible_collections.keywright.ssh.plugins.module_utils._registry.postgresql_schema import skipped_schema, stated_path
from ansible_collections.keywright.ssh.plugins.module_utils._registry.postgresql_server import Server, UndefinedTableError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.settling import Found, UnansweredError, fence, settled
from ansible_collections.keywright.ssh.plugins.module_utils._registry.store import Snapshot
from ansible_collections.keywright.ssh.plugins.module_utils._rules.names import is_region
from ansible_collections.keywright.ssh.plugins.module_utils._rules.text import one_line

SCHEMA_VERSION = 1
POLL_SECONDS = 0.05

_SETUP = """
DO $$ BEGIN
PERFORM pg_advisory_xact_lock(7738725088633648232); -- one at a time makes the tables
CREATE TABLE IF NOT EXISTS keywright_schema (version integer PRIMARY KEY);
CREATE TABLE IF NOT EXISTS keywright_regions (
  region text PRIMARY KEY, serial bigint NOT NULL, token uuid NOT NULL, document bytea NOT NULL
);
INSERT INTO keywright_schema VALUES (1) ON CONFLICT DO NOTHING;
END $$
"""
_GREETING = """
SELECT (SELECT system_identifier FROM pg_control_system()), current_database(),
  coalesce((SELECT nspname FROM pg_namespace WHERE oid = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('keywright_regions'))),
    current_schema()),
  current_setting('search_path'), current_schemas(true),
  to_regclass('keywright_schema') IS NOT NULL,
  pg_is_in_recovery(),
  set_config('statement_timeout', '15s', false), -- else a statement that was given up goes on waiting
  set_config('default_transaction_isolation', 'read committed', false), -- else who loses a race gets an error
  set_config('tcp_keepalives_idle', '5', false), -- else the locks of a controller without a network stay for hours
  set_config('tcp_keepalives_interval', '2', false),
  set_config('tcp_keepalives_count', '3', false)
"""
_FIND = (
    "SELECT CASE WHEN octet_length(document) <= %s THEN document END, token::text, octet_length(document) "
    "FROM keywright_regions WHERE region = %s"
)
_DURABLY = (
    "(SELECT set_config('synchronous_commit', CASE setting WHEN 'off' THEN 'on' ELSE setting END, true) "
    "FROM current_setting('synchronous_commit') AS setting) IS NOT NULL"
)
_INSERT = (
    "INSERT INTO keywright_regions (region, serial, token, document) "
    f"SELECT %s, %s::bigint, %s::uuid, %s::bytea WHERE {_DURABLY} ON CONFLICT DO NOTHING"
)
_IF_IT_IS = f"WHERE region = %s AND token = %s AND {_DURABLY}"
_UPDATE = f"UPDATE keywright_regions SET serial = %s, token = %s, document = %s {_IF_IT_IS}"  # nosec B608 # all of it is ours
_RENEW = f"UPDATE keywright_regions SET token = %s {_IF_IT_IS}"  # nosec B608 # all of it is ours
_REGIONS = "SELECT region FROM keywright_regions"
_LOCK = """
SELECT CASE
  WHEN current_setting('keywright.holder', true) <> '' THEN NULL -- a lock of this session would seem to be free
  WHEN pg_try_advisory_lock(%s) THEN set_config('keywright.holder', %s, false) IS NOT NULL
  ELSE false END
"""
_UNLOCK = """
SELECT CASE WHEN current_setting('keywright.holder', true) = %s
  THEN set_config('keywright.holder', '', false) = '' AND pg_advisory_unlock(%s) END
"""


class PostgresqlStore:
    """The registry in a database; nothing is connected before the first question, and its tables are made by the first write."""

    def __init__(self, url: str, patience: float) -> None:
        self._server = Server(url, Patience(patience), self._greet)
        self._identity: str | None = None
        self._is_standby = False

    @property
    def identity(self) -> str:
        """The number that the server made for its data, the database and the schema: the same through every name of the server."""
        if self._identity is None:
            self._server.ask("SELECT 1")
        return str(self._identity)

    def missing(self) -> str | None:
        """Say so if no region is registered."""
        return None if self.regions() else f"The registry '{self._server.shown}' is empty: nothing is registered in it."

    def warnings(self) -> list[str]:
        """Warn of a connection that others can read."""
        if self._server.is_private():
            return []
        return [f"The registry '{self._server.shown}' is not reached through TLS: who is on the network can change what is registered."]

    def regions(self) -> list[str]:
        """Return the regions that have a row."""
        try:
            found = self._server.ask(_REGIONS).fetchall()
        except UndefinedTableError:
            return []
        return sorted(filter(is_region, (region for (region,) in found)))

    @contextlib.contextmanager
    def exclusive(self, region: str, timeout: float) -> Iterator[None]:
        """Keep nobody out: the write decides. A standby may be behind, so nothing is decided by what it says."""
        identity = self.identity
        if self._is_standby:
            raise KeyPairError(
                ErrorCode.REGISTRY_UNWRITABLE,
                f"The registry '{self._server.shown}' ({identity}) is a standby; name the primary in the URL.",
            )
        yield

    @contextlib.contextmanager
    def exclusive_account(self, account: str, timeout: float) -> Iterator[None]:
        """Hold the account's advisory lock, which ends with the connection."""
        key = int.from_bytes(hashlib.sha256(f"{self.identity}\0{account}".encode()).digest()[:8], "big", signed=True)
        holder = str(uuid.uuid4())
        deadline = time.monotonic() + timeout
        while not self._is_locked(key, holder):
            if time.monotonic() >= deadline:
                raise KeyPairError(
                    ErrorCode.LOCK_TIMEOUT,
                    f"The lock of '{account}' was not free within 'lock_timeout', {timeout:g} seconds; another run holds it.",
                )
            time.sleep(POLL_SECONDS)
        try:
            yield
        finally:
            with contextlib.suppress(UnansweredError, KeyPairError):  # it ends with the connection
                self._server.ask_once(_UNLOCK, (holder, key))

    def read(self, region: str) -> Snapshot:
        """Return the region's document as it is in the database."""
        found = self._find(region)
        if found is None:
            return Snapshot(Document(region, "", 0), None)
        data, token = found
        return Snapshot(recent.loaded(data, region, self._place_of(region)), token)

    def write(self, region: str, document: Document, expected: str | None) -> str:
        """Replace the document if its token is still the expected one, and return its new one."""
        data, token = recent.encoded(document), str(uuid.uuid4())
        try:
            done = self._replaced(region, document.serial, token, data, expected, self._server.ask_once)
        except UnansweredError:
            return settled(
                region,
                expected,
                lambda: self._find(region),
                lambda found: found[1] == token,
                lambda as_it_is: self._renewed(region, as_it_is, expected),
            )
        if not done:
            raise StoreConflictError(region)
        return token

    def settle(self, region: str) -> Snapshot:
        """Return the region's document after a fence against writes that are still on their way."""
        fence(
            region,
            lambda: self._find(region),
            lambda data, token: self._renewed(region, data, token),
        )
        return self.read(region)

    def confirm(self, region: str) -> None:
        """Do nothing: what the server answers is durable."""

    def check_room(self, region: str, document: Document, more: int) -> None:
        """Refuse nothing: a row takes what a document may hold."""

    def close(self) -> None:
        """Close the connection."""
        self._server.close()

    def _is_locked(self, key: int, holder: str) -> bool:
        """Take a lock if it is free, and tell."""
        (is_taken,) = self._server.ask(_LOCK, (key, holder)).fetchone()
        if is_taken is None:
            raise KeyPairError(
                ErrorCode.REGISTRY_UNWRITABLE,
                f"The registry '{self._server.shown}' is behind a pooler that gives one session to several clients, and the lock of an "
                "account needs a session of its own; let it pool sessions, or name the server itself. Nothing was changed.",
            )
        return bool(is_taken)

    def _replaced(self, region: str, serial: int, token: str, data: bytes, expected: str | None, ask: Any) -> bool:
        if expected is not None:
            return bool(ask(_UPDATE, (serial, token, data, region, expected)).rowcount)
        try:
            return bool(ask(_INSERT, (region, serial, token, data)).rowcount)
        except UndefinedTableError:
            self._server.ask(_SETUP)
        return bool(ask(_INSERT, (region, serial, token, data)).rowcount)

    def _renewed(self, region: str, as_it_is: bytes, expected: str | None) -> bool:
        """Give a row another token, so that no write that expects the old one can come; a region without a row gets one."""
        token = str(uuid.uuid4())
        if expected is None:
            return self._replaced(region, 1, token, as_it_is, None, self._server.ask)
        return bool(self._server.ask(_RENEW, (token, region, expected)).rowcount)

    def _find(self, region: str) -> Found | None:
        try:
            row = self._server.ask(_FIND, (MAX_BYTES, region)).fetchone()
        except UndefinedTableError:
            return None
        if row is None:
            return None
        data, token, size = row
        if data is None:
            raise KeyPairError(
                ErrorCode.REGISTRY_CORRUPT,
                f"The document {self._place_of(region)} has {size} bytes, and a document has at most {MAX_BYTES}; restore it.",
            )
        return bytes(data), str(token)

    def _place_of(self, region: str) -> str:
        return f"of region '{region}' in the registry '{self._server.shown}'"

    def _greet(self, connection: Any) -> None:
        """Learn whose data it is, and refuse tables of a newer release."""
        number, database, schema, path, usable, is_set_up, self._is_standby, *_settings = connection.execute(_GREETING).fetchone()
        self._check_path(stated_path(connection.info.options), path)
        skipped = skipped_schema(path, usable, schema)
        if skipped is not None:
            raise KeyPairError(
                ErrorCode.REGISTRY_FORBIDDEN,
                f"The registry '{self._server.shown}' is in a schema '{one_line(skipped)}' that does not exist, or that the user may not "
                "use; grant USAGE on it, or name another one in 'search_path'. Nothing was changed.",
            )
        identity = f"postgresql:{number}:{database}:{schema}"
        if self._identity not in (None, identity):
            raise KeyPairError(
                ErrorCode.REGISTRY_UNREADABLE,
                f"The registry '{self._server.shown}' is now another one than at the beginning of the run; run the task again.",
            )
        self._identity = identity
        if not is_set_up:
            return
        (version,) = connection.execute("SELECT max(version) FROM keywright_schema").fetchone()
        if version != SCHEMA_VERSION:
            raise KeyPairError(
                ErrorCode.REGISTRY_NEWER_SCHEMA,
                f"The tables of the registry '{self._server.shown}' have version {version}, and this release knows {SCHEMA_VERSION}; "
                "use a newer release. Nothing was changed.",
            )

    def _check_path(self, stated: str | None, path: str) -> None:
        """Refuse a session that does not look where its options say: else one registry would be taken for another."""
        if stated not in (None, path):
            raise KeyPairError(
                ErrorCode.REGISTRY_FORBIDDEN,
                f"The registry '{self._server.shown}' is to be in the 'search_path' '{one_line(str(stated))}', and the session has "
                f"'{one_line(path)}': a pooler has ignored the options. Set it for the user or the database on the server itself. "
                "Nothing was changed.",
            )
