# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that falls silent."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

STOP_SECONDS = 15.0


def freeze(process: int) -> None:
    """Returns once no thread of it runs any more. On a busy machine some would still give answers for a while."""
    os.kill(process, signal.SIGSTOP)
    deadline = time.monotonic() + STOP_SECONDS
    while any(_state(thread) not in "TtZX" for thread in Path(f"/proc/{process}/task").iterdir()):
        assert time.monotonic() < deadline, f"process {process} does not stop"
        time.sleep(0.005)


def _state(thread: Path) -> str:
    """The letter behind the name, which may have blanks and brackets of its own."""
    try:
        return (thread / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"
