# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page that is written from the runs."""

from __future__ import annotations

from typing import Any

from benchmark.document import document, points, ratio
from benchmark.tests.runs import FELT, MACHINE, run

LIVE: dict[str, Any] = {"seed": 21.6, "catch_up": 1.25, "latency": {"before": FELT, "during": {**FELT, "worst": 0.2}}}
RUNS = [
    run("guide", 30.0),
    run("guide", 40.0, number=2),
    run("guide", 33.0, number=3),
    run("bulk", 19.8),
    run("live", 0.165, **LIVE),
    run("guide", size=6.0, stopped_after=600.0),
    run("bulk", 61.2, size=6.0),
]


def test_windows_are_medians_with_their_range_and_ratio() -> None:
    page = document(MACHINE, RUNS, "plot.svg")
    assert "| 2.02 | `guide` | 3 | 33.0 (30.0 to 40.0) | 1 | 50 | 30 |" in page
    assert "| 2.02 | `bulk` | 1 | 19.8 | 0.6 | 50 | 30 |" in page
    assert "| 2.02 | `live` | 1 | 0.165 | 0.005 | 50 | 30 |" in page


def test_a_run_that_was_stopped_is_no_figure() -> None:
    page = document(MACHINE, RUNS, "plot.svg")
    assert "| 6.06 | `guide` | 1 | not done after 600 s, stopped | | | |" in page
    assert "| 6.06 | `bulk` | 1 | 61.2 |  | 50 | 30 |" in page
    assert ratio(RUNS, 6.0, "bulk") == ""


def test_the_guide_is_said_to_be_left_out_where_it_was() -> None:
    assert "left out" not in document(MACHINE, RUNS[:5], "plot.svg")
    page = document(MACHINE, [run("guide", 250.0), run("bulk", 20.0), run("bulk", 61.2, size=6.0)], "plot.svg")
    assert "`guide` was left out at 6 GB, where it would take over 10 minutes." in page


def test_points_are_medians_of_what_was_measured() -> None:
    assert points(RUNS, "postgresql", "guide") == [(2.02, 33.0)]
    assert points(RUNS, "postgresql", "bulk") == [(2.02, 19.8), (6.06, 61.2)]
    assert points(RUNS, "mysql", "bulk") == []


def test_parts_come_in_the_order_of_the_window() -> None:
    page = document(MACHINE, RUNS, "plot.svg")
    assert "- 2 GB, `bulk`: stop 0.010, copy 19.8, first write 0.010, rest 0.000" in page


def test_what_the_client_feels_is_in_milliseconds() -> None:
    page = document(MACHINE, RUNS, "plot.svg")
    assert "| 2.02 | 21.6 | 1.2 | 2.0 | 2.0 | 10.0 | 10.0 | 50.0 | 200.0 |" in page


def test_machine_and_servers_are_named() -> None:
    page = document(MACHINE, RUNS, "plot.svg")
    assert "4 processors (Made Up 9000), 8 GiB of memory" in page
    assert "Servers: PostgreSQL 17.12," in page
    assert "![Window by size of the data](plot.svg)" in page


def test_a_machine_with_other_work_is_called_so() -> None:
    assert "other work" not in document(MACHINE, RUNS, "plot.svg")
    page = document(MACHINE, [*RUNS, run("peer", 9.0, busy_before=0.75)], "plot.svg")
    assert "The processors were 2% to 75% busy with other work" in page


def test_engines_without_runs_have_no_section() -> None:
    page = document(MACHINE, RUNS, "plot.svg")
    assert [line for line in page.splitlines() if line.startswith("## ")] == ["## PostgreSQL"]
