# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of the container, and what becomes of its answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmark import cli, containers
from benchmark.plan import tasks
from benchmark.results import Results
from benchmark.tests.runs import MACHINE, run

RESULT = {"window": 0.2, "memory": {"summed": 1, "divided": 1}, "rows": 3}


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(tmp_path / "runs.json", MACHINE)


@pytest.fixture
def orders(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A container that measures whatever it is asked for, and fails with peers."""
    asked: list[dict[str, Any]] = []

    def messages(_engine: str, order: dict[str, Any], _say: Callable[[str], None]) -> Iterator[dict[str, Any]]:
        asked.append(order)
        for task in order["tasks"]:
            yield {"kind": "begin", **task}
            if task["method"] == "peer":
                yield {"kind": "failed", **task, "text": "it hangs"}
            else:
                yield {"kind": "result", **task, "run": RESULT}

    monkeypatch.setattr(containers, "messages", messages)
    return asked


def test_each_result_is_kept_and_a_failure_is_none(results: Results, orders: list[dict[str, Any]]) -> None:
    assert cli.measure(results, tasks("postgresql", 2.0, ["bulk", "peer"], 1)) == 1
    assert results.runs == [{"engine": "postgresql", "size": 2.0, "method": "bulk", "number": 1, **RESULT}]
    assert [task["method"] for task in orders[0]["tasks"]] == ["bulk", "peer"]


def test_nothing_is_started_when_all_is_there(results: Results, orders: list[dict[str, Any]]) -> None:
    results.runs = [run("bulk", 20.0)]
    assert cli.measure(results, tasks("postgresql", 2.0, ["bulk"], 1)) == 0
    assert orders == []


def test_only_what_is_left_is_asked_for(results: Results, orders: list[dict[str, Any]]) -> None:
    results.runs = [run("bulk", 20.0), run("guide", 300.0)]
    cli.measure(results, tasks("postgresql", 6.0, ["guide", "live"], 1))
    assert [(task["method"], task["number"]) for task in orders[0]["tasks"]] == [("live", 1)]
    assert orders[0]["size"] == 6.0


def test_unknown_engines_end_it_before_anything(
    capsys: pytest.CaptureFixture[str], orders: list[dict[str, Any]]
) -> None:
    assert cli.main(["--engines", "oracle"]) == 2
    assert "ENGINES is 'oracle'" in capsys.readouterr().err
    assert orders == []
