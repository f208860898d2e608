# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each callback plugin needs to run offline, and where it then leaves what it tells.

``{folder}`` is the folder of a run, ``{stream}``, ``{mail}`` and ``{datagrams}`` are ports of the sink that plays the servers,
``{certificate}`` is what makes clients trust it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

RECEIVED = "received"
# A name in the result of one of the tasks, the name of another one, and what reports that count tasks hold.
RESULT, TASK, HOST = "no/name", "create, encrypted", "localhost"
SERVER = "http://127.0.0.1:{stream}"
TOKEN = "token"
_CGROUP = ("memory.max_usage_in_bytes", "memory.usage_in_bytes", "cpuacct.usage", "pids.current")


@dataclass(frozen=True)
class Settings:
    """The variables, the configuration and the files of a plugin.

    ``records`` is a pattern of files of which one must hold ``tells`` after a run, or the plugin has told nothing of it.
    ``fails_in`` are events that the plugin itself cannot take, which is not for this collection to mend. ``may_decline`` says
    what a machine needs for it, if not all have that; a plugin that declines though it may not is a failure.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    configuration: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    records: str = ""
    tells: str = RESULT
    fails_in: tuple[str, ...] = ()
    may_decline: str = ""


def _served(tells: str = RESULT, **variables: str) -> Settings:
    return Settings(variables, records=RECEIVED, tells=tells)


_DIY = "{{ ansible_callback_diy.result.output | to_json }}"
# Those servers' names cannot be chosen.
_PROXY = {"HTTPS_PROXY": SERVER, "SSL_CERT_FILE": "{certificate}", "REQUESTS_CA_BUNDLE": "{certificate}"}

SETTINGS: dict[str, Settings] = {
    "ansible.builtin.junit": Settings({"JUNIT_OUTPUT_DIR": "{folder}/junit"}, records="junit/*"),
    "ansible.builtin.tree": Settings({"ANSIBLE_CALLBACK_TREE_DIR": "{folder}/tree"}, records="tree/*"),
    "ansible.posix.cgroup_perf_recap": Settings(
        # The plugin looks for its group below these three; the way leads out of there again.
        {"CGROUP_CONTROL_GROUP": "../../../..{folder}/group", "CGROUP_WRITE_FILES": "True", "CGROUP_OUTPUT_DIR": "{folder}/perf"},
        files={f"group/{name}": "0\n" for name in _CGROUP},
        records="perf/*",
        tells=TASK,
        may_decline="needs the first version of control groups",
    ),
    "community.general.cgroup_memory_recap": Settings(
        {"CGROUP_MAX_MEM_FILE": "{folder}/group/max", "CGROUP_CUR_MEM_FILE": "{folder}/group/current"},
        files={"group/max": "0\n", "group/current": "0\n"},
        # If the task before was over before the plugin's thread had read anything.
        fails_in=("v2_playbook_on_task_start", "v2_playbook_on_stats"),
    ),
    "community.general.diy": Settings(
        {f"ANSIBLE_CALLBACK_DIY_RUNNER_{event}_MSG": _DIY for event in ("ON_OK", "ON_FAILED", "ITEM_ON_OK", "ITEM_ON_FAILED")}
    ),
    "community.general.elastic": _served(TASK, ELASTIC_APM_SERVER_URL=SERVER, ELASTIC_APM_CLOUD_PROVIDER="none"),
    "community.general.jabber": _served(
        HOST, JABBER_SERV="127.0.0.1", JABBER_USER="a@b", JABBER_PASS=TOKEN, JABBER_TO="c@d", KEYWRIGHT_FAULTS_JABBER="{stream}"
    ),
    "community.general.log_plays": Settings({"ANSIBLE_LOG_FOLDER": "{folder}/plays"}, records="plays/*"),
    "community.general.loganalytics": _served(WORKSPACE_ID="space", WORKSPACE_SHARED_KEY="c2hhcmVk", **_PROXY),
    "community.general.logdna": _served(LOGDNA_INGESTION_KEY=TOKEN, LOGDNA_HOSTNAME="localhost", **_PROXY),
    "community.general.logentries": Settings(
        {"LOGENTRIES_API": "127.0.0.1", "LOGENTRIES_PORT": "{stream}", "LOGENTRIES_ANSIBLE_TOKEN": TOKEN},
        records=RECEIVED,
        # It asks who is logged in, and fails where nobody is.
        fails_in=("v2_playbook_on_play_start",),
    ),
    "community.general.logstash": _served(LOGSTASH_SERVER="127.0.0.1", LOGSTASH_PORT="{stream}", LOGSTASH_FORMAT_VERSION="v2"),
    "community.general.mail": Settings(
        configuration="[callback_mail]\nsmtphost = 127.0.0.1\nsmtpport = {mail}\nsender = a@localhost\nto = b@localhost\n",
        records=RECEIVED,
    ),
    "community.general.nrdp": _served(HOST, NRDP_URL=SERVER, NRDP_TOKEN=TOKEN, NRDP_HOSTNAME="localhost", NRDP_SERVICENAME="test"),
    "community.general.opentelemetry": _served(
        OTEL_EXPORTER_OTLP_ENDPOINT=SERVER, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL="http/protobuf", OTEL_EXPORTER_OTLP_COMPRESSION="none"
    ),
    "community.general.say": Settings({"PATH": "{folder}/bin:{path}"}, records="said", tells=TASK),
    "community.general.slack": _served(HOST, SLACK_WEBHOOK_URL=SERVER),
    "community.general.splunk": _served(SPLUNK_URL=SERVER, SPLUNK_AUTHTOKEN=TOKEN),
    "community.general.sumologic": _served(SUMOLOGIC_URL=SERVER),
    "community.general.syslog_json": _served(SYSLOG_SERVER="127.0.0.1", SYSLOG_PORT="{datagrams}"),
    # It skips the start of a play, which the plugin that it derives from needs at the first task.
    "community.general.tasks_only": Settings(fails_in=("v2_playbook_on_task_start",)),
    # It uses a name that it does not define, whichever module shows a difference that is no text.
    "community.general.yaml": Settings(fails_in=("v2_on_file_diff",)),
    "community.grafana.grafana_annotations": _served(GRAFANA_URL=SERVER, GRAFANA_API_KEY=TOKEN),
    "theforeman.foreman.foreman": _served(FOREMAN_URL=SERVER),
    # No one's: the control that must be found.
    "leaky": Settings({"LEAKY_URL": SERVER}),
}
# A stand-in for the programs that speak: it writes down what it is to say.
SPEAKER = '#!/bin/sh\nprintf "%s\\n" "$*" >>"{folder}/said"\n'
