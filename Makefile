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
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help
help: ## what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ready ## a client with live traffic moves to its new host in the lab
	@$(TOOLS)/docker.sh start
	@tests/lab/demo

# An engine that this target has started it stops, however it ends; one that ran before goes on.
.PHONY: test
test: ready ## every check below
	@docker info >/dev/null 2>&1 || trap '$(TOOLS)/docker.sh stop' EXIT; $(TOOLS)/docker.sh start; $(CHECK) lint unit integration sanity molecule

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

.PHONY: clean
clean: ## remove what the targets made in this checkout; the lab goes with lab-down
	@rm -rf .venv .cache/collections .cache/sanity .cache/pytest .cache/molecule .mypy_cache .ruff_cache .pytest_cache tests/output

.PHONY: ready
ready:
	@$(TOOLS)/prerequisites.sh
	@$(TOOLS)/venv.sh
	@.venv/bin/python $(TOOLS)/place.py
