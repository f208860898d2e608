# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A PostgreSQL server, asked one statement at a time, with a limit to how long an answer may take.

Where it is and who asks is libpq's own business: its URL, its environment variables, its files of passwords and services.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import TimeoutError as NotInTimeError
from importlib import import_module
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.patience import Patience
from ansible_collections.keywright.ssh.plugins.module_utils._registry.postgresql_connection import (
    LEAST_SECONDS,
    advice_on,
    connected,
    is_for_good,
    settings_of,
)
from ansible_collections.keywright.ssh.plugins.module_utils._registry.settling import UnansweredError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.urls import malformed, secrets_of, shown_url
from ansible_collections.keywright.ssh.plugins.module_utils._rules.text import one_line

_UNDEFINED_TABLE = "42P01"
_GONE = ("08", "57P", "40001")  # connection exceptions, a server that shuts down or starts, a race in a session that a pooler has mixed up
_ENDS = ("FATAL", "PANIC")  # what ends a session says nothing about what was asked last, whatever its code
_REFUSALS = {"42501": ErrorCode.REGISTRY_FORBIDDEN, "25006": ErrorCode.REGISTRY_UNWRITABLE, "53": ErrorCode.REGISTRY_UNWRITABLE}


class UndefinedTableError(Exception):
    """A table is not there."""


class Server:
    """The server that a URL names. Nothing is connected before the first question; ``greet`` is called with each new connection."""

    def __init__(self, url: str, patience: Patience, greet: Callable[[Any], None]) -> None:
        self.shown = shown_url(url)
        self._url = url
        self._patience = patience
        self._greet = greet
        self._connection: Any = None
        self._library: Any = None

    def ask(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """Return the cursor of a statement; for statements that may be sent twice.

        Raises :class:`KeyPairError` when the patience is over or the server refuses, :class:`UndefinedTableError`.
        """
        while True:
            try:
                return self.ask_once(statement, values)
            except UnansweredError as error:
                reason = str(error)
            if self._patience.is_over():
                raise KeyPairError(
                    ErrorCode.REGISTRY_UNREACHABLE,
                    f"The registry '{self.shown}' did not answer within {self._patience.seconds:g} seconds: {reason}.",
                )

    def ask_once(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """Return the cursor of a statement; raises :class:`UnansweredError` if it is not known whether it was done."""
        return self._answered(self._connected(), lambda connection: connection.execute(statement, values))

    def is_private(self) -> bool:
        """Tell whether nobody on a network can read or change what is asked and answered."""
        if not self._is_connected():
            self.ask("SELECT 1")
        connection = self._connection
        host = connection.info.hostaddr or connection.info.host
        return bool(connection.pgconn.ssl_in_use) or host.startswith(("/", "@", "127.", "::1")) or not host

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            with contextlib.suppress(self._library.Error):
                self._connection.close()
            self._connection = None

    def _is_connected(self) -> bool:
        return self._connection is not None and not self._connection.closed

    def _connected(self) -> Any:
        if not self._is_connected():
            connection = self._connect()
            try:
                self._answered(connection, self._greet)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _answered(self, connection: Any, question: Callable[[Any], Any]) -> Any:
        """Return what a question to a connection returns, or raise what the library's errors mean."""
        try:
            with self._limited(connection):
                answer = question(connection)
        except self._library.Error as error:
            failure = self._meaning_of(error)
        else:
            self._patience.answered()
            return answer
        if isinstance(failure, UnansweredError):
            self.close()
        else:
            self._patience.answered()
        raise failure

    def _connect(self) -> Any:
        self._library = _library()
        try:
            options = self._library.conninfo.conninfo_to_dict(self._url)
        except self._library.Error:
            options = None
        if options is None:
            raise malformed(self._url, "must be a URL that libpq understands")
        settings = settings_of(options, self._patience)
        try:
            return connected(self._library, settings, max(LEAST_SECONDS, self._patience.left()))
        except NotInTimeError:
            reason, for_good = "connecting took too long", False
        except self._library.Error as error:
            reason, for_good = self._words(str(error)), is_for_good(self._library, error)
        if for_good:
            self._patience.answered()
            raise KeyPairError(
                ErrorCode.REGISTRY_FORBIDDEN, f"The registry '{self.shown}' does not let us in: {reason}.{advice_on(reason)}"
            )
        raise UnansweredError(reason)

    @contextlib.contextmanager
    def _limited(self, connection: Any) -> Iterator[None]:
        """Cut the connection if the block takes longer than an answer may take: a server that hangs keeps it open for ever."""
        own = os.dup(connection.fileno())  # whatever becomes of the connection, this is no other's number
        timer = threading.Timer(self._patience.request_seconds(), _cut, (own,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
            os.close(own)

    def _meaning_of(self, error: Any) -> Exception:
        state = error.sqlstate
        if state is None or state.startswith(_GONE) or error.diag.severity_nonlocalized in _ENDS:
            return UnansweredError("the connection was lost" if state is None else self._words(error.diag.message_primary or state))
        if state == _UNDEFINED_TABLE:
            return UndefinedTableError()
        code = _REFUSALS.get(state) or _REFUSALS.get(state[:2], ErrorCode.REGISTRY_UNREADABLE)
        return KeyPairError(code, f"The registry '{self.shown}' refuses the request: {self._words(error.diag.message_primary or state)}.")

    def _words(self, text: str) -> str:
        """Return the server's or the library's words in one line, none of them if a password is among them."""
        if any(secret in text for secret in secrets_of(self._url)):
            return "the reason is not shown, for it has the password in it"
        return one_line(text).rstrip(".")


def _library() -> Any:
    try:
        library = import_module("psycopg")
        import_module("psycopg.conninfo")
    except ImportError:
        library = None
    if library is None:
        raise KeyPairError(
            ErrorCode.DEPENDENCY_MISSING,
            "A registry in PostgreSQL needs the Python library psycopg on the controller; install it with 'pip install psycopg[binary]' "
            "for the Python that runs Ansible.",
        )
    return library


def _cut(descriptor: int) -> None:
    with contextlib.suppress(OSError), socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_STREAM) as connection:
        connection.shutdown(socket.SHUT_RDWR)
