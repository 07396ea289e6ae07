# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

TOOLS := tests/tools
CHECK := .venv/bin/python $(TOOLS)/check.py

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.cache/collections
# Ansible loads most of itself again in each process. The byte code of what runs is kept, and not in the work tree.
export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/bytecode
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# OPTION and ENGINE are looked at before anything is built or started.
OPTION := full
ENGINE := postgresql
OPTIONS := settings messages full client_only
ENGINES := postgresql mysql mariadb
one_of = $(if $(filter $(words $(2))$(filter $(2),$(3)),1$(2)),,$(error $(1) is '$(2)'; it must be one of $(3)))

.PHONY: demo
demo: demo-choice ready ## a client moves in the lab, OPTION=settings|messages|full|client_only ENGINE=postgresql|mysql|mariadb
	@$(TOOLS)/docker.sh start
	@tests/lab/demo --option $(OPTION) --engine $(ENGINE)

.PHONY: demo-choice
demo-choice:
	@$(call one_of,OPTION,$(OPTION),$(OPTIONS)):
	@$(call one_of,ENGINE,$(ENGINE),$(ENGINES)):

# An engine that this target has started it stops, however it ends; one that ran before goes on.
.PHONY: test
test: ready ## every check below
	@docker info >/dev/null 2>&1 || trap '$(TOOLS)/docker.sh stop' EXIT; $(TOOLS)/docker.sh start; $(CHECK) integration lint sanity unit molecule

.PHONY: lint
lint: ready ## linters, types, documentation, changelog
	@$(CHECK) lint

.PHONY: unit
unit: ready ## the unit tests of the collection and of the lab
	@$(CHECK) unit

.PHONY: integration
integration: ready ## the database modules between real servers
	@$(TOOLS)/docker.sh start
	@$(CHECK) integration

.PHONY: sanity
sanity: ready ## ansible-test sanity
	@$(CHECK) sanity

.PHONY: molecule
molecule: ready ## the playbooks on the lab, failures included
	@$(TOOLS)/docker.sh start
	@$(CHECK) molecule

.PHONY: lab-up
lab-up: ready ## a lab to play with
	@$(TOOLS)/docker.sh start
	@tests/lab/lab up

.PHONY: lab-down
lab-down: ready ## remove the lab, and stop the Docker engine if it was started for it
	@if docker info >/dev/null 2>&1; then tests/lab/lab down; fi
	@$(TOOLS)/docker.sh stop

# The names are looked at by the program itself. RESULTS is another directory than docs, AGAIN=1 measures again what has a result.
SIZES := 2 6
METHODS := guide bulk live peer
RUNS := 1
.PHONY: bench
bench: ready ## ways to move databases, side by side, SIZES="2 6" ENGINES="postgresql mysql mariadb" METHODS="guide bulk live peer" RUNS=1
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/bench/requirements.txt
	@$(TOOLS)/docker.sh start
	@tests/bench/run --engines "$(ENGINES)" --sizes "$(SIZES)" --methods "$(METHODS)" --runs "$(RUNS)" $(if $(RESULTS),--results "$(RESULTS)") $(if $(AGAIN),--again)

.PHONY: bench-window
bench-window: RUNS := 3
bench-window: RATE := 100
bench-window: ready ## whole windows on the lab, under load, ENGINES="postgresql mysql mariadb" RUNS=3 RATE=100
	@$(TOOLS)/docker.sh start
	@tests/bench/run-window --engines "$(ENGINES)" --runs "$(RUNS)" --rate "$(RATE)" $(if $(RESULTS),--results "$(RESULTS)")

.PHONY: clean
clean: ## remove what the targets made in this checkout; the lab goes with lab-down
	@rm -rf .venv .cache/bytecode .cache/collections .cache/sanity .cache/pytest .cache/molecule .mypy_cache .ruff_cache .pytest_cache tests/output

.PHONY: ready
ready:
	@$(TOOLS)/prerequisites.sh
	@$(TOOLS)/venv.sh
	@.venv/bin/python $(TOOLS)/place.py
