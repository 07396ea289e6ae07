# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook's tasks as they begin, and what each of them takes of a window. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

HEADING = re.compile(r"^(?:TASK|RUNNING HANDLER) \[(?:waba\.migration\.)?(.*)\]")

Step = tuple[float, str]


def step_of(line: str, now: float) -> Step | None:
    """The moment and the name of the task whose heading this line is."""
    heading = HEADING.match(line)
    return (now, heading[1]) if heading else None


def durations(steps: Sequence[Step], since: float, until: float) -> list[tuple[str, float]]:
    """The tasks between two moments, each until the next one begins, in seconds. At the edges only what is inside."""
    ends = [*(moment for moment, _name in steps[1:]), until]
    parts = [(name, min(end, until) - max(begin, since)) for (begin, name), end in zip(steps, ends, strict=bool(steps))]
    return [(name, seconds) for name, seconds in parts if seconds > 0]
