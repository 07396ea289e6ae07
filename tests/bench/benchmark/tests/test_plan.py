# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured, and what not again."""

from __future__ import annotations

import pytest

from benchmark.plan import ENGINES, METHODS, PlanError, Task, chosen, left, repetitions, sizes, tasks, too_long
from benchmark.tests.runs import run


def test_names_are_taken_in_the_order_of_measuring() -> None:
    assert chosen("live  guide", METHODS, "METHODS") == ["guide", "live"]


@pytest.mark.parametrize("text", ["", "oracle", "mysql oracle"])
def test_unknown_names_are_refused(text: str) -> None:
    with pytest.raises(PlanError, match=r"ENGINES is '.*'; it has to be some of: postgresql mysql mariadb"):
        chosen(text, ENGINES, "ENGINES")


def test_sizes_begin_with_the_smallest() -> None:
    assert sizes("6 0.5 2 2") == [0.5, 2, 6]


@pytest.mark.parametrize("text", ["", "big", "0", "-1 2"])
def test_sizes_are_numbers_above_nothing(text: str) -> None:
    with pytest.raises(PlanError, match="numbers of gigabytes"):
        sizes(text)


def test_each_is_measured_at_least_once() -> None:
    assert repetitions("3") == 3
    for text in ("", "0", "-1", "often"):
        with pytest.raises(PlanError, match="RUNS is"):
            repetitions(text)


def test_methods_take_turns() -> None:
    wanted = [(task.method, task.number) for task in tasks("mysql", 2, ["live", "guide"], 2)]
    assert wanted == [("guide", 1), ("live", 1), ("guide", 2), ("live", 2)]


def test_what_has_a_result_is_not_left_to_do() -> None:
    wanted = tasks("postgresql", 2.0, ["bulk"], 3)
    done = [run("bulk", 20.0, number=2), run("live", 1.0, number=1), run("bulk", 1.0, size=6.0, number=3)]
    assert left(wanted, done) == [Task("postgresql", 2.0, "bulk", 1), Task("postgresql", 2.0, "bulk", 3)]


@pytest.mark.parametrize(("window", "expected"), [(199.0, False), (201.0, True)])
def test_the_guide_is_left_out_where_it_would_take_too_long(window: float, expected: bool) -> None:
    task = Task("postgresql", 6.0, "guide", 1)
    assert too_long(task, [run("guide", window)], limit=600) is expected


def test_the_guide_is_left_out_above_a_size_at_which_it_was_stopped() -> None:
    stopped = [run("guide", stopped_after=600.0)]
    assert too_long(Task("postgresql", 6.0, "guide", 1), stopped)
    assert not too_long(Task("postgresql", 2.0, "guide", 2), stopped)
    assert not too_long(Task("mysql", 6.0, "guide", 1), stopped)
    assert not too_long(Task("postgresql", 6.0, "bulk", 1), stopped)
