# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that were never measured."""

from __future__ import annotations

from typing import Any

from benchmark.results import Run

MACHINE: dict[str, Any] = {
    "processors": 4,
    "processor": "Made Up 9000",
    "memory_gib": 8,
    "disk": "virtual, solid, 100 GB",
    "kernel": "6.1",
}
FELT = {"median": 0.002, "p99": 0.01, "worst": 0.05, "count": 1000}


def run(method: str, window: float | None = None, *, size: float = 2.0, number: int = 1, **more: Any) -> Run:
    found: Run = {
        "engine": "postgresql",
        "size": size,
        "method": method,
        "number": number,
        "bytes": int(size * 1.01e9),
        "releases": {"server": "17.12"},
        "busy_before": 0.02,
    }
    if window is not None:
        parts = {"stop": 0.01, "copy": window - 0.02, "first_write": 0.01, "rest": 0.0}
        found |= {"window": window, "parts": parts, "memory": {"summed": 50_000_000, "divided": 30_000_000}, "rows": 10}
    return {**found, **more}
