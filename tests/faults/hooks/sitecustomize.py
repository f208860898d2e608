# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Loaded by Python itself into each process of a run: tells the test each private key as it is born, and may then strike.

``KEYWRIGHT_FAULTS_SECRETS`` is the file that private numbers are written to. ``KEYWRIGHT_FAULTS_STATEMENTS`` is a folder:
the file ``next`` has the number of the statement, counted from the birth of the key, that raises in the next task (each
task adds ``KEYWRIGHT_FAULTS_STEP`` to it), and the file ``log`` gets the statements that were met. With
``KEYWRIGHT_FAULTS_ABORT`` the process is aborted there instead.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

# Above these folders nothing holds a key any more.
COLLECTION = "/ansible_collections/keywright/ssh/plugins/module_utils/"
SECRETS = os.environ.get("KEYWRIGHT_FAULTS_SECRETS")
STATEMENTS = os.environ.get("KEYWRIGHT_FAULTS_STATEMENTS")
ABORT = "KEYWRIGHT_FAULTS_ABORT" in os.environ
STEP = int(os.environ.get("KEYWRIGHT_FAULTS_STEP", "1"))


class _Strike:
    def __init__(self, folder: str, secret: str) -> None:
        self._log = os.path.join(folder, "log")
        with open(os.path.join(folder, "next"), "r+", encoding="ascii") as file:
            self._number = int(file.read())
            file.seek(0)
            file.write(f"{self._number + STEP if self._number else 0}\n")
        self._secret = secret
        self._met: set[tuple[str, int]] = set()

    def trace(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if COLLECTION not in frame.f_code.co_filename:
            return None
        place = (frame.f_code.co_filename, frame.f_lineno)
        if event == "line" and place not in self._met:
            self._met.add(place)
            if self._number in (0, len(self._met)):
                self._note(f"{os.path.basename(place[0])} line {place[1]}")
            if self._number == len(self._met):
                sys.settrace(None)
                if ABORT:
                    os.abort()
                raise self._error()
        return self.trace

    def _error(self) -> Exception:
        errors = (RuntimeError(self._secret), OSError(5, os.strerror(5), self._secret), ValueError({"key": self._secret.encode()}))
        return errors[self._number % len(errors)]

    def _note(self, text: str) -> None:
        with open(self._log, "a", encoding="ascii") as file:
            file.write(f"{len(self._met)} {text}\n")

    def begin(self) -> None:
        frame: FrameType | None = sys._getframe()
        while frame is not None:
            if COLLECTION in frame.f_code.co_filename:
                frame.f_trace = self.trace
            frame = frame.f_back
        sys.settrace(self.trace)


def private_numbers(key: Any) -> list[bytes]:
    """Return the numbers that make a private key private, as bytes."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return [key.private_bytes_raw()]
    numbers = key.private_numbers()
    values = [numbers.private_value] if isinstance(key, ec.EllipticCurvePrivateKey) else [numbers.d, numbers.p, numbers.q]
    return [value.to_bytes((value.bit_length() + 7) // 8, "big") for value in values]


def _telling(generate: Callable[..., Any]) -> Callable[..., Any]:
    def told(*arguments: Any, **options: Any) -> Any:
        key = generate(*arguments, **options)
        if SECRETS:
            with open(SECRETS, "a", encoding="ascii") as file:
                file.writelines(f"{number.hex()}\n" for number in private_numbers(key))
        if STATEMENTS:
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
            _Strike(STATEMENTS, pem).begin()
        return key

    return told


if SECRETS or STATEMENTS:
    for place, function in ((ec, "generate_private_key"), (rsa, "generate_private_key")):
        setattr(place, function, _telling(getattr(place, function)))
    method = "generate"
    setattr(ed25519.Ed25519PrivateKey, method, staticmethod(_telling(ed25519.Ed25519PrivateKey.generate)))
