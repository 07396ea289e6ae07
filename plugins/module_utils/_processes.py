# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of this machine, from /proc or from ps. Private to this collection; may change at any time."""

from __future__ import annotations

import calendar
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

PROC = "/proc"
# States of a process that has ended, but that its parent has not asked about yet.
ENDED = ("Z", "X")
# Where there is no /proc, as on macOS.
PS_COLUMNS = "state=,lstart="


class ProcessError(Exception):
    """Nothing can be said about a process."""


@dataclass(frozen=True)
class Process:
    """A process, with a start that no other one with its number had since the machine was booted."""

    pid: int
    state: str
    start: int

    def has_ended(self) -> bool:
        return self.state[:1] in ENDED


def read_process(pid: int, proc: str = PROC) -> Process | None:
    """Return the process, or None when there is none with that number."""
    return _from_proc(pid, proc) if _has_proc(proc) else _from_ps(pid)


def read_boot(proc: str = PROC) -> str:
    """Return what tells this boot of the machine from others; nothing where starts are times, as ps shows them."""
    return Path(proc, "sys/kernel/random/boot_id").read_text(encoding="ascii").strip() if _has_proc(proc) else ""


def _has_proc(proc: str) -> bool:
    return Path(proc, "self").is_dir()


def _from_proc(pid: int, proc: str) -> Process | None:
    try:
        stat = Path(proc, str(pid), "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the program's name in brackets, which may hold spaces and brackets itself.
    fields = stat.rpartition(")")[2].split()
    return Process(pid=pid, state=fields[0], start=int(fields[19]))


def _from_ps(pid: int) -> Process | None:
    command = ["ps", "-o", PS_COLUMNS, "-p", str(pid)]
    try:
        found = subprocess.run(  # noqa: S603 # pylint: disable=ansible-bad-function
            command, env={**os.environ, "LC_ALL": "C"}, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise ProcessError(f"{' '.join(command)} cannot be run: {error.strerror}. There is no /proc either.") from error
    state, _space, start = found.stdout.strip().partition(" ")
    if not state:
        return None
    # Read as if it were UTC: it only has to be the same each time.
    seconds = calendar.timegm(time.strptime(" ".join(start.split()), "%a %b %d %H:%M:%S %Y"))
    return Process(pid=pid, state=state, start=seconds)
