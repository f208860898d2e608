# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random tasks, stopped at random, and hands that meddle with the files and the registry's hosts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from ansible_collections.keywright.ssh.plugins.module_utils._delivery.adoption import public_half_of
from ansible_collections.keywright.ssh.plugins.module_utils._model.material import Material
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.builders import material, private_key_bytes
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.modelled_bindings import HOST_GOES, bind_or_unbind
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.modelled_worlds import REGIONS, ModelledWorld
from ansible_collections.keywright.ssh.tests.unit.plugins.module_utils.models import (
    goes_together,
)
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

NAMES = ("aa", "bb")

regions = st.sampled_from(REGIONS)
names = st.sampled_from(NAMES)
several_names = st.lists(names, min_size=1, max_size=2, unique=True)
folders = st.sampled_from([None, None, "keys", "other/deep"])
tags = st.sampled_from([None, None, {}, {"a": "b"}, {"c": "d", "e": ""}])
comments = st.sampled_from([None, None, "", "mine", "two words"])
choices = st.sampled_from(["fail", "never", "full_idempotence", "full_idempotence"])
on_missing = st.sampled_from(["warn", "ignore", "fail", "regenerate"])
kinds = st.sampled_from([{}, {}, {"type": "ed25519"}, {"type": "ecdsa"}, {"type": "ecdsa", "size": 384}])
updates = st.fixed_dictionaries({"tags": tags, "purge_tags": st.booleans(), "comment": comments})
reactions = st.fixed_dictionaries({"regenerate": choices, "on_missing_private_key": on_missing})
imported = st.sampled_from([material(1), material(2), material(2, comment="laptop"), material(3, "ecdsa"), material(4, "rsa", 2048)])
foreign = st.sampled_from([private_key_bytes(1), private_key_bytes(5), private_key_bytes(6), b"no key at all\n"])
stops = st.lists(
    st.tuples(st.sampled_from(["kill", "kill", "error", "error though done", "alarm", "alarm right after"]), st.integers(1, 45)), max_size=2
)
host_stops = stops | st.lists(st.tuples(st.just(HOST_GOES), st.integers(1, 6)), max_size=2)
which = st.integers(0, 50)

T = TypeVar("T")


class Machine(RuleBasedStateMachine):
    """One controller, its model, and everything that may happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self.at = ModelledWorld()

    def teardown(self) -> None:
        self.at.close()

    @initialize(update=updates, kind=kinds)
    def begin(self, update: dict[str, Any], kind: dict[str, Any]) -> None:
        self.at.run(self.at.wish(REGIONS[0], *NAMES, **kind, **update), ())

    @rule(region=regions, them=several_names, kind=kinds, folder=folders, update=updates, reaction=reactions, stopped=stops)
    def create(
        self,
        region: str,
        them: list[str],
        kind: dict[str, Any],
        folder: str | None,
        update: dict[str, Any],
        reaction: dict[str, Any],
        stopped: list[tuple[str, int]],
    ) -> None:
        chosen = them if goes_together(self.at.model, region, them) else them[:1]
        stated = None if folder is None else str(self.at.folder / folder)
        self.at.run(self.at.wish(region, *chosen, private_key_dir=stated, **kind, **update, **reaction), stopped)

    @rule(region=regions, name=names, given=imported, update=updates, reaction=reactions, stopped=stops)
    def import_public_key(
        self, region: str, name: str, given: Material, update: dict[str, Any], reaction: dict[str, Any], stopped: list[tuple[str, int]]
    ) -> None:
        self.at.run(self.at.wish(region, name, material=given, **update, **reaction), stopped)

    @precondition(lambda self: self.at.key_files())
    @rule(region=regions, name=names, number=which, update=updates, reaction=reactions, stopped=stops)
    def adopt(
        self, region: str, name: str, number: int, update: dict[str, Any], reaction: dict[str, Any], stopped: list[tuple[str, int]]
    ) -> None:
        file = _one_of(self.at.key_files(), number)
        key, cause = public_half_of(str(file), None)
        given = Material(key.type, key.size, key.fingerprint, key.line(""), key.comment)
        self.at.run(self.at.wish(region, name, material=given, adopted_file=str(file), adopted_cause=cause, **update, **reaction), stopped)

    @precondition(lambda self: self.at.model.entries)
    @rule(number=which, all_names=st.booleans(), remove=st.sampled_from([True, True, False]), stopped=stops)
    def absent(self, number: int, all_names: bool, remove: bool, stopped: list[tuple[str, int]]) -> None:
        region, name = _one_of(sorted(self.at.model.entries), number)
        them = NAMES if all_names and goes_together(self.at.model, region, NAMES) else (name,)
        self.at.run(self.at.wish(region, *them, present=False, remove_private_key=remove), stopped)

    @rule(region=regions, name=names, unbinds=st.booleans(), stopped=host_stops)
    def bind(self, region: str, name: str, unbinds: bool, stopped: list[tuple[str, int]]) -> None:
        bind_or_unbind(self.at, region, name, unbinds, stopped)

    @precondition(lambda self: self.at.model.files)
    @rule(number=which, how=st.sampled_from(["vanishes", "is exchanged", "is moved"]), name=names, content=foreign)
    def a_file(self, number: int, how: str, name: str, content: bytes) -> None:
        file, target = _one_of(self.at.files_to_meddle_with(), number), self.at.folder / "keys" / f"{name}.pem"
        if how == "is exchanged":
            self.at.put(file, content)
        elif how == "is moved" and target not in self.at.model.files:
            self.at.put(target, self.at.take(file))
        else:
            self.at.take(file)

    @rule(name=names, content=foreign, folder=st.sampled_from(["keys", "other/deep"]))
    def a_foreign_file_is_put_there(self, name: str, content: bytes, folder: str) -> None:
        file = self.at.folder / folder / f"{name}.pem"
        if file not in self.at.model.files:
            self.at.put(file, content)


def _one_of(them: Sequence[T], number: int) -> T:
    return them[number % len(them)]
