# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that are run one after the other, with what they need of memory and a limit on their time."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

SAMPLE_SECONDS = 0.2
SIZES = re.compile(r"^(Rss|Pss):\s+(\d+) kB$", re.MULTILINE)


class MethodError(Exception):
    """A method did not do what it is there for."""


class TookTooLong(Exception):  # noqa: N818 - no error, but how a run may end
    """The limit was reached."""


@dataclass(frozen=True)
class Step:
    """A program, and the part of the window that it belongs to."""

    part: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    reads: Path | None = None
    writes: Path | None = None


class Memory:
    """The most that a process and its descendants had resident at one time.

    Summed over processes, and once more with what several of them share divided among them.
    """

    def __init__(self) -> None:
        self.peak = 0
        self.peak_shared = 0

    def watch(self, process: subprocess.Popen[bytes]) -> threading.Thread:
        def look() -> None:
            while process.poll() is None:
                now, shared = resident(process.pid)
                self.peak, self.peak_shared = max(self.peak, now), max(self.peak_shared, shared)
                time.sleep(SAMPLE_SECONDS)

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        return thread


def resident(root: int, processes: Path = Path("/proc")) -> tuple[int, int]:
    """Bytes of a process and all that descend from it, summed, and with what they share divided among them."""
    parents: dict[int, int] = {}
    for entry in processes.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
    family, more = set[int](), {root}
    while more:
        family |= more
        more = {process for process, parent in parents.items() if parent in family} - family
    summed = divided = 0
    for process in family:
        # One that has ended meanwhile has nothing any more.
        with suppress(OSError):
            sizes = dict(SIZES.findall((processes / str(process) / "smaps_rollup").read_text()))
            summed += int(sizes.get("Rss", 0)) * 1024
            divided += int(sizes.get("Pss", 0)) * 1024
    return summed, divided


def start(step: Step, log: Path) -> subprocess.Popen[bytes]:
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(log.parent), **step.environment}
    reads = step.reads.open("rb") if step.reads else None
    writes = step.writes.open("wb") if step.writes else log.open("ab")
    try:
        with log.open("ab") as errors:
            return subprocess.Popen(
                step.command,
                env=environment,
                stdin=reads or subprocess.DEVNULL,
                stdout=writes,
                stderr=errors,
                start_new_session=True,
            )
    finally:
        writes.close()
        if reads:
            reads.close()


def run(steps: Sequence[Step], memory: Memory, log: Path, limit: float) -> dict[str, float]:
    """Seconds of each part. Whatever a program has started ends with it when the limit is reached."""
    parts: dict[str, float] = {}
    deadline = time.monotonic() + limit
    for step in steps:
        began = time.monotonic()
        process = start(step, log)
        watcher = memory.watch(process)
        try:
            code = process.wait(max(0.0, deadline - began))
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise TookTooLong from None
        finally:
            watcher.join()
        parts[step.part] = parts.get(step.part, 0.0) + time.monotonic() - began
        if code != 0:
            raise MethodError(f"{step.command[0]} ended with {code}: {log.read_text(errors='replace')[-2000:]}")
    return parts


def wait_for(path: Path, process: subprocess.Popen[bytes], what: Callable[[], str], seconds: float = 60) -> None:
    """Until a file is there that a program makes."""
    deadline = time.monotonic() + seconds
    while not path.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise MethodError(f"{path.name} did not appear: {what()}")
        time.sleep(0.01)
