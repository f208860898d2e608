# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make registries whose document eu-1.json must be refused.

Usage: spoil.py REGISTRY FOLDER. Makes one registry per case in FOLDER, each with a sound eu-2.json.
"""

from __future__ import annotations

import os
import sys

REGISTRY, FOLDER = sys.argv[1:]


def read(name: str) -> str:
    with open(os.path.join(REGISTRY, name), encoding="utf-8") as file:
        return file.read()


SOUND = read("eu-1.json")
DOCUMENTS = {
    "truncated": SOUND[: len(SOUND) // 2],
    "cut_by_one_line": SOUND.removesuffix("}\n"),
    "empty": "",
    "list": "[]\n",
    "twice": SOUND + SOUND,
    "newer": SOUND.replace('"schema_version": 1', '"schema_version": 2'),
    "unknown_field": SOUND.replace('"schema_version": 1', '"schema_version": 1, "more": 1'),
    "other_region": read("eu-2.json"),
    "secret": SOUND.replace('"team": "ops"', '"team": "-----BEGIN OPENSSH PRIVATE KEY-----"'),
    "other_key": SOUND.replace("SHA256:law4RI", "SHA256:lawXXX"),
    "writable": SOUND,
    "symlink": SOUND,
}


def write(path: str, text: str, mode: int = 0o600) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def main() -> None:
    for case, text in DOCUMENTS.items():
        folder = os.path.join(FOLDER, case)
        os.makedirs(folder, mode=0o700)
        write(os.path.join(folder, "eu-2.json"), read("eu-2.json"))
        document = os.path.join(folder, "eu-1.json")
        write(document, text, 0o666 if case == "writable" else 0o600)
        if case == "symlink":
            os.rename(document, os.path.join(folder, "real"))
            os.symlink("real", document)


if __name__ == "__main__":
    main()
