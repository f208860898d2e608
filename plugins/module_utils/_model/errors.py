# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one exception that a user ever meets, and every code that it can carry.

Everything below the boundary raises :class:`KeyPairError`; one place turns it into a failed result.
A message is one complete sentence that names the option, the limit and the value, and never holds
a passphrase or any part of a private key.
"""

from __future__ import annotations

from enum import Enum


class ErrorCode(Enum):
    """Stable codes of failures: ``value`` is what users match, ``when`` is the line of the documentation."""

    NAME_MALFORMED = "InvalidKeyPairName.Malformed", "A name breaks the rules for names of key pairs."
    NAME_UNKNOWN = "InvalidKeyPairName.NotFound", "No key pair of that name is registered in the region."
    REGION_UNKNOWN = "InvalidRegionId.NotFound", "A region breaks the rules for names of regions."
    ALREADY_EXISTS = "KeyPair.AlreadyExist", "The name is registered with other material than the task asks for."
    QUOTA_KEY_PAIRS = "QuotaExceed.KeyPair", "The region would hold more than 500 key pairs."
    QUOTA_NAMES = "QuotaExceed.KeyPairNames", "One task names more key pairs to remove than the limit of 100."
    PUBLIC_KEY_MALFORMED = "InvalidPublicKeyBody.Malformed", "A public key cannot be imported; the message gives the reason."
    TAG_KEY_MALFORMED = "InvalidTagKey.Malformed", "The key of a tag breaks the rules for tags."
    TAG_VALUE_MALFORMED = "InvalidTagValue.Malformed", "The value of a tag breaks the rules for tags."
    TAG_KEY_DUPLICATE = "Duplicate.TagKey", "Two tags have the same key once keys are text."
    QUOTA_TAGS = "QuotaExceed.Tags", "A key pair would have more than 20 tags."
    COMMENT_MALFORMED = "InvalidComment.Malformed", "A comment breaks the rules for comments."
    PASSPHRASE_MALFORMED = "InvalidPassphrase.Malformed", "A passphrase breaks the rules for passphrases; it is never shown."
    PARAMETER_INVALID = "InvalidParameter", "An option has a value of the wrong type, out of its choices, or unfit for another option."
    PARAMETER_CONFLICT = "InvalidParameter.Conflict", "Options exclude each other."
    PARAMETER_MISSING = "MissingParameter", "A required option is missing."
    PARAMETER_UNSUPPORTED = "UnsupportedParameter", "The plugin has no option of that name."
    PATH_MALFORMED = "InvalidPath.Malformed", "A path cannot be resolved, or is too long."
    DEPENDENCY_MISSING = (
        "Dependency.Missing",
        "A Python library that the task needs is not installed on the controller, or cannot be loaded there.",
    )
    BOUND = "InvalidParameter.KeypairAlreadyAttachedInstance", "A key pair that is bound to hosts is to be removed or replaced."
    LOGIN_FAILED = "Binding.LoginFailed", "The login with a newly bound key pair failed; the message ends in the words of ssh."
    HOST_UNREACHABLE = "Binding.HostUnreachable", "The host that a key pair is to be bound to cannot be reached."
    ACCOUNT_UNKNOWN = "Binding.AccountNotFound", "There is no such account on the host."
    KEYS_UNSAFE = "Binding.Unsafe", "The host's file or directory is a symbolic link, or could be changed by other accounts."
    KEYS_ELSEWHERE = "Binding.OtherFile", "The account is bound in another file than the one that the task is about."
    KEYS_UNWRITABLE = "Binding.Unwritable", "The host's file or directory cannot be read or written."
    EDIT_FAILED = (
        "Binding.EditFailed",
        "The part that runs on the host failed, and what its file holds is not known; a binding stays pending and counts.",
    )
    FILE_EXISTS = "PrivateKeyFile.Exists", "A file that is not this key pair's private key is in the way."
    FILE_UNWRITABLE = "PrivateKeyFile.Unwritable", "A private key file, or its directory, cannot be written."
    FILE_UNSAFE = "PrivateKeyFile.UnsafeDirectory", "The directory of a private key file could be changed by other users."
    FILE_UNREADABLE = "PrivateKeyFile.Unreadable", "A private key file, or its directory, cannot be read, or the file does not open."
    FILE_MISSING = "PrivateKeyFile.Missing", "The private key file is gone and the task says to fail then."
    FILE_MISMATCHED = "PrivateKeyFile.Mismatched", "The private key file is not this key pair's and the task says to fail then."
    REGISTRY_MISSING = "Registry.NotFound", "The registry that is to be read does not exist."
    REGISTRY_CORRUPT = "Registry.Corrupt", "A document of the registry is truncated, damaged or inconsistent."
    REGISTRY_NEWER_SCHEMA = "Registry.NewerSchema", "A document of the registry was written by a newer release."
    REGISTRY_SECRET = "Registry.SecretFound", "A document of the registry holds what looks like a private key."
    REGISTRY_UNSAFE = "Registry.Unsafe", "The registry is a symbolic link, or could be changed by other users."
    REGISTRY_UNREADABLE = "Registry.Unreadable", "The registry cannot be read."
    REGISTRY_UNWRITABLE = "Registry.Unwritable", "The registry cannot be written."
    REGISTRY_CONFLICT = "Registry.Conflict", "Others kept changing the registry while the task tried to."
    REGISTRY_UNKNOWN_BACKEND = "Registry.UnknownBackend", "The URL names a backend that this release does not have."
    REGISTRY_URL = "InvalidRegistry.Malformed", "The URL of a registry breaks the rules for such URLs, or the path of one looks like a URL."
    REGISTRY_UNREACHABLE = "Registry.Unreachable", "No server of a shared registry answered in time."
    REGISTRY_FORBIDDEN = (
        "Registry.AccessDenied",
        "A server of a shared registry refuses the user, the password, the certificate or the request.",
    )
    REGISTRY_TOO_LARGE = "Registry.TooLarge", "A region's document would be larger than the shared registry takes."
    REGISTRY_DIVERGED = (
        "Registry.Diverged",
        "The destination of a copy holds a document that is newer, is of another lineage, or has what the source has not.",
    )
    LOCK_TIMEOUT = "Registry.LockTimeout", "Another run held a lock for longer than O(lock_timeout)."
    LOCK_UNAVAILABLE = "Registry.LockUnavailable", "The file system cannot lock, so nothing is done."
    INTERNAL = "InternalError", "A defect of the collection; type and place of the error are shown, nothing else."

    when: str

    def __new__(cls, code: str, when: str) -> ErrorCode:
        """Make a member whose value is the code."""
        member = object.__new__(cls)
        member._value_ = code
        member.when = when
        return member


class KeyPairError(Exception):
    """A failure that is explained to the user: ``code`` is for programs, ``message`` for people.

    ``outcome_unknown`` tells that what was tried may have happened, or may happen yet.
    """

    outcome_unknown = False

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class HostUnreachableError(KeyPairError):
    """The connection to a host failed, so what happened there is not known."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.HOST_UNREACHABLE, message)


class StoreConflictError(KeyPairError):
    """The document was changed by somebody else between the read and the write; nothing was written."""

    def __init__(self, region: str) -> None:
        super().__init__(
            ErrorCode.REGISTRY_CONFLICT,
            f"The registry's document of region '{region}' was changed by another run at every try; run the task again.",
        )
