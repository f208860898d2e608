# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each statement that runs while the private key is in memory raises an error that holds the key: nothing of it is shown."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .canary import Detector, forms_of, forms_of_file
from .controller import CHECKOUT, Result, Task
from .injection import Point
from .invariant import violations_after_error
from .kills import Trial, repair, trials
from .operations import Stage
from .table import Row
from .worlds import World

HOOKS = CHECKOUT / "tests" / "faults" / "hooks"
COLLECTION = "keywright/ssh/plugins"
SAMPLED = 48
LOUD = ("-vvvv",)
TRACEBACKS = {"ANSIBLE_DISPLAY_TRACEBACK": "always"}


class Statements:
    """The folder by which the tasks are told which of their statements raises."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secrets = folder / "secrets"
        folder.mkdir()
        self.begin_at(0)

    def begin_at(self, number: int) -> None:
        """Let the next task raise at a statement, and each further task at the one after; 0 is none."""
        (self.folder / "next").write_text(f"{number}\n")
        (self.folder / "log").write_text("")

    def met(self) -> list[str]:
        """Return the statements that were noted."""
        return [line.partition(" ")[2] for line in (self.folder / "log").read_text().splitlines()]

    def told(self) -> list[str]:
        """Return the private numbers of the keys that were born, for the search."""
        return self.secrets.read_text().split() if self.secrets.exists() else []

    def variables(self) -> dict[str, str]:
        """Return the variables of a run that is told."""
        return {
            "PYTHONPATH": str(HOOKS),
            "KEYWRIGHT_FAULTS_STATEMENTS": str(self.folder),
            "KEYWRIGHT_FAULTS_SECRETS": str(self.secrets),
            **TRACEBACKS,
        }


def sweep(stage: Stage, sample: bool) -> list[Row]:
    """Let each statement raise; a sample takes every 48th, and the last of all."""
    row = Row("raised: every statement that holds the key, in a create")
    return swept(stage, Row("raised: a control that is found"), row, SAMPLED if sample else 1)


def swept(stage: Stage, control: Row, row: Row, step: int) -> list[Row]:
    """Let every so many statements raise, the last of all among them, after a control that the same search must find; fill both rows."""
    create = stage.operations[0]
    statements = Statements(stage.controller.folder / "statements")
    probe = next(stage.worlds_for(create, "statement"))
    stage.controller.playbook([create.task("probe", probe)], variables=statements.variables())
    places = [Point("statement", number, told) for number, told in enumerate(statements.met(), 1)]
    _control(stage, statements, probe, control)
    struck = trials(stage, create, "raise", places[(len(places) - 1) % step :: step])
    row.tried("probe", [] if len(places) > 100 else [f"only {len(places)} statements were met"])
    results, output = _raise(stage, statements, struck, step)
    met = len(statements.met())
    row.tried("struck", [] if met == len(struck) else [f"{met} statements raised instead of {len(struck)}"])
    found = repair(stage, struck)
    for trial, result in zip(struck, results, strict=True):
        row.tried(trial.point.label, _violations(trial, result) + found[trial])
    born = len(statements.told())
    row.tried("secrets", [] if born > len(struck) else [f"only {born} keys were told to the search, which others could pass by"])
    row.leaked += [f"the output holds {name}" for name in _found(statements, output, [trial.world for trial in struck])]
    return [control, row]


def _control(stage: Stage, statements: Statements, probe: World, row: Row) -> None:
    """Count a failure if the search misses the key that tasks print: as it is, known from its birth, and the file in Base64."""
    told = len(statements.told())
    row.tried("secrets", [] if told == 1 else [f"the probe told the search of {told} keys instead of one"])
    files = list(probe.keys.glob("*.pem"))
    row.tried("delivered", [] if len(files) == 2 else [f"there are {len(files)} private keys instead of the probe's and a bystander's"])
    file = str(probe.keys / f"{stage.operations[0].names[0]}.pem")
    tasks: tuple[tuple[list[World], Task], ...] = (
        ([], {"name": "debug", "ansible.builtin.debug": {"msg": "{{ lookup('ansible.builtin.file', '" + file + "') }}"}}),
        ([probe], {"name": "slurp", "ansible.builtin.slurp": {"src": file}}),
    )
    for worlds, task in tasks:
        output = stage.controller.playbook([task], LOUD, statements.variables()).output
        row.tried(task["name"], [] if _found(statements, output, worlds) else ["the search does not find it"])


def _found(statements: Statements, output: str, worlds: Iterable[World]) -> list[str]:
    """Return which private keys the output holds: those that were born, and those that were delivered into the worlds."""
    detector = Detector()
    for number in statements.told():
        detector.add("a private key", forms_of(bytes.fromhex(number)))
    for world in worlds:
        for path in world.keys.glob("*.pem"):
            detector.add("a private key file", forms_of_file(path.read_bytes()))
    return detector.found_in(output.encode())


def _raise(stage: Stage, statements: Statements, struck: list[Trial], step: int) -> tuple[list[Result | None], str]:
    statements.begin_at(struck[0].point.number)
    tasks = [trial.operation.task(trial.point.label, trial.world) for trial in struck]
    run = stage.controller.playbook(tasks, LOUD, {**statements.variables(), "KEYWRIGHT_FAULTS_STEP": str(step)})
    return [run.of(trial.point.label) for trial in struck], run.output


def _violations(trial: Trial, result: Result | None) -> list[str]:
    if result is None:
        return ["the run ended early"]
    found = violations_after_error(trial.world, trial.memory)
    return found + (["a traceback tells the collection's code"] if COLLECTION in str(result.result) else [])
