# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks that handle secrets, well and badly, and tasks that are known to leak them."""

from __future__ import annotations

import secrets
from typing import Any

from ..places import MODULE, REGION
from .controller import Task
from .worlds import World

# Each run has its own: what another run on the machine shows to the search is no leak of this one.
PASSPHRASE = f"Canary-Passphrase-{secrets.token_hex(4)}"
PASTED = "{{ lookup('ansible.builtin.file', pasted) }}"
_KEPT = ("name", "tags", "comment", "public_key", "private_key_dir", "private_key_file", "adopt_private_key_file", "registry", "region")
BY_NAME = {"name": "{{ item.name }}", "passphrase": "{{ lookup('ansible.builtin.vars', item.secret) }}"}
FORMS = (
    "create",
    "create, encrypted",
    "in a loop",
    "in a loop, by names of variables",
    "transaction",
    "show",
    "show the loop",
    "bind",
    "pasted into name",
    "pasted into a tag",
    "passphrase, list",
    "passphrase, unknown option",
    "passphrase, for what differs",
    "passphrase, of another file",
    "passphrase, in the way",
    "bind, passphrase in a list",
    "in a loop, wrong",
    "in a loop, one wrong",
)
_CHOSEN = ("type", "size", "state", "regenerate", "purge_tags", "lock_timeout", "private_key_format", "on_missing_private_key")


def good_tasks(world: World) -> list[Task]:
    """Return tasks that succeed, in the forms that users write."""
    word = "{{ canary }}"
    listed = {"region": REGION, "registry": str(world.registry)}
    return [
        world.task("create", {"name": "plain"}, register="made"),
        world.task("create, encrypted", {"name": "locked", "passphrase": word}),
        world.task("create, pkcs8", {"name": "other", "type": "ecdsa", "private_key_format": "pkcs8", "passphrase": word}),
        world.task("create, pkcs1", {"name": "old", "type": "rsa", "size": 2048, "private_key_format": "pkcs1"}),
        world.task("in a loop", {"name": "{{ item }}", "passphrase": word}, loop=["one", "two"], register="looped"),
        world.task("in a loop, by names of variables", BY_NAME, loop=[{"name": "five", "secret": "canary"}]),
        world.task("transaction", {"name": ["three", "four"], "passphrase": word, "tags": {"a": "b"}}),
        world.task("regenerate", {"name": "locked", "type": "ecdsa", "regenerate": "full_idempotence", "passphrase": word}),
        world.task("adopt", {"name": "adopted", "adopt_private_key_file": "{{ locked }}", "passphrase": word}),
        {"name": "show", "ansible.builtin.debug": {"var": "made"}},
        {"name": "show the loop", "ansible.builtin.debug": {"var": "looped"}},
        {"name": "keep", "ansible.builtin.set_fact": {"kept": "{{ made }}", "cacheable": True}},
        {"name": "count", "ansible.builtin.set_stats": {"data": {"made": "{{ made }}"}}},
        {"name": "list", "keywright.ssh.ssh_keypair_info": listed, "register": "found"},
        {"name": "show the list", "ansible.builtin.debug": {"var": "found"}},
        world.binding("bind", {"name": "locked", "passphrase": word}),
        world.task("remove", {"name": "other", "state": "absent", "remove_private_key": True, "passphrase": word}),
    ]


def bad_tasks(world: World) -> list[Task]:
    """Return tasks that fail: a secret in an option where it does not belong, a wrong secret, a place that cannot be written."""
    word = "{{ canary }}"
    tasks = [world.task(f"pasted into {option}", {"name": f"bad-{option}", option: PASTED}) for option in (*_KEPT, *_CHOSEN)]
    tasks.append(world.task("pasted into a tag", {"name": "bad", "tags": {"a": PASTED}}))
    wrong: dict[str, dict[str, Any]] = {
        "list": {"passphrase": [word]},
        "dictionary": {"passphrase": {"a": word}},
        "with a newline": {"passphrase": f"{word}\n{word}"},
        "too long": {"passphrase": "{{ canary * 50 }}"},
        "unknown option": {"passphras": word},
        "with another option": {"passphrase": word, "public_key": PASTED},
        "of another type": {"passphrase": word, "type": "ed25519", "private_key_format": "pkcs8"},
        "for a wrong size": {"passphrase": word, "size": 77, "type": "rsa"},
        "for what differs": {"name": "plain", "passphrase": word, "type": "rsa"},
        "of another file": {"passphrase": word + "x", "adopt_private_key_file": "{{ locked }}"},
        "in a directory that is a file": {"passphrase": word, "private_key_dir": "{root}/file"},
        "in the way": {"passphrase": word, "private_key_file": "{root}/file"},
        "where no file can be made": {"passphrase": word, "private_key_dir": "/proc/self"},
    }
    tasks += [
        world.task(f"passphrase, {title}", {"name": f"bad{number}", **options}) for number, (title, options) in enumerate(wrong.items())
    ]
    tasks.append(world.binding("bind, no login", {"name": "locked", "passphrase": word, "verify": True, "exclusive": True}))
    tasks.append(world.binding("bind, pasted", {"name": PASTED, "passphrase": word}))
    tasks.append(world.binding("bind, passphrase in a list", {"name": "locked", "passphrase": [word]}))
    tasks.append(world.task("in a loop, wrong", {"name": "bad", "passphrase": "{{ [canary] }}"}, loop=["x", "y"]))
    looped = [{"name": "six", "secret": "canary"}, {"name": "no/name", "secret": "canary"}]
    tasks.append(world.task("in a loop, one wrong", BY_NAME, loop=looped))
    return tasks


def chosen(tasks: list[Task]) -> list[Task]:
    """Return tasks of each form; what all others return is in the output of other runs, and plugins get no more than that."""
    return [task for task in tasks if task["name"] in FORMS]


def rescued(tasks: list[Task]) -> list[Task]:
    """Return the tasks such that a failure is one, which some callback plugins only then tell, and the run goes on."""
    return [{"name": "strictly", "block": strict([task]), "rescue": [{"ansible.builtin.meta": "noop"}]} for task in tasks]


def strict(tasks: list[Task]) -> list[Task]:
    """Return the tasks such that a failure ends the play for the host."""
    return [{keyword: value for keyword, value in task.items() if keyword != "ignore_errors"} for task in tasks]


def leaking_tasks() -> list[Task]:
    """Return tasks that print a secret, each of which the search must find."""
    word = "{{ canary }}"
    return [
        {"name": "control: debug", "ansible.builtin.debug": {"msg": word}},
        {"name": "control: key", "ansible.builtin.debug": {"msg": PASTED}},
        {"name": "control: wrapped", "ansible.builtin.debug": {"msg": "{{ (lookup('ansible.builtin.file', pasted) | b64encode) }}"}},
        {"name": "control: failure", "ansible.builtin.fail": {"msg": word}, "no_log": True, "ignore_errors": True},
        {"name": "control: fact", "ansible.builtin.set_fact": {"leaked": word, "cacheable": True}},
    ]


def with_options(tasks: list[Task], **options: Any) -> list[Task]:
    """Return the tasks of this module's plugin with more options."""
    return [{**task, MODULE: {**task[MODULE], **options}} if MODULE in task else task for task in tasks]
