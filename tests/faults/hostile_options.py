# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hostile values of options, as a table: the options of the task, and the error code that is expected, ``OK`` for none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

OK = "OK"
NAME = "InvalidKeyPairName.Malformed"
REGION = "InvalidRegionId.NotFound"
PARAMETER = "InvalidParameter"
CONFLICT = "InvalidParameter.Conflict"
MISSING = "MissingParameter"
TAG_KEY, TAG_VALUE, TAGS = "InvalidTagKey.Malformed", "InvalidTagValue.Malformed", "QuotaExceed.Tags"
COMMENT = "InvalidComment.Malformed"
PASSPHRASE = "InvalidPassphrase.Malformed"
PATH = "InvalidPath.Malformed"
TEMPLATE = "{{ '{{ 7*7 }}' }}"


_MALFORMED_NAMES = (
    *("../evil", "a/b", "/abs", "..", ".", "", " ", "a", "-rf", "-oProxyCommand=x", "a b", " ab", "ab ", "a\nb", "a\rb", "a\tb"),
    *("a\0b", "a\x1b[31m", "a\x7fb", "ab\n", "1ab", "_ab", ".ab", ":ab", "a*b", "a?b", "a$b", "a`b", "a;b", "a|b", "a&b", "a'b"),
    *('a"b', "a\\b", "a%2fb", "~root", "a~b", "a@b", "a=b", "a#b", "a{b", "a,/b", TEMPLATE, "caf\u00e9", "cafe\u0301", "\u0430b"),
    *("\uff41\uff42", "a\u200bb", "a\u202eb", "a\u2028b", "a\u00a0b", "a\ufeffb", "\U0001f511\U0001f511", "a" * 129, "a" * 4096),
)
_MALFORMED_REGIONS = (
    *("../x", "", " ", "a/b", "/", "..", ".", "EU-1", "1eu", "-eu", "eu_1", "eu.1", "eu 1", "eu\n", "eu\0", "e\u0301u", "\u0435u"),
    *("r" * 64, "r" * 5000, TEMPLATE, True, 7),
)


@dataclass(frozen=True)
class Case:
    """One task: its options and what is expected of it."""

    title: str
    options: dict[str, Any]
    expected: str


def _each(option: str, expected: str, values: Iterable[Any]) -> Iterator[Case]:
    for number, value in enumerate(values, 1):
        yield Case(f"{option} {expected} {number}: {ascii(value)[:40]}".replace("{", "(").replace("}", ")"), {option: value}, expected)


def _names() -> Iterator[Case]:
    yield from _each("name", NAME, _MALFORMED_NAMES)
    yield from _each("name", NAME, [["good", "../evil"], ["good", ""], 1, 1.5, ["aa", ["bb"]], ["aa", {"b": 1}]])
    yield from _each(
        "name", OK, ["ab", "a:b", "a.b-c_d", "A" * 128, "Key", "key", "a..b", "nul", "CON", ["x1", "x1"], "a" + "9" * 127, True]
    )
    yield from _each("name", PARAMETER, [{"a": "b"}])
    yield Case("no name", {"name": None}, MISSING)


def _regions() -> Iterator[Case]:
    yield from _each("region", REGION, _MALFORMED_REGIONS)
    yield from _each("region", PARAMETER, [["eu", "us"], {"a": 1}])
    yield from _each("region", OK, ["e", "r" * 63, "eu-1-", "a--b"])


def _tags() -> Iterator[Case]:
    keys = ["", "aliyun", "aliyunx", "acs:x", "http://x", "https://x", "a\nb", "a\0b", "a\u2028b", "k" * 129, "PRIVATE KEY", "\x1b[0m"]
    yield from (Case(f"tag key {ascii(key)[:30]}", {"tags": {key: "v"}}, TAG_KEY) for key in keys)
    values = ["http://x", "https://x", "a\nb", "a\0b", "v" * 129, "v" * 1048576, "x PRIVATE KEY x", "\x7f", True, 1.5, None, [1], {"a": 1}]
    yield from (Case(f"tag value {ascii(value)[:30]}", {"tags": {"k": value}}, TAG_VALUE) for value in values)
    accepted = ["", "v" * 128, "\u00fc", "\U0001f511", 7, -7, "=", "aliyun", "'", '"', "\\", TEMPLATE, "null", "yes", "a" + "\u0301" * 127]
    yield from (Case(f"tag value {ascii(value)[:30]} is good", {"tags": {"k": value}}, OK) for value in accepted)
    yield Case("20 tags", {"tags": {str(number): "v" for number in range(20)}}, OK)
    yield Case("21 tags", {"tags": {str(number): "v" for number in range(21)}}, TAGS)
    yield Case("2000 tags", {"tags": {str(number): "v" for number in range(2000)}}, TAGS)
    yield Case("tag key of 128 characters", {"tags": {"k" * 128: "v"}}, OK)
    yield from _each("tags", PARAMETER, [["a"], "a", 7, True, [{"a": "b"}]])
    yield from _each("tags", OK, ["a=b", '{"a": "b"}', {}])


def _choices() -> Iterator[Case]:
    choices = ("type", "state", "regenerate", "on_missing_private_key", "private_key_format")
    for option in choices:
        yield from _each(option, PARAMETER, ["", "ED25519", "dsa", " ", "present\n", "x" * 10000, ["a", "b"], {"a": 1}])
    yield from _each("size", PARAMETER, ["x", "", 1.5, [], "0x100", "1" * 5000, {}])
    for key_type, size in (("rsa", 1024), ("rsa", 2047), ("rsa", 0), ("rsa", -1), ("rsa", 10**30), ("ecdsa", 255), ("ed25519", 512)):
        yield Case(f"{key_type} of {size}", {"type": key_type, "size": size}, PARAMETER)
    yield Case("size without type", {"size": 2048}, PARAMETER)
    yield Case("ed25519 as pkcs8", {"private_key_format": "pkcs8"}, PARAMETER)
    yield from _each("purge_tags", PARAMETER, ["maybe", 2, [], "", {}])
    yield from _each("remove_private_key", PARAMETER, ["maybe", "", []])
    yield from _each("lock_timeout", PARAMETER, [-1, 86401, 10**30, "x", 1.5, ""])
    yield from _each("an_unknown_option", "UnsupportedParameter", ["x", None, {"a": 1}])


def _texts() -> Iterator[Case]:
    bad = ["a\nb", "a\0b", "a\tb", " a", "a ", "c" * 1025, "c" * 1048576, "PRIVATE KEY", "\x1b[31m", "a\u2028b", "\u200b", "\r"]
    yield from _each("comment", COMMENT, bad)
    yield from _each("comment", PARAMETER, [["a"], {"a": "b"}])
    yield from _each("comment", OK, ["", "c" * 1024, "ssh-ed25519 AAAA", "\u00fc", TEMPLATE, 'command="x"', "# x", 7])
    yield from _each("passphrase", PASSPHRASE, ["", "abcd", "a\nbcde", "a\0bcde", "p" * 1024, "p" * 1048576, "\u00fc" * 512, "abcd\r"])
    yield from _each("passphrase", PARAMETER, [["12345"], {"a": "b"}])
    yield from _each("passphrase", OK, ["12345", "p" * 1023, "\u00fc" * 511, "  -  ", "'\"$`\\", TEMPLATE])


def _paths() -> Iterator[Case]:
    bad = ["", " ", "a\nb", "a\0b", "~nobody-of-that-name/x", "$KEYWRIGHT_NOT_SET/x", "/" + "x/" * 2048, "PRIVATE KEY", "a\x1bb"]
    for option in ("private_key_dir", "private_key_file", "registry"):
        yield from _each(option, PATH, bad)
    yield from _each("private_key_file", PATH, ["{root}/", "{root}/..", "/", "{root}/" + "f" * 256, "{root}/.keywright.x", "{root}/d/."])
    yield from _each("private_key_dir", PARAMETER, [["/x"], {"a": "b"}])
    yield from _each("registry", "Registry.UnknownBackend", ["http://x", "s3://x/y", "mysql://u@h/d", "x://"])
    yield from _each("private_key_dir", "PrivateKeyFile.Unwritable", ["/dev/null", "/dev/null/x", "/proc/x", "{root}/" + "d" * 256])
    yield from _each("adopt_private_key_file", "PrivateKeyFile.Unreadable", ["/dev/zero", "/dev/null", "{root}/none", "/", "/etc/passwd"])
    yield from _each("private_key_file", OK, ["{root}/ok/" + "f" * 255, "{root}/ok/a\u00fcb", "{root}/ok/../ok/x", "{root}/ok/-rf"])


def _conflicts() -> Iterator[Case]:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDUwxT/jZaObHAiug5ltXUbw2unhX23r+rXcbIwi4isl"
    for option, value in (("type", "rsa"), ("size", 2048), ("passphrase", "12345"), ("private_key_format", "pkcs8")):
        yield Case(f"public_key with {option}", {"public_key": key, option: value}, CONFLICT)
    for option in ("private_key_file", "adopt_private_key_file"):
        yield Case(f"public_key with {option}", {"public_key": key, option: "{root}/x"}, CONFLICT)
        yield Case(f"two names with {option}", {"name": ["aa", "bb"], option: "{root}/x"}, CONFLICT)
    yield Case("two names with public_key", {"name": ["aa", "bb"], "public_key": key}, CONFLICT)
    yield Case("501 names", {"name": [f"n{number}" for number in range(501)]}, "QuotaExceed.KeyPair")
    yield Case("101 names to remove", {"name": [f"n{number}" for number in range(101)], "state": "absent"}, "QuotaExceed.KeyPairNames")
    yield Case("no names", {"name": []}, OK)


def cases() -> list[Case]:
    """Return all cases."""
    parts = (_names(), _regions(), _tags(), _choices(), _texts(), _paths(), _conflicts())
    return [case for part in parts for case in part]
