# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a connection to PostgreSQL comes about: with which settings, in how much time, and whether a failure is one for good."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Mapping
from concurrent.futures import Future, InvalidStateError
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._registry.patience import Patience

LEAST_SECONDS = 2  # libpq's own least time for a host

_DEFAULTS = {
    "fallback_application_name": "keywright.ssh",
    "target_session_attrs": "read-write",  # a standby may be behind
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
}
_VARIABLES = {"target_session_attrs": "PGTARGETSESSIONATTRS", "connect_timeout": "PGCONNECT_TIMEOUT"}
_FORCED = {"client_encoding": "UTF8"}  # with SQL_ASCII, texts would come as bytes
_REFUSED_OPTIONS = "startup parameter"
_PING = f"user=keywright password=none sslmode=disable gssencmode=disable connect_timeout={LEAST_SECONDS}"

_FOR_GOOD = re.compile(r"FATAL|no password supplied|certificate|SSL|root\.crt|service file|definition of service")
_FOR_NOW = re.compile(
    r"starting up|shutting down|recovery|not yet accepting|too many (clients|connections)|connection slots|terminating"
    r"|no more connections allowed|login has been failing|cannot connect to server|query_wait_timeout|login_timeout"  # PgBouncer's words
    r"|SSL SYSCALL|closed unexpectedly|closed the connection unexpectedly|unexpected eof"  # cut, be it in the middle of a handshake
)


def settings_of(options: Mapping[str, Any], patience: Patience) -> dict[str, Any]:
    """Return all settings of a connection, after the options of its URL; libpq adds those of its variables and files.

    The defaults here would beat libpq's variables, so one that a variable states is left out.
    """
    seconds = max(LEAST_SECONDS, int(min(patience.request_seconds(), patience.left() / _hosts(options))))
    defaults = {**_DEFAULTS, "connect_timeout": seconds, "tcp_user_timeout": max(LEAST_SECONDS, round(patience.request_seconds())) * 1000}
    stated = {setting for setting, variable in _VARIABLES.items() if os.environ.get(variable)}
    return {**{setting: value for setting, value in defaults.items() if setting not in stated}, **options, **_FORCED}


def connected(library: Any, settings: Mapping[str, Any], seconds: float) -> Any:
    """Return a new connection, or raise what the library raises, or :class:`concurrent.futures.TimeoutError` if all hosts took too long.

    The library limits the time for each address of each host only, and not that for looking up their names. So it connects in
    a thread; a connection that comes about after it was given up is closed.
    """
    connecting: Future[Any] = Future()

    def connect() -> None:
        try:
            connection = library.connect(autocommit=True, prepare_threshold=None, **settings)
        except BaseException as error:
            with contextlib.suppress(InvalidStateError):
                connecting.set_exception(error)
            return
        try:
            connecting.set_result(connection)
        except InvalidStateError:
            connection.close()

    threading.Thread(target=connect, daemon=True).start()
    try:
        return connecting.result(seconds)
    except BaseException:
        if not connecting.cancel() and connecting.exception() is None:
            connecting.result().close()
        raise


def is_for_good(library: Any, error: Any) -> bool:
    """Tell whether connecting failed for a reason that will not pass by itself.

    A server may give its reasons in another language, and the library does not pass on their codes. Then libpq's ping tells
    whether the server takes connections; it goes to the host that has answered, without the user and without the password.
    """
    reason = str(error)
    if _FOR_NOW.search(reason) or not _FOR_GOOD.search(reason):
        return False
    failed = error.pgconn
    if failed is None or failed.used_password or "FATAL" not in reason:
        return True
    place = {"host": failed.host.decode(), "hostaddr": failed.hostaddr.decode(), "port": failed.port.decode()}
    conninfo = library.conninfo.make_conninfo(_PING, **{name: value for name, value in place.items() if value})
    return library.pq.PGconn.ping(conninfo.encode()) not in (library.pq.Ping.REJECT, library.pq.Ping.NO_RESPONSE)


def advice_on(reason: str) -> str:
    """Return what to do about the reason for which connecting failed, as a sentence after a space, empty if nothing can be said."""
    if _REFUSED_OPTIONS not in reason:
        return ""
    return (
        " A pooler refuses options of a session: leave them out, and set 'search_path' for the user or the database on the server itself."
    )


def _hosts(options: Mapping[str, Any]) -> int:
    """Return how many hosts are named, as far as that can be told without the file of services."""
    named = options.get("hostaddr") or options.get("host") or os.environ.get("PGHOSTADDR") or os.environ.get("PGHOST") or ""
    return str(named).count(",") + 1
