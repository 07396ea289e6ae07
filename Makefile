# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

TOOLS := tests/tools
CHECKS := .venv/bin/python $(TOOLS)/checks

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.cache/collections

.PHONY: help
help: ## what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: unit
unit: ready ## the unit tests of the collection and of the lab
	@pytest

.PHONY: ready
ready:
	@$(TOOLS)/prerequisites.sh
	@$(TOOLS)/venv.sh
	@.venv/bin/python $(TOOLS)/place.py
