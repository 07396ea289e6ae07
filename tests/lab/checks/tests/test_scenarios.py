# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Molecule passes over a step whose playbook is missing and calls that a success. So none may be missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from labctl.layout import REPOSITORY

MOLECULE = REPOSITORY / "extensions" / "molecule"
SCENARIOS = sorted(file.parent for file in MOLECULE.glob("*/molecule.yml"))
CONVERGES = ("check", "idempotence", "syntax")


def read(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    return document


def playbooks(scenario: Path) -> set[Path]:
    """What the sequence runs. An argument is only looked at when the step's ordinary playbook is there too."""
    common, own = read(MOLECULE / "config.yml"), read(scenario / "molecule.yml")
    named = {**common.get("ansible", {}).get("playbooks", {}), **own.get("ansible", {}).get("playbooks", {})}
    sequence = own.get("scenario", {}).get("test_sequence") or common["scenario"]["test_sequence"]
    found = set()
    for step in sequence:
        action, *arguments = step.split(" ")
        section = "converge" if action in CONVERGES else action
        found |= {scenario / name for name in (named.get(section, f"{section}.yml"), *arguments)}
    return found


def test_there_are_scenarios() -> None:
    assert {"default", "full"} <= {scenario.name for scenario in SCENARIOS}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_playbook_is_there(scenario: Path) -> None:
    assert [file.name for file in playbooks(scenario) if not file.is_file()] == []
