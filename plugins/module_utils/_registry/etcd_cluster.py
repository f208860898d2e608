# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster of etcd as one server: its members are asked in turn, and what they answer is told apart from silence.

The client library, ``etcd3gw``, talks to one member over etcd's JSON gateway and knows no passwords.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.keywright.ssh.plugins.module_utils._model.errors import ErrorCode, KeyPairError
from ansible_collections.keywright.ssh.plugins.module_utils._registry.etcd_connections import Member, members_of
from ansible_collections.keywright.ssh.plugins.module_utils._registry.etcd_files import password_in
from ansible_collections.keywright.ssh.plugins.module_utils._registry.etcd_place import EtcdPlace
from ansible_collections.keywright.ssh.plugins.module_utils._registry.patience import Patience
from ansible_collections.keywright.ssh.plugins.module_utils._registry.settling import UnansweredError
from ansible_collections.keywright.ssh.plugins.module_utils._rules.text import one_line, shown

Transaction = Mapping[str, Any]

_UNAUTHENTICATED = 16
# Invalid argument, not found, already exists, permission denied, exhausted, failed precondition, out of range, not implemented,
# unauthenticated. With any other code, as with one that is not known (2), what was asked for may be done yet.
_REFUSED = frozenset({3, 5, 6, 7, 8, 9, 11, 12, _UNAUTHENTICATED})
_REFUSED_WORDS = re.compile("auth: ")  # etcd does not translate all errors of its rights to codes, 3.4 fewer than later ones
_BUSY = re.compile(r"no leader|not leader|leader changed|timed out|too many requests")
_TOO_LARGE = re.compile(r"request is too large|message larger than max")
_TLS_REASON = re.compile(r"(certificate verify failed: [^(]+|tlsv\d+ alert [a-z ]+|alert [a-z ]+)")
_CUT = re.compile("EOF occurred in violation of protocol|wrong version number|Connection aborted|Connection reset|Remote end closed")
_REFUSALS = {7: ErrorCode.REGISTRY_FORBIDDEN, 16: ErrorCode.REGISTRY_FORBIDDEN, 8: ErrorCode.REGISTRY_UNWRITABLE}
_RIGHTS_CHANGED = re.compile("auth store is old|revision in header is old")
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
        self._connected: list[Member] = []
        self._errors: Any = None

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
        members = self._members()
        try:
            return self._answered(members[0], question)
        except UnansweredError:
            members.append(members.pop(0))  # to ask it again first would cost as much time again
            raise

    def twin(self) -> Cluster:
        """Return the same cluster with connections of its own, for another thread."""
        return Cluster(self._place, Patience(self._patience.seconds))

    def close(self) -> None:
        """Close the connections."""
        for member in self._connected:
            member.close()
        self._connected = []

    def _ask_each(self, question: Callable[[Any], Any]) -> Any:
        errors: dict[str, UnansweredError] = {}
        members = self._members()
        for number, member in enumerate(tuple(members)):
            try:
                answer = self._answered(member, question, len(members) - number)
            except UnansweredError as error:
                errors[f"{member.name} {error}"] = error
                continue
            members.remove(member)
            members.insert(0, member)
            return answer
        reasons = ", ".join(errors)
        if all(isinstance(error, _UntrustedError) for error in errors.values()):
            raise KeyPairError(ErrorCode.REGISTRY_UNREACHABLE, f"The registry '{self._place.shown}' cannot be reached: {reasons}.")
        raise UnansweredError(reasons)

    def _answered(self, member: Member, question: Callable[[Any], Any], sharers: int = 1) -> Any:
        """Return a member's answer; ``sharers`` are it and those that are still to be asked, if it does not give one."""
        for again in (True, False):
            try:
                self._authenticate(member, sharers)
                answer = self._translated(member, question, sharers)
            except _RefusedError as error:
                refused = error
                self._patience.answered()
            else:
                self._patience.answered()
                return answer
            has_ended = refused.code == _UNAUTHENTICATED or _RIGHTS_CHANGED.search(refused.reason)
            if not again or self._place.user is None or not has_ended:
                break
            member.authenticated = False  # a token ends after some minutes, and with its member
        raise self._explained(refused)

    def _authenticate(self, member: Member, sharers: int) -> None:
        if self._place.user is None or member.authenticated:
            return
        headers = member.client.session.headers
        headers.pop("Authorization", None)
        request = {"name": self._place.user, "password": self._password()}
        try:
            token = self._translated(
                member, lambda each: str(each.post(each.get_url("/auth/authenticate"), json=request)["token"]), sharers
            )
        except _RefusedError as error:
            reason = error.reason
        else:
            headers["Authorization"] = token
            member.authenticated = True
            return
        raise KeyPairError(
            ErrorCode.REGISTRY_FORBIDDEN,
            f"The registry '{self._place.shown}' refuses user {shown(self._place.user)} with the given password: {reason}.",
        )

    def _translated(self, member: Member, question: Callable[[Any], Any], sharers: int) -> Any:
        """Return an answer, or raise what the library's errors mean, without their texts unless those are etcd's own."""
        with member.limited(self._patience.request_seconds(sharers)) as was_cut:
            try:
                return question(member.client)
            except self._errors.Etcd3Exception as error:
                failure: Exception = self._meaning_of(error)
            except (AttributeError, LookupError, TypeError, ValueError):
                failure = UnansweredError("answers what etcd does not")
            except OSError:  # the library lets through what it does not know, such as an answer that is cut off
                failure = UnansweredError("cuts its answer off")
        if was_cut() and not isinstance(failure, _RefusedError):
            failure = UnansweredError("does not answer in time")
        raise failure

    def _meaning_of(self, error: Any) -> Exception:
        code, reason = _grpc_error(error.detail_text)
        if code is not None and not isinstance(error, self._errors.ConnectionTimeoutError | self._errors.ConnectionFailedError):
            is_refused = (code in _REFUSED or _REFUSED_WORDS.match(reason)) and not _BUSY.search(reason)
            return _RefusedError(code, reason) if is_refused else UnansweredError(f"says '{reason}'")
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

    def _members(self) -> list[Member]:
        """Return the members, the one that answered last first."""
        if not self._connected:
            self._connected, self._errors = members_of(self._place)
        return self._connected

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
