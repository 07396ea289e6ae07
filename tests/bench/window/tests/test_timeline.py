# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from window.timeline import Step, durations, step_of


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("TASK [Fence the old client] ****\n", "Fence the old client"),
        ("TASK [waba.migration.old_host : fence | Stop it] ***\n", "old_host : fence | Stop it"),
        ("PLAY [(4/6) WINDOW] ***\n", None),
        ("ok: [old]\n", None),
    ],
)
def test_heading(line: str, name: str | None) -> None:
    assert step_of(line, 12.5) == (None if name is None else (12.5, name))


def test_only_what_is_inside_counts() -> None:
    steps: list[Step] = [(1.0, "before"), (2.0, "edge"), (4.0, "inside"), (5.0, "other edge"), (9.0, "after")]
    assert durations(steps, 3.0, 7.0) == [("edge", 1.0), ("inside", 1.0), ("other edge", 2.0)]
    assert durations([], 3.0, 7.0) == []
