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
COMMANDS = ("ansible-playbook", "ansible", "ansible-console")
# Where there is no /proc, as on macOS. The start takes five words.
PS_COLUMNS = "ppid=,state=,lstart=,command="
PS_START_WORDS = 5


class ProcessError(Exception):
    """Nothing can be said about a process."""


@dataclass(frozen=True)
class Process:
    """A process, with a start that no other one with its number had since the machine was booted."""

    pid: int
    parent: int
    state: str
    start: int
    arguments: list[str]

    def is_ansible(self) -> bool:
        names = [Path(argument).name for argument in self.arguments[:4]]
        if not names:
            return False
        return names[0] in COMMANDS or (
            names[0].lower().startswith("python") and any(name in COMMANDS for name in names[1:])
        )

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
        command = Path(proc, str(pid), "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the program's name in brackets, which may hold spaces and brackets itself.
    fields = stat.rpartition(")")[2].split()
    arguments = [part.decode("utf-8", "replace") for part in command.split(b"\0") if part]
    return Process(pid=pid, parent=int(fields[1]), state=fields[0], start=int(fields[19]), arguments=arguments)


def _from_ps(pid: int) -> Process | None:
    command = ["ps", "-o", PS_COLUMNS, "-p", str(pid)]
    try:
        found = subprocess.run(  # noqa: S603 # pylint: disable=ansible-bad-function
            command, env={**os.environ, "LC_ALL": "C"}, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise ProcessError(f"{' '.join(command)} cannot be run: {error.strerror}. There is no /proc either.") from error
    words = found.stdout.split()
    if not words:
        return None
    start, arguments = words[2 : 2 + PS_START_WORDS], words[2 + PS_START_WORDS :]
    # Read as if it were UTC: it only has to be the same each time.
    seconds = calendar.timegm(time.strptime(" ".join(start), "%a %b %d %H:%M:%S %Y"))
    return Process(pid=pid, parent=int(words[0]), state=words[1], start=seconds, arguments=arguments)
