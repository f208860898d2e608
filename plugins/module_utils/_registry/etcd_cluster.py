# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster of etcd as one server: its members are asked in turn, and what they answer is told apart from silence.

The client library, ``etcd3gw``, talks to one member over etcd's JSON gateway and knows no passwords.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.etcd_files import check_certificates, password_in
from ansible_collections.keywright.ssh.plugins.module_utils._registry.etcd_place import EtcdPlace
from ansible_collections.keywright.ssh.plugins.module_utils._registry.patience import Patience
from ansible_collections.keywright.ssh.plugins.module_utils._registry.settling import UnansweredError
from ansible_collections.keywright.ssh.plugins.module_utils._rules.text import one_line, shown

Transaction = Mapping[str, Any]

_UNAUTHENTICATED = 16
_TRANSIENT = (1, 4, 14)  # cancelled, deadline exceeded, unavailable
_BUSY = re.compile(r"no leader|leader changed|timed out|too many requests")
_TOO_LARGE = re.compile(r"request is too large|message larger than max")
_TLS_REASON = re.compile(r"(certificate verify failed: [^(]+|tlsv\d+ alert [a-z ]+|alert [a-z ]+)")
_CUT = re.compile("EOF occurred in violation of protocol|wrong version number|Connection aborted|Connection reset|Remote end closed")
_REFUSALS = {7: ErrorCode.REGISTRY_FORBIDDEN, 16: ErrorCode.REGISTRY_FORBIDDEN, 8: ErrorCode.REGISTRY_UNWRITABLE}
_RIGHTS_CHANGED = "auth store is old"
_NO_USER = "user name is empty"


class _UntrustedError(UnansweredError):
    """A member's certificate is not trusted, or it does not trust ours; to try again is no use."""


class _RefusedError(Exception):
    """A member refused; ``code`` is the one of gRPC."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Cluster:
    """The members that a place names. Nothing is connected before the first question."""

    def __init__(self, place: EtcdPlace, patience: Patience) -> None:
        self._place = place
        self._patience = patience
        self._clients: list[Any] = []
        self._errors: Any = None
        self._authenticated: set[int] = set()

    def ask(self, question: Callable[[Any], Any]) -> Any:
        """Return the answer of the first member that gives one; for questions that may be asked twice.

        ``question`` is called with a client of ``etcd3gw``. Raises :class:`KeyPairError` when the patience is over.
        """
        while True:
            try:
                return self._ask_each(question)
            except UnansweredError as error:
                reason = str(error)
            if self._patience.is_over():
                raise KeyPairError(
                    ErrorCode.REGISTRY_UNREACHABLE,
                    f"The registry '{self._place.shown}' did not answer within {self._patience.seconds:g} seconds: {reason}.",
                )

    def ask_once(self, question: Callable[[Any], Any]) -> Any:
        """Return the answer of the member that answered last; raises :class:`UnansweredError` if it does not."""
        member = self._members()[0]
        try:
            return self._answered(member, question)
        except UnansweredError:
            self._clients.append(self._clients.pop(0))  # to ask it again first would cost as much time again
            raise

    def twin(self) -> Cluster:
        """Return the same cluster with connections of its own, for another thread."""
        return Cluster(self._place, Patience(self._patience.seconds))

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients:
            client.session.close()
        self._clients = []

    def _ask_each(self, question: Callable[[Any], Any]) -> Any:
        errors: dict[str, UnansweredError] = {}
        for client in list(self._members()):
            try:
                answer = self._answered(client, question)
            except UnansweredError as error:
                errors[f"{client.host}:{client.port} {error}"] = error
                continue
            self._clients.remove(client)
            self._clients.insert(0, client)
            return answer
        reasons = ", ".join(errors)
        if all(isinstance(error, _UntrustedError) for error in errors.values()):
            raise KeyPairError(ErrorCode.REGISTRY_UNREACHABLE, f"The registry '{self._place.shown}' cannot be reached: {reasons}.")
        raise UnansweredError(reasons)

    def _answered(self, client: Any, question: Callable[[Any], Any]) -> Any:
        for again in (True, False):
            try:
                client.timeout = self._patience.request_seconds()
                self._authenticate(client)
                answer = self._translated(client, question)
            except _RefusedError as error:
                refused = error
                self._patience.answered()
            else:
                self._patience.answered()
                return answer
            if not again or self._place.user is None or not (refused.code == _UNAUTHENTICATED or _RIGHTS_CHANGED in refused.reason):
                break
            self._authenticated.discard(id(client))  # a token ends after some minutes, and with its member
        raise self._explained(refused)

    def _authenticate(self, client: Any) -> None:
        if self._place.user is None or id(client) in self._authenticated:
            return
        client.session.headers.pop("Authorization", None)
        request = {"name": self._place.user, "password": self._password()}
        try:
            answer = self._translated(client, lambda each: each.post(each.get_url("/auth/authenticate"), json=request))
        except _RefusedError as error:
            reason = error.reason
        else:
            client.session.headers["Authorization"] = answer["token"]
            self._authenticated.add(id(client))
            return
        raise KeyPairError(
            ErrorCode.REGISTRY_FORBIDDEN,
            f"The registry '{self._place.shown}' refuses user {shown(self._place.user)} with the given password: {reason}.",
        )

    def _translated(self, client: Any, question: Callable[[Any], Any]) -> Any:
        """Return an answer, or raise what the library's errors mean, without their texts unless those are etcd's own."""
        try:
            return question(client)
        except self._errors.Etcd3Exception as error:
            failure: Exception = self._meaning_of(error)
        except (KeyError, TypeError, ValueError):
            failure = UnansweredError("answers what etcd does not")
        except OSError:  # the library lets through what it does not know, such as an answer that is cut off
            failure = UnansweredError("cuts its answer off")
        raise failure

    def _meaning_of(self, error: Any) -> Exception:
        code, reason = _grpc_error(error.detail_text)
        if code is not None and not isinstance(error, self._errors.ConnectionTimeoutError | self._errors.ConnectionFailedError):
            may_come = code in _TRANSIENT or _BUSY.search(reason)
            return UnansweredError(f"says '{reason}'") if may_come else _RefusedError(code, reason)
        if reason:
            return UnansweredError(f"says '{reason}'")
        text = str(error.detail_text)
        tls = _TLS_REASON.search(text)
        if tls is not None:
            return _UntrustedError(f"is not trusted, or does not trust us: {tls[1].strip()}")
        if isinstance(error, self._errors.ConnectionTimeoutError):
            return UnansweredError("does not answer in time")
        if _CUT.search(text):
            return UnansweredError(f"closes the connection; perhaps it speaks {'no' if self._place.tls else 'only'} TLS")
        return UnansweredError("cannot be connected to")

    def _explained(self, refused: _RefusedError) -> KeyPairError:
        if _TOO_LARGE.search(refused.reason):
            return KeyPairError(
                ErrorCode.REGISTRY_TOO_LARGE,
                f"The registry '{self._place.shown}' does not take a document of this size ({refused.reason}); state the server's limit as "
                "'max_request_bytes' in the URL, or use more regions.",
            )
        code = _REFUSALS.get(refused.code, ErrorCode.REGISTRY_UNREADABLE)
        if _NO_USER in refused.reason:
            code = ErrorCode.REGISTRY_FORBIDDEN
        return KeyPairError(code, f"The registry '{self._place.shown}' refuses the request: {refused.reason}.")

    def _members(self) -> list[Any]:
        if not self._clients:
            self._clients = list(self._connected())
        return self._clients

    def _connected(self) -> Iterator[Any]:
        try:
            library = import_module("etcd3gw")
            self._errors = import_module("etcd3gw.exceptions")
            requests = import_module("requests")
        except ImportError:
            library = None
        if library is None:
            raise KeyPairError(
                ErrorCode.DEPENDENCY_MISSING,
                "A registry in etcd needs the Python library etcd3gw on the controller; install it with 'pip install etcd3gw' for the "
                "Python that runs Ansible.",
            )
        place = self._place
        check_certificates(place)
        for host, port in place.endpoints:
            session = requests.Session()
            session.trust_env = False  # or REQUESTS_CA_BUNDLE would stand above the CA that was stated
            session.verify = place.ca_file or True
            if place.cert_file is not None:
                session.cert = (place.cert_file, place.key_file or place.cert_file)
            yield library.Etcd3Client(host, port, "https" if place.tls else "http", session=session)

    def _password(self) -> str:
        if self._place.password is not None:
            return self._place.password
        if self._place.password_file is None:
            raise KeyPairError(
                ErrorCode.REGISTRY_FORBIDDEN,
                f"The registry '{self._place.shown}' has a user and no password; state 'password_file' in the URL, or set "
                "KEYWRIGHT_ETCD_PASSWORD or KEYWRIGHT_ETCD_PASSWORD_FILE.",
            )
        return password_in(self._place.password_file)


def _grpc_error(text: Any) -> tuple[int | None, str]:
    """Return the code and the words of an error of etcd, neither if it is none."""
    try:
        loaded = json.loads(text)
        return int(loaded["code"]), one_line(str(loaded["error"])).rstrip(".")
    except (KeyError, TypeError, ValueError):
        return None, ""
