# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Medians, percentiles, and what a writer felt."""

from __future__ import annotations

import pytest

from benchmark.figures import latency, median, percentile, with_rest


@pytest.mark.parametrize(("values", "expected"), [([3.0], 3), ([9, 1, 2], 2), ([4, 1, 2, 9], 3)])
def test_median(values: list[float], expected: float) -> None:
    assert median(values) == expected


@pytest.mark.parametrize(("part", "expected"), [(99, 99), (100, 100), (50, 50), (0, 1)])
def test_percentile_is_a_value_that_was_there(part: float, expected: float) -> None:
    assert percentile(range(1, 101), part) == expected


def test_percentile_of_few_values_is_the_worst() -> None:
    assert percentile([1.0, 7.0, 2.0], 99) == 7.0


def test_latency_is_of_what_was_due_in_the_span() -> None:
    samples = [(0.0, 9.0), (1.0, 0.5), (2.0, 0.1), (3.0, 0.3), (4.0, 8.0)]
    assert latency(samples, 1.0, 4.0) == {"median": 0.3, "p99": 0.5, "worst": 0.5, "count": 3}


def test_no_latency_without_samples() -> None:
    assert latency([(1.0, 0.1)], 2.0, 3.0) is None


def test_parts_add_up_to_the_window() -> None:
    parts = with_rest(2.0, {"stop": 0.25, "copy": 1.25})
    assert parts == {"stop": 0.25, "copy": 1.25, "rest": 0.5}
