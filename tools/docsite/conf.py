# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sphinx configuration of the documentation site; `tools/build_docs.py` runs Sphinx with it."""

from __future__ import annotations

import os

project = "keywright.ssh"
title = "keywright.ssh documentation"
copyright = "The keywright.ssh authors"

extensions = ["sphinx.ext.intersphinx", "sphinx_antsibull_ext"]
default_role = "any"
highlight_language = "YAML+Jinja"
nitpicky = True
# Ansible's own variables, of which its documentation keeps no index.
nitpick_ignore_regex = [("envvar", "ANSIBLE_.*")]
pygments_style = "ansible"

html_copy_source = False
html_short_title = title
html_show_sphinx = False
html_theme = "sphinx_ansible_theme"
html_title = title
html_use_index = False
html_use_modindex = False

# The generated pages refer to a few places in Ansible's own documentation. The inventory that says where they
# are is written by the build, so that it needs no network.
intersphinx_mapping = {"ansible": ("https://docs.ansible.com/projects/ansible/latest/", os.environ["ANSIBLE_INVENTORY_FILE"])}
