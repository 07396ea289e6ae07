# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""First process of a lab host: prepares it, keeps its services running, reaps orphans, ends them in order.

/etc/lab/services.json names the preparation and the services. /run/lab/<name>.pid holds a service's process id; while
/run/lab/<name>.down exists, the service is not started again. That is how the lab's faults keep a server down.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CONFIGURATION = Path("/etc/lab/services.json")
RUN_DIRECTORY = Path("/run/lab")
RESTART_DELAY_SECONDS = 1.0
STOP_SECONDS = 25.0
POLL_SECONDS = 0.5
WATCHED = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT}


@dataclass
class Service:
    """One program that is kept running."""

    name: str
    command: list[str]
    stop_signal: signal.Signals = signal.SIGTERM
    log: Path | None = None
    pid: int | None = None
    not_before: float = field(default=0.0)

    def start(self) -> None:
        output = None if self.log is None else os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        process = subprocess.Popen(  # noqa: S603 (the image's own list)
            self.command, stdout=output, stderr=output, start_new_session=True, preexec_fn=unblock
        )
        if output is not None:
            os.close(output)
        self.pid = process.pid
        (RUN_DIRECTORY / f"{self.name}.pid").write_text(f"{process.pid}\n", encoding="ascii")

    def ended(self, status: int) -> None:
        sys.stderr.write(f"init: {self.name} ended with status {os.waitstatus_to_exitcode(status)}\n")
        self.pid = None
        self.not_before = time.monotonic() + RESTART_DELAY_SECONDS
        (RUN_DIRECTORY / f"{self.name}.pid").unlink(missing_ok=True)

    def wanted(self) -> bool:
        down = (RUN_DIRECTORY / f"{self.name}.down").exists()
        return self.pid is None and not down and time.monotonic() >= self.not_before


def unblock() -> None:
    """Runs in a child before its program: with the blocked signals inherited, nobody could end it."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)


def read_services(document: dict[str, Any]) -> list[Service]:
    return [
        Service(
            name=entry["name"],
            command=entry["command"],
            stop_signal=signal.Signals[entry.get("stop_signal", "SIGTERM")],
            log=Path(entry["log"]) if "log" in entry else None,
        )
        for entry in document["services"]
    ]


def reap(services: list[Service]) -> None:
    """Collects every ended child, the orphans of ended programs included."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        for service in services:
            if service.pid == pid:
                service.ended(status)


def stop(services: list[Service]) -> None:
    """Ends the services last to first, so that what a service relies on outlives it."""
    for service in reversed(services):
        if service.pid is None:
            continue
        os.kill(service.pid, service.stop_signal)
        deadline = time.monotonic() + STOP_SECONDS
        while service.pid is not None and time.monotonic() < deadline:
            signal.sigtimedwait({signal.SIGCHLD}, POLL_SECONDS)
            reap(services)


def main() -> int:
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    RUN_DIRECTORY.mkdir(parents=True, exist_ok=True)
    document = json.loads(CONFIGURATION.read_text(encoding="utf-8"))
    subprocess.run(document["prepare"], check=True, preexec_fn=unblock)  # noqa: S603 (the image's own list)
    services = read_services(document)
    while True:
        for service in services:
            if service.wanted():
                service.start()
        received = signal.sigtimedwait(WATCHED, POLL_SECONDS)
        if received is not None and received.si_signo in (signal.SIGTERM, signal.SIGINT):
            stop(services)
            return 0
        reap(services)


if __name__ == "__main__":
    sys.exit(main())
