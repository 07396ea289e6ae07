# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's word on the downtime is held against the network's."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from labctl.layout import ACME, Lab
from labctl.state import run_directory

from checks.moved import report_agrees
from checks.options import FULL, SETTINGS

OPENED, CUT_OFF, STOPPING, FENCED, UP = (f"2026-01-01T00:00:{second}Z" for second in ("00", "10", "14", "17", "30"))
MIDNIGHT = datetime.fromisoformat("2026-01-01T00:00:00Z").timestamp()


def judged(place: Path, option: str, told: str, seen: tuple[float, float], reported: str = "") -> str:
    lab = Lab("it", place, {ACME.key: place / "lab"})
    directory = run_directory(lab.inventories[ACME.key])
    directory.mkdir()
    report = {
        "verdict": "succeeded",
        "option": reported or option,
        "opened": OPENED,
        "phases": {
            "backup": {"facts": {"off_network_since": CUT_OFF}},
            "fence": {"ended": FENCED, "facts": {"stopping_at": STOPPING}},
            "start": {"ended": UP},
        },
    }
    (directory / "report.json").write_text(json.dumps(report))
    (directory / "report.txt").write_text(f"Verdict     SUCCEEDED\n{told}, no client connected\n")
    # An attempt that was rolled back took longer.
    spans = [(-90, -50), seen] if seen[0] < seen[1] else [(-90, -50)]
    gaps = [{"from": MIDNIGHT + begin, "to": MIDNIGHT + end, "seconds": end - begin} for begin, end in spans]
    scene: Any = SimpleNamespace(lab=lab, option=option, ledger=lambda _number: {"gaps": gaps})
    return report_agrees(scene)


@pytest.mark.parametrize(
    ("option", "told", "seen", "fault"),
    [
        (FULL, "Downtime    16.0 s", (15, 29), ""),
        (FULL, "Downtime    16.0 s", (17, 18), ""),
        (SETTINGS, "Downtime    20.0 s", (15, 29), ""),
        (SETTINGS, "Downtime    20.0 s", (11, 29), ""),
        (SETTINGS, "Downtime    20.0 s", (9, 29), f"the client went down between {CUT_OFF} and {FENCED}, the"),
        (SETTINGS, "Downtime    20.0 s", (11, 31), f"the client came up between {FENCED} and {UP}, the network saw"),
        (SETTINGS, "Downtime    16.0 s", (15, 29), "it says Downtime    16.0 s, by its own times it was 20.0 s"),
        (FULL, "Downtime    16.0 s", (13, 29), f"the client went down between {STOPPING} and {FENCED}"),
        (FULL, "Downtime    16.0 s", (18, 29), f"the client went down between {STOPPING} and {FENCED}"),
        (FULL, "Downtime    16.0 s", (15, 16), f"the client came up between {FENCED} and {UP}"),
        (FULL, "Downtime    at most 16.0 s", (15, 29), "it says 'at most' of a run that was not interrupted"),
        (FULL, "Rows", (15, 29), "it says nothing of downtime, by its own times it was 16.0 s"),
        (FULL, "Downtime    16.0 s", (15, 15), "the network saw no downtime"),
    ],
)  # fmt: skip
def test_downtime(tmp_path: Path, option: str, told: str, seen: tuple[float, float], fault: str) -> None:
    found = judged(tmp_path, option, told, seen)
    assert fault in found if fault else found == ""


def test_another_option_or_verdict_is_told(tmp_path: Path) -> None:
    assert "its verdict on the option full is succeeded" in judged(tmp_path, SETTINGS, "", (15, 29), reported=FULL)
