# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the machine does beside the benchmark."""

from __future__ import annotations

import time
from pathlib import Path

SECONDS = 2.0


def busy() -> float:
    """The part of the processors' time that is taken while nothing is measured."""
    before = Path("/proc/stat").read_text(encoding="ascii")
    time.sleep(SECONDS)
    return taken(before, Path("/proc/stat").read_text(encoding="ascii"))


def taken(before: str, after: str) -> float:
    """The same, of two looks at /proc/stat."""
    first, second = (list(map(int, text.splitlines()[0].split()[1:9])) for text in (before, after))
    spent = [b - a for a, b in zip(first, second, strict=True)]
    # The fourth and the fifth are idle, and idle while waiting for a disk.
    return 1 - (spent[3] + spent[4]) / max(1, sum(spent))
