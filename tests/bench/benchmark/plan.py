# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured: engines, sizes, methods and repetitions, and what of it is left to do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from benchmark.figures import median
from benchmark.results import Run, matching

ENGINES = ("postgresql", "mysql", "mariadb")
METHODS = ("guide", "bulk", "live", "peer")
PEERS = {"postgresql": "pgcopydb", "mysql": "mydumper", "mariadb": "mydumper"}
LIMIT_SECONDS = 600.0
"""How long the guide's way may take. Beyond it, it is stopped at the smallest size and left out at the others."""


class PlanError(ValueError):
    """What was asked for is nothing that can be measured."""


@dataclass(frozen=True)
class Task:
    """One run of one method."""

    engine: str
    size: float
    """Gigabytes on disk."""
    method: str
    number: int


def chosen(text: str, known: Sequence[str], what: str) -> list[str]:
    """The names in a variable of make, in the order in which they are measured."""
    names = text.split()
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise PlanError(f"{what} is '{text}'; it has to be some of: {' '.join(known)}.")
    return [name for name in known if name in names]


def sizes(text: str) -> list[float]:
    """Gigabytes, the smallest first, since the guide's way there decides about the others."""
    try:
        found = sorted({float(part) for part in text.split()})
    except ValueError:
        found = []
    if not found or found[0] <= 0:
        raise PlanError(f"SIZES is '{text}'; it has to be numbers of gigabytes, like '2 6'.")
    return found


def repetitions(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise PlanError(f"RUNS is '{text}'; it has to be how often each is measured, like '3'.")
    return int(text)


def tasks(engine: str, size: float, methods: Collection[str], times: int) -> list[Task]:
    """All of one engine and size. Methods take turns, so that what the machine does beside it meets all of them."""
    return [
        Task(engine, size, method, number) for number in range(1, times + 1) for method in METHODS if method in methods
    ]


def left(wanted: Sequence[Task], runs: Sequence[Run]) -> list[Task]:
    """What has no result yet."""
    done = {(run["engine"], run["size"], run["method"], run["number"]) for run in runs}
    return [task for task in wanted if (task.engine, task.size, task.method, task.number) not in done]


def too_long(task: Task, runs: Sequence[Run], limit: float = LIMIT_SECONDS) -> bool:
    """Whether the guide's way is left out here: at a smaller size it says that it would take longer than the limit."""
    if task.method != "guide":
        return False
    smaller = [run for run in runs if matching(run, task.engine, None, "guide") and run["size"] < task.size]
    if any("stopped_after" in run for run in smaller):
        return True
    windows = [run["window"] / run["size"] for run in smaller if "window" in run]
    return bool(windows) and median(windows) * task.size > limit
