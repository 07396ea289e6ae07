# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file with the runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.results import Results, ResultsError
from benchmark.tests.runs import MACHINE, run


def test_runs_are_there_after_each_one(tmp_path: Path) -> None:
    path = tmp_path / "runs.json"
    results = Results(path, MACHINE)
    results.add(run("bulk", 20.0))
    results.add(run("live", 0.2))
    assert Results(path, MACHINE).runs == [run("bulk", 20.0), run("live", 0.2)]
    assert list(tmp_path.iterdir()) == [path]


def test_parts_keep_their_order(tmp_path: Path) -> None:
    path = tmp_path / "runs.json"
    Results(path, MACHINE).add(run("bulk", 20.0))
    assert list(Results(path, MACHINE).runs[0]["parts"]) == ["stop", "copy", "first_write", "rest"]


def test_runs_of_another_machine_are_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "runs.json"
    Results(path, MACHINE).add(run("bulk", 20.0))
    before = path.read_bytes()
    with pytest.raises(ResultsError, match=r"runs\.json has runs of another machine.*'processors': 4.*RESULTS="):
        Results(path, {**MACHINE, "processors": 8})
    assert path.read_bytes() == before


def test_only_what_is_measured_again_is_forgotten(tmp_path: Path) -> None:
    results = Results(tmp_path / "runs.json", MACHINE)
    results.runs = [run("bulk", 20.0), run("live", 0.2), run("bulk", 60.0, size=6.0)]
    results.forget("postgresql", 2.0, ["bulk", "peer"])
    assert results.runs == [run("live", 0.2), run("bulk", 60.0, size=6.0)]
