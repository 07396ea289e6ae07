# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that the lab runs on this machine. Every command is a list of words, so no shell ever reads it."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labctl.errors import LabError


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    output: bytes
    errors: bytes

    @property
    def text(self) -> str:
        return self.output.decode("utf-8", errors="replace")

    @property
    def complaint(self) -> str:
        """The last lines of what it said, for an error message."""
        said = (self.errors or self.output).decode("utf-8", errors="replace").strip().splitlines()
        return "\n             ".join(said[-6:]) or f"exit status {self.code} and no word"


def run(
    command: Sequence[str], timeout: float, stdin: bytes | None = None, environment: Mapping[str, str] | None = None
) -> Result:
    """Runs a command to its end and returns whatever came back."""
    try:
        done = subprocess.run(  # noqa: S603
            command,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            timeout=timeout,
            env={**os.environ, **(environment or {})},
            check=False,
        )
    except FileNotFoundError as error:
        raise LabError(
            f"Starting {command[0]}", "there is no such program on this machine", "Install it, then run this again."
        ) from error
    except subprocess.TimeoutExpired as error:
        raise LabError(
            " ".join(command[:4]), f"no answer within {timeout:.0f} s", "See whether the machine is overloaded."
        ) from error
    return Result(done.returncode, done.stdout, done.stderr)


def pipe(source: Sequence[str], sink: Sequence[str], timeout: float) -> Result:
    """Runs two commands as a pipe; fails when either does. The result is the sink's."""
    with subprocess.Popen(source, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as writer:  # noqa: S603
        done = subprocess.run(sink, stdin=writer.stdout, capture_output=True, timeout=timeout, check=False)  # noqa: S603
        code = writer.wait() or done.returncode
    return Result(code, done.stdout, done.stderr)


def attach(command: Sequence[str]) -> int:
    """Runs a command on this terminal and returns its exit status."""
    return subprocess.run(command, check=False).returncode  # noqa: S603


def started_and_done(command: Sequence[str], first_line_seconds: float, timeout: float) -> bool:
    """Whether a command printed its first line soon, and then succeeded in time. It is ended when it did not."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:  # noqa: S603
        lines: queue.Queue[str] = queue.Queue()

        def read() -> None:
            for line in process.stdout or ():
                lines.put(line)
            lines.put("")

        threading.Thread(target=read, daemon=True).start()
        try:
            return bool(lines.get(timeout=first_line_seconds)) and process.wait(timeout=timeout) == 0
        except (queue.Empty, subprocess.TimeoutExpired):
            return False
        finally:
            process.kill()
