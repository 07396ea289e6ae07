# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for something to become true, with a word on what was seen last when it does not."""

from __future__ import annotations

import time
from collections.abc import Callable

from labctl.errors import LabError


def wait_until(condition: Callable[[], str], tried: str, timeout: float, remedy: str, interval: float = 0.3) -> None:
    """Waits until the condition returns an empty string; a text says what is still missing."""
    deadline = time.monotonic() + timeout
    while True:
        missing = condition()
        if not missing:
            return
        if time.monotonic() >= deadline:
            raise LabError(tried, f"after {timeout:.0f} s: {missing}", remedy)
        time.sleep(interval)
