# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command lines of all processes of all hosts and of this machine, looked at many times a second."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from labctl.layout import SSH_HOSTS, Lab
from labctl.waiting import wait_until

CONTROLLER = "controller"
STARTED = b"sampling\n"
STARTED_SECONDS = 30.0
END_SECONDS = 10.0
PROGRAM = r"""
import os, select, sys, time
seen = set()
print("sampling", flush=True)
while not select.select([0], [], [], 0.02)[0]:
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                line = file.read()
        except OSError:
            continue
        if line and line not in seen:
            seen.add(line)
            sys.stdout.buffer.write(line.replace(b"\0", b" ") + b"\n")
            sys.stdout.buffer.flush()
"""
"""Ends when its standard input does."""


@contextmanager
def sampling(lab: Lab) -> Iterator[dict[str, bytes]]:
    """Samples as long as the context lasts. What was seen is in the result when that has ended, by host."""
    seen: dict[str, bytes] = {}
    running: dict[str, subprocess.Popen[bytes]] = {}
    with TemporaryDirectory() as place:
        files = {host: Path(place) / host for host in (CONTROLLER, *SSH_HOSTS)}
        try:
            for host, file in files.items():
                here = host == CONTROLLER
                program = [sys.executable] if here else ["docker", "exec", "-i", lab.container(host), "python3"]
                with file.open("wb") as output:
                    running[host] = subprocess.Popen(  # noqa: S603
                        [*program, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=output
                    )
            wait_until(
                lambda: ", ".join(host for host, file in files.items() if not file.read_bytes().startswith(STARTED)),
                "Starting to sample processes",
                STARTED_SECONDS,
                "See whether the lab is up.",
            )
            yield seen
        finally:
            for process in running.values():
                process.communicate(timeout=END_SECONDS)
            seen.update({f"processes of {host}": file.read_bytes() for host, file in files.items()})
