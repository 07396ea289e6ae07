# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from window.document import document

MACHINE = {"processors": 2, "processor": "Made up", "memory_gib": 8, "disk": "virtual, 10 GB", "kernel": "6.1"}


def run(window: float) -> dict[str, Any]:
    return {
        "engine": "mysql",
        "window": window,
        "by_hand": [4.0, 4.5, 4.1],
        "tasks": [("fence", 2.0), ("look", 0.05), ("look again", 0.04), ("start", 4.0)],
        "cut": {"seconds": 0.5, "parts": {"drain": 0.3, "compare": 0.1, "show": 0.1}},
        "load": 1.5,
    }


def test_page() -> None:
    page = document(MACHINE, 100.0, [run(9.0), run(8.0), run(8.5)])
    assert "| MySQL | 3 | 8.5 (8.0 to 9.0) | 4.1 (4.0 to 4.5) | 4.4 | 0.50 | 0.30 | 0.10 | 0.10 |" in page
    assert "## Where 8.5 s go with MySQL" in page
    assert "| start | 4.00 |" in page
    assert "| 2 more, of less than 0.1 s each | 0.09 |" in page
