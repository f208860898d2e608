# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON without what ``json`` lets pass: duplicate keys, NaN, fractions, a byte order mark, absurd numbers and nesting."""

from __future__ import annotations

import json
from typing import Any, NoReturn


class NotStrictJsonError(ValueError):
    """The text is not JSON of the strict kind; the argument completes "the document …"."""


def load(data: bytes) -> Any:
    """Return the value that UTF-8 JSON holds, or raise :class:`NotStrictJsonError`."""
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_refuse)
    except NotStrictJsonError:
        raise
    except UnicodeDecodeError:
        problem = "is not UTF-8"
    except json.JSONDecodeError as error:
        problem = f"is not JSON: {error.msg} at line {error.lineno}"
    except RecursionError:
        problem = "is nested too deeply"
    except ValueError:
        problem = "holds a number that is too long"
    raise NotStrictJsonError(problem)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    loaded = dict(pairs)
    if len(loaded) != len(pairs):
        raise NotStrictJsonError("has a key twice in one object")
    return loaded


def _refuse(number: str) -> NoReturn:
    raise NotStrictJsonError("holds a number that is not a whole one")
