# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action groups, which let users set the defaults of several modules at once, hold the modules that say so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).parents[2]
RUNTIME = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
GROUPS: dict[str, list[str]] = RUNTIME["action_groups"]


def modules_with(fragment: str) -> list[str]:
    line = re.compile(rf"^  - {re.escape(fragment)}$", re.MULTILINE)
    modules = (CHECKOUT / "plugins" / "modules").glob("*.py")
    return sorted(path.stem for path in modules if line.search(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_holds_the_modules_that_document_it(group: str) -> None:
    assert modules_with(f"waba.migration.attributes.actiongroup_{group}") == GROUPS[group]


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_holds_the_modules_that_share_its_options(group: str) -> None:
    assert modules_with(f"waba.migration.{group}") == GROUPS[group]
