# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets are searched in what callback plugins print, write and send: each of ansible-core's and of the package ``ansible``'s.

Which plugins ran is not guessed from the output: the plugin "recorded" writes down which ones Ansible had loaded at the end.
"""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .callback_settings import RECEIVED, SETTINGS, SPEAKER, Settings
from .controller import CHECKOUT, Controller, Run, Task
from .leak_scenes import LOUD, QUIET, Scene, Way, ended, unexpected
from .leak_tasks import bad_tasks, chosen, good_tasks, rescued
from .operations import Stage
from .sinks import Sink, sink
from .statements import HOOKS, TRACEBACKS
from .table import Row

PEERS = CHECKOUT / ".build" / "venv-peers" / "bin"
FAULTS = CHECKOUT / "tests" / "faults"
OFFLINE = "leaks: callback plugins that run offline"
SAMPLED = ("ansible.builtin.default", "ansible.builtin.junit")
AT_ONCE = 2
REASON = 300
_TYPES = """
import json, sys
from ansible.plugins.loader import callback_loader, init_plugin_loader
init_plugin_loader()
print("\\n" + json.dumps({name: getattr(callback_loader.get(name, class_only=True), "CALLBACK_TYPE", "") for name in sys.argv[1:]}))
"""
_numbers = itertools.count()
_FAILING = re.compile(r"Failure using method \((\w+)\)|Callback dispatch '(\w+)' failed")


@dataclass(frozen=True)
class Plugin:
    """A callback plugin; its type decides how Ansible is told to load it."""

    name: str
    type: str

    @property
    def settings(self) -> Settings:
        """Return what it needs."""
        return SETTINGS.get(self.name, Settings())

    @property
    def enabled(self) -> dict[str, str]:
        """Return the variables that make Ansible load it as what it is."""
        if self.type == "stdout":
            return {"ANSIBLE_STDOUT_CALLBACK": self.name}
        return {"ANSIBLE_CALLBACKS_ENABLED": f"recorded,{self.name}"}


@dataclass(frozen=True)
class Outcome:
    """What came of a run with a plugin; ``declined`` says why the plugin did not run, as Ansible told it."""

    plugin: Plugin
    label: str
    declined: str
    lost: list[str]
    leaked: list[str]


class Listener:
    """A scene in which a plugin finds all that it needs, and a sink for what it sends."""

    def __init__(self, scene: Scene, plugin: Plugin, opened: Sink, arguments: Sequence[str]) -> None:
        self.scene, self.plugin, self.settings, self._sink = scene, plugin, plugin.settings, opened
        self.title = f"{plugin.name} {' '.join(arguments)}".strip()
        self._loaded = scene.folder / "loaded"
        self._places = {
            "{folder}": str(scene.folder),
            "{stream}": str(opened.stream),
            "{mail}": str(opened.mail),
            "{datagrams}": str(opened.datagrams),
            "{certificate}": str(scene.folder / "inputs" / "sink.pem"),
            "{path}": f"{scene.controller.programs}:{os.environ['PATH']}",
        }
        for name, text in {**self.settings.files, "bin/espeak": SPEAKER, "ansible.cfg": self.settings.configuration}.items():
            file = scene.folder / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(self._placed(text))
            file.chmod(0o755)
        variables = {
            "PYTHONPATH": f"{HOOKS}:{FAULTS / 'stubs'}",
            "ANSIBLE_CALLBACK_PLUGINS": f"{FAULTS / 'callbacks'}:{FAULTS / 'leaky'}",
            "ANSIBLE_CONFIG": str(scene.folder / "ansible.cfg"),
            "KEYWRIGHT_FAULTS_LOADED": str(self._loaded),
            **TRACEBACKS,
            **plugin.enabled,
            **{name: self._placed(value) for name, value in self.settings.variables.items()},
        }
        self.way = Way(self.title, arguments, variables)

    def _placed(self, text: str) -> str:
        for place, value in self._places.items():
            text = text.replace(place, value)
        return text

    def playbook(self, good: list[Task], bad: list[Task]) -> Outcome:
        """Run tasks that succeed and tasks that fail, and search all that is left then."""
        # The plugin "selective" tells what has this tag.
        run = self.scene.run(good + rescued(bad), self.way, tags=["print_action"])
        self._sink.settle()
        declined = self._declined(run)
        lost = [] if declined else unexpected(run, good, bad, False) + self._deaf(run)
        return Outcome(self.plugin, f"{self.title}, playbook", declined, lost, self._found())

    def ad_hoc(self) -> list[Outcome]:
        """Run a command that succeeds and one that fails; what plugins tell of those without a playbook is their own affair."""
        outcomes = []
        for options, succeeds in (({}, True), ({"size": 7}, False)):
            run = self.scene.ad_hoc(options, self.way)
            self._sink.settle()
            declined = self._declined(run)
            lost = [] if declined else ended(run, succeeds)
            outcomes.append(Outcome(self.plugin, f"{self.title}, ad-hoc", declined, lost, self._found()))
        return outcomes

    def _found(self) -> list[str]:
        return self.scene.found(self.scene.detector())

    def _declined(self, run: Run) -> str:
        """Return why the plugin was not among those that ran, empty if it was."""
        loaded = json.loads(self._loaded.read_text()) if self._loaded.exists() else []
        self._loaded.unlink(missing_ok=True)
        name = self.plugin.name.removeprefix("ansible.builtin.")
        mine = [told for told in loaded if {name, f"ansible.builtin.{name}"} & set(told["names"])]
        if mine and not any(told["disabled"] for told in mine):
            return ""
        return f"{'it disabled itself' if mine else 'it was not loaded'}: {_reason(run.output, name)}"

    def _deaf(self, run: Run) -> list[str]:
        """Return where the plugin failed on its own, or told nothing, so that there was nothing to search in."""
        events = {event for found in _FAILING.findall(" ".join(run.output.split())) for event in found if event}
        found = [f"the plugin failed in {event}" for event in sorted(events - set(self.settings.fails_in))]
        files = self.scene.folder.glob(self.settings.records) if self.settings.records else ()
        if self.settings.records and not any(self.settings.tells.encode() in file.read_bytes() for file in files):
            found.append(f"the plugin left no '{self.settings.tells}' in {self.settings.records}")
        return found


def _reason(output: str, name: str) -> str:
    """Return what Ansible said about a plugin, as far as that can be told from the rest of the output."""
    said = [line.strip() for line in re.split(r"\n(?=\[|ERROR|\S)", output) if "[WARNING]" in line or "ERROR" in line]
    about = [line for line in said if name.rpartition(".")[2].casefold() in line.casefold()]
    return " ".join((about or said or [output])[0].split())[:REASON]


def run_with(stage: Stage, plugin: Plugin, arguments: Sequence[str], programs: Path | None, by_itself: bool = True) -> list[Outcome]:
    """Run a plugin in a playbook, and in ad-hoc commands if those are asked for."""
    # A short name, for ansible-core 2.21 and later make a socket below the folder, whose path cannot be longer than 107 bytes.
    scene = Scene(stage, f"callback-{next(_numbers)}", programs)
    good, bad = chosen(good_tasks(scene.world)), chosen(bad_tasks(scene.world))
    with sink(scene.folder / RECEIVED, scene.folder / "inputs" / "sink.pem") as opened:
        listener = Listener(scene, plugin, opened, arguments)
        outcomes = [listener.playbook(good, bad)]
        if by_itself and not outcomes[0].declined:
            outcomes += listener.ad_hoc()
    scene.remove()
    return outcomes


def listed(controller: Controller, programs: Path) -> list[str]:
    """Return the names of all callback plugins that an ansible-core, or the package that it came with, ships."""
    told = controller.run([str(programs / "ansible-doc"), "-t", "callback", "-l", "--json"], {}).output
    names: dict[str, str] = json.JSONDecoder().raw_decode(told[told.index("{") :])[0]
    # The harness's own plugins are listed among the user's.
    return sorted(name for name in names if "." in name and not name.startswith("ansible.legacy."))


def typed(controller: Controller, programs: Path, names: Iterable[str]) -> list[Plugin]:
    """Return the plugins of these names, each with the type that its class states; one that cannot be loaded has none."""
    told = controller.run([str(programs / "python"), "-c", _TYPES, *names], {}).output
    types = json.loads(next(line for line in told.splitlines() if line.startswith("{")))
    return [Plugin(name, kind) for name, kind in types.items()]


def controls(stage: Stage) -> Row:
    """Return a row that fails if the search misses what a plugin shows and sends, or takes one that is not there for one that ran."""
    row = Row("leaks: callback plugins, controls that are found")
    for name in ("leaky", "no.such.plugin"):
        scene = Scene(stage, name)
        with sink(scene.folder / RECEIVED, scene.folder / "inputs" / "sink.pem") as opened:
            listener = Listener(scene, Plugin(name, "notification"), opened, QUIET)
            outcome = listener.playbook(good_tasks(scene.world)[:1], [])
        if name == "leaky":
            row.tried("it runs", [outcome.declined] if outcome.declined else outcome.lost)
            for place in (".output holds", f"{RECEIVED} holds"):
                row.tried(place, [] if place in " ".join(scene.found(scene.detector())) else ["the search does not find it there"])
        else:
            row.tried("a plugin that is not there", [] if "not loaded" in outcome.declined else ["it is taken for one that ran"])
        scene.remove()
    return row


def rows(stage: Stage, sample: bool) -> list[Row]:
    """Return the rows of all callback plugins, quiet and loud; a sample has two that run everywhere, loud and in a playbook."""
    if sample:
        programs, names = stage.controller.programs, list(SAMPLED)
    elif not PEERS.is_dir():
        return [controls(stage), Row(OFFLINE, lost=[f"{PEERS} is not there, and so are not the plugins of the package ansible"])]
    else:
        programs, names = PEERS, listed(stage.controller, PEERS)
    ways = (LOUD,) if sample else (QUIET, LOUD)
    plugins = typed(stage.controller, programs, names)
    return [controls(stage), *searched(stage, OFFLINE, programs, plugins, ways, sample)]


def shipped(stage: Stage, fault: str, programs: Path) -> list[Row]:
    """Return the rows of the plugins that an ansible-core itself ships."""
    names = [name for name in listed(stage.controller, programs) if name.startswith("ansible.builtin.")]
    return searched(stage, fault, programs, typed(stage.controller, programs, names), (LOUD,), sample=True)


def searched(stage: Stage, fault: str, programs: Path, plugins: list[Plugin], ways: Sequence[tuple[str, ...]], sample: bool) -> list[Row]:
    """Run each plugin in each way; those that only listen tell the same at every verbosity, so they run at the loudest, in a playbook."""

    def run(job: tuple[Plugin, tuple[str, ...]]) -> list[Outcome]:
        plugin, arguments = job
        return run_with(stage, plugin, arguments, programs, by_itself=_shows(plugin) and arguments == LOUD and not sample)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(run, [(plugin, arguments) for plugin in plugins for arguments in ways if arguments == LOUD or _shows(plugin)])
        return counted(fault, [outcome for outcomes in found for outcome in outcomes])


def _shows(plugin: Plugin) -> bool:
    """Tell whether a plugin is the one that writes the output, which differs with the verbosity and without a playbook."""
    return plugin.type == "stdout"


def counted(fault: str, outcomes: Iterable[Outcome]) -> list[Row]:
    """Return a row of the plugins that ran, and one of those that declined if there are any."""
    ran, declined = Row(fault), Row(f"{fault}: declined")
    for outcome in outcomes:
        if not outcome.declined:
            ran.tried(outcome.label, outcome.lost, outcome.leaked)
            continue
        may = outcome.plugin.settings.may_decline
        declined.tried(outcome.label, [] if may else [f"it has to run: {outcome.declined}"], outcome.leaked)
        declined.noted += [f"{outcome.label}: it {may}; {outcome.declined}"] if may else []
    return [ran, declined] if declined.tries else [ran]
