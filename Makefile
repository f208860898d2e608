# Copyright (c) 2026 The keywright.ssh authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The checkout's table of contents: `make help` lists what can be asked for.

PYTHON ?= python3
BUILD := .build
TEST_ENV := $(BUILD)/venv-test
PEERS_ENV := $(BUILD)/venv-peers
BENCH_ENV := $(BUILD)/venv-bench
MUTANTS_ENV := $(BUILD)/venv-mutants
AUDIT_ENV := $(BUILD)/venv-audit
PROGRAMS := $(BUILD)/programs
TREE := $(BUILD)/ansible_collections/keywright/ssh
DEMO := $(BUILD)/demo

# `make test` runs this many of its stages at once, the longest first. What a stage prints is shown when it ends.
JOBS ?= 2
STAGES := integration-binding integration-rest faults-sample sanity servers-sample stores ansible-lint importer docs-lint docs changelog-lint licences

# The tools call each other by name, keep their own files below .build, and find the collection in its copy there.
TESTED := env PATH="$(CURDIR)/$(TEST_ENV)/bin:$$PATH:$(CURDIR)/$(BUILD)/servers/bin" HOME="$(CURDIR)/$(BUILD)/home" \
	ANSIBLE_COLLECTIONS_PATH="$(CURDIR)/$(BUILD)" ANSIBLE_NOCOLOR=1 MYPY_FORCE_COLOR=0
STAGE := @$(TESTED) bash tools/stage.sh
INTEGRATION = python -m tools.ansible_test --parent $(BUILD)/ansible-test/$@ --peers $(PEERS_ENV)/bin integration
BINDING := ssh_keypair_binding
IN_TREE := env -C $(TREE)
IN_DEMO := env PATH="$(CURDIR)/.venv/bin:$$PATH" ANSIBLE_COLLECTIONS_PATH="$(CURDIR)/.venv/collections" \
	ANSIBLE_HOME="$(CURDIR)/$(BUILD)/home/.ansible" ANSIBLE_LOCALHOST_WARNING=False ANSIBLE_INVENTORY_UNPARSED_WARNING=False
UV := env UV_SYSTEM_CERTS=1 $(BUILD)/uv/bin/uv --quiet

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-quick test-matrix format lint types pytest stores units integration integration-binding \
	integration-rest sanity ansible-lint docs-lint changelog-lint licences docs build importer test-faults faults-sample servers-sample mutants bench audit \
	tree prerequisites clean

help: ## List the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' Makefile | expand -t 24

## Use

demo: $(BUILD)/venv-demo.stamp ## Install the collection from the checkout and run the examples with it
	@$(IN_DEMO) ansible-galaxy collection install --force --collections-path .venv/collections .
	@$(IN_DEMO) bash tools/run_logon_example.sh $(DEMO)/logon
	@$(IN_DEMO) ansible-playbook examples/quickstart.yml </dev/null

## Check

test: lint types pytest $(PEERS_ENV).stamp $(PROGRAMS).stamp ## Run every check, as CI does
	@$(MAKE) --no-print-directory --jobs=$(JOBS) --output-sync=target $(STAGES)

test-quick: PYTEST := --ignore=tests/unit/plugins/module_utils/service/test_crashes.py
test-quick: lint types pytest ## Run the checks that take less than a minute: all of those but the sweep of crashes

test-matrix: prerequisites $(BUILD)/uv.stamp ## Run unit and integration tests on every supported ansible-core and Python
	@env UV_SYSTEM_CERTS=1 $(PYTHON) -m tools.test_matrix $(MATRIX)

test-faults: $(TEST_ENV).stamp $(PEERS_ENV).stamp $(PROGRAMS).stamp ## Kill, starve, crowd and deceive the collection; print what was lost or leaked (20 to 40 minutes)
	@env UV_SYSTEM_CERTS=1 PYENV_ROOT="$${PYENV_ROOT:-$$HOME/.pyenv}" $(TESTED) python -m tests.faults

faults-sample: $(TEST_ENV).stamp $(PEERS_ENV).stamp $(PROGRAMS).stamp ## Do a sample of that in less than two minutes
	$(STAGE) "Faults, a sample (strace)" python -m tests.faults --sample --without servers

servers-sample: $(TEST_ENV).stamp $(PEERS_ENV).stamp $(PROGRAMS).stamp ## Do a sample of the faults of shared registries, with real servers, in less than two minutes
	$(STAGE) "Faults of servers, a sample" python -m tests.faults --sample servers

mutants: $(MUTANTS_ENV).stamp ## Change the code in one place at a time; print what no unit test notices, and the score (three quarters of an hour)
	@$(MUTANTS_ENV)/bin/python -m tests.mutants $(MUTANTS)

bench: $(BENCH_ENV).stamp $(PEERS_ENV).stamp ## Measure everything against other modules and write docs/performance.md
	@$(BENCH_ENV)/bin/python -m tests.bench $(BENCH)

lint: $(TEST_ENV).stamp ## Check the format, style and security of Python files
	$(STAGE) "Format (ruff)" ruff format --check .
	$(STAGE) "Lint (ruff)" ruff check .
	$(STAGE) "Security (bandit)" bandit --quiet --recursive --configfile pyproject.toml plugins tools

audit: $(AUDIT_ENV).stamp $(TEST_ENV).stamp $(PEERS_ENV).stamp ## Look for known vulnerabilities in what users and tools install; needs the network
	$(STAGE) "Vulnerabilities (pip-audit)" $(CURDIR)/$(AUDIT_ENV)/bin/python -m tools.audit $(TEST_ENV) $(PEERS_ENV) $(AUDIT_ENV)

types: $(TEST_ENV).stamp tree ## Check the types of Python files
	$(STAGE) "Types (mypy)" mypy

pytest: $(TEST_ENV).stamp ## Run the unit tests with plain pytest
	$(STAGE) "Unit tests (pytest)" pytest -n auto $(PYTEST)

stores: $(TEST_ENV).stamp $(PROGRAMS).stamp ## Test every kind of registry with real servers of etcd and PostgreSQL
	$(STAGE) "Stores with real servers (pytest)" pytest -n 4 --dist loadfile tests/stores $(PYTEST)

units: $(TEST_ENV).stamp ## Run the unit tests with ansible-test, as `make test-matrix` does; `make test` runs them with pytest
	$(STAGE) "Unit tests (ansible-test)" python -m tools.ansible_test --parent $(BUILD)/ansible-test/$@ units

integration: integration-binding integration-rest ## Run the integration tests

integration-binding: $(TEST_ENV).stamp $(PEERS_ENV).stamp $(PROGRAMS).stamp
	$(STAGE) "Integration tests of bindings (ansible-test)" $(INTEGRATION) -- $(BINDING)

integration-rest: $(TEST_ENV).stamp $(PEERS_ENV).stamp
	$(STAGE) "Other integration tests (ansible-test)" $(INTEGRATION) -- --exclude $(BINDING)

sanity: $(TEST_ENV).stamp ## Run all of ansible-test's sanity tests
	$(STAGE) "Sanity tests (ansible-test)" python -m tools.ansible_test --parent $(BUILD)/ansible-test/$@ sanity

ansible-lint: $(TEST_ENV).stamp tree ## Check playbooks and roles with the production profile
	$(STAGE) "Playbooks (ansible-lint)" $(IN_TREE) ansible-lint -q --nocolor

docs-lint: $(TEST_ENV).stamp tree ## Check the plugins' documentation and the guides
	$(STAGE) "Documentation (antsibull-docs)" $(IN_TREE) antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=all .

changelog-lint: $(TEST_ENV).stamp tree ## Check the changelog fragments
	$(STAGE) "Changelog (antsibull-changelog)" $(IN_TREE) antsibull-changelog lint

licences: $(TEST_ENV).stamp ## Check that every file names its licence
	$(STAGE) "Licences (reuse)" reuse lint --lines

importer: build ## Check the built tarball as Galaxy does
	$(STAGE) "Tarball (galaxy-importer)" python -m tools.check_tarball $(BUILD)/dist

## Make

docs: $(TEST_ENV).stamp tree ## Build the documentation site
	$(STAGE) "Documentation site (sphinx)" python -m tools.build_docs $(BUILD)/docs

build: $(TEST_ENV).stamp tree ## Build the tarball
	@rm -rf $(BUILD)/dist
	$(STAGE) "Build" ansible-galaxy collection build --output-path $(BUILD)/dist $(TREE)

format: $(TEST_ENV).stamp ## Format the Python files and mend what ruff can
	@$(TESTED) ruff check --fix-only .
	@$(TESTED) ruff format .

clean: ## Remove everything that make has made, the demo's key pairs too
	rm -rf $(BUILD) .venv

## Set up: each environment is made anew when a file of requirements changes

$(PEERS_ENV).stamp: requirements.txt requirements-shared.txt tests/requirements-peers.txt $(BUILD)/uv.stamp
	@echo "Making $(PEERS_ENV) ..."
	@$(UV) venv --clear --python $(BUILD)/uv/bin/python $(PEERS_ENV)
	@env VIRTUAL_ENV=$(PEERS_ENV) $(UV) pip install --compile-bytecode --requirement tests/requirements-peers.txt
	@touch $@

$(BENCH_ENV).stamp: requirements.txt requirements-shared.txt tests/requirements-bench.txt $(BUILD)/uv.stamp
	@echo "Making $(BENCH_ENV) ..."
	@$(UV) venv --clear --python $(BUILD)/uv/bin/python $(BENCH_ENV)
	@env VIRTUAL_ENV=$(BENCH_ENV) $(UV) pip install --compile-bytecode --requirement tests/requirements-bench.txt
	@touch $@

$(MUTANTS_ENV).stamp: requirements.txt requirements-shared.txt examples/requirements.txt tests/requirements-run.txt tests/requirements-mutants.txt $(BUILD)/uv.stamp
	@echo "Making $(MUTANTS_ENV) ..."
	@$(UV) venv --clear --python $(BUILD)/uv/bin/python $(MUTANTS_ENV)
	@env VIRTUAL_ENV=$(MUTANTS_ENV) $(UV) pip install --compile-bytecode --requirement tests/requirements-mutants.txt
	@touch $@

$(AUDIT_ENV).stamp: tests/requirements-audit.txt $(BUILD)/uv.stamp
	@echo "Making $(AUDIT_ENV) ..."
	@$(UV) venv --clear --python $(BUILD)/uv/bin/python $(AUDIT_ENV)
	@env VIRTUAL_ENV=$(AUDIT_ENV) $(UV) pip install --compile-bytecode --requirement tests/requirements-audit.txt
	@touch $@

REQUIREMENTS := $(wildcard requirements.txt requirements-shared.txt examples/requirements.txt tests/requirements*.txt tests/*/requirements.txt)

prerequisites:
	@bash tools/prerequisites.sh "$(PYTHON)"

tree: $(TEST_ENV).stamp
	@$(TESTED) python -m tools.collection_tree >/dev/null

$(BUILD)/venv-demo.stamp: requirements.txt examples/requirements.txt | prerequisites
	@echo "Making .venv ..."
	@rm -rf .venv && mkdir -p $(BUILD)
	@$(PYTHON) -m venv .venv
	@.venv/bin/pip --quiet --disable-pip-version-check install --requirement examples/requirements.txt
	@touch $@

$(BUILD)/uv.stamp: tests/requirements-uv.txt | prerequisites
	@rm -rf $(BUILD)/uv && mkdir -p $(BUILD)
	@$(PYTHON) -m venv $(BUILD)/uv
	@$(BUILD)/uv/bin/pip --quiet --disable-pip-version-check install --requirement tests/requirements-uv.txt
	@touch $@

$(TEST_ENV).stamp: $(REQUIREMENTS) $(BUILD)/uv.stamp
	@echo "Making $(TEST_ENV) ..."
	@$(UV) venv --clear --python $(BUILD)/uv/bin/python $(TEST_ENV)
	@env VIRTUAL_ENV=$(TEST_ENV) $(UV) pip install --compile-bytecode --requirement tests/requirements.txt --requirement tests/requirements-faults.txt
	@touch $@

$(PROGRAMS).stamp: tests/servers/programs.py | $(TEST_ENV).stamp
	@$(TESTED) python -m tests.servers.programs
	@touch $@
