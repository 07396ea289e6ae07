# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures about figures."""

from __future__ import annotations

import math
from collections.abc import Sequence


def median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest value that so many percent of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(part / 100 * len(ordered)) - 1)]


def latency(samples: Sequence[tuple[float, float]], begin: float, end: float) -> dict[str, float] | None:
    """What a writer felt of a span of time, in seconds. A sample is when it was due, and how long that took."""
    taken = [took for due, took in samples if begin <= due < end]
    if not taken:
        return None
    return {"median": median(taken), "p99": percentile(taken, 99), "worst": max(taken), "count": len(taken)}


def with_rest(window: float, parts: dict[str, float]) -> dict[str, float]:
    """Parts of a window, and what is in none of them."""
    return {**parts, "rest": max(0.0, window - sum(parts.values()))}
