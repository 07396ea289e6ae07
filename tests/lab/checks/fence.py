# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The old databases as they are at the moment of the fence: a backup which the test takes itself, and dumps afterwards.

A migration may refuse a database that somebody else is connected to, and it reads them right after the fence. So the
moment is kept with PostgreSQL's own backup functions, which need no connection to these databases. MySQL has no such
functions: there the dumps are taken at once, and whoever waits until nobody is connected waits for all of them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from labctl import databases, docker
from labctl.errors import LabError
from labctl.files import write_private
from labctl.layout import ACME, POSTGRESQL, Lab
from labctl.project import PROJECT_LABEL
from labctl.session import Session
from labctl.waiting import wait_until

from checks import dumps, late_picture, postgresql_fence, record

WATCH_SECONDS = 900.0
TAKEN_SECONDS = 30.0
STAGE = "fence"


def watch(session: Session) -> None:
    """Waits until no container of the old client runs any more, and keeps the databases of that moment."""
    lab = session.lab
    fenced = threading.Event()
    with ThreadPoolExecutor(max_workers=1) as pool:
        picture = pool.submit(late_picture.send, session, fenced)
        try:
            _await_fence(lab)
        finally:
            fenced.set()
    stopped = time.time()
    known: dict[str, Any] = {"stopped": stopped, "late_picture": picture.result()}
    if session.state.database_engine is POSTGRESQL:
        postgresql_fence.keep(session)
    else:
        directory = record.directory(lab, STAGE)
        with _connected(session):
            known["dumps"] = dumps.take(session, ACME.database_host, dumps.acme_databases(), directory)
    record.save(lab, STAGE, {**known, "taken": time.time()})


@contextmanager
def _connected(session: Session) -> Iterator[None]:
    """One connection from the first dump to the last: between two of them the databases would seem to be free."""
    server = databases.server(session.lab, session.state, ACME.database_host)
    client = (*server.client(dumps.acme_databases()[0]), "--unbuffered")
    command = ["docker", "exec", "--interactive", "--user", server.engine.system_user, server.container, *client]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdin  # noqa: S101 (a pipe)
        assert process.stdout  # noqa: S101 (a pipe)
        process.stdin.write(b"SELECT 1;\n")
        process.stdin.flush()
        if not process.stdout.readline():
            raise LabError(f"Connecting to {server.host}", "the client ended", f"Read {server.engine.log} there.")
        yield


def _await_fence(lab: Lab) -> None:
    listing = f"docker ps --quiet --filter label={PROJECT_LABEL}={ACME.project}"
    docker.script(
        lab.container("old"),
        f'while running=$({listing}) && [ -n "$running" ]; do docker wait $running > /dev/null; done\n',
        tried="Waiting for the fence",
        timeout=WATCH_SECONDS,
    )


def _pid_file(lab: Lab) -> Path:
    return record.directory(lab) / "watch.pid"


def discard(session: Session) -> None:
    """Removes what an earlier watch has kept."""
    if session.state.database_engine is POSTGRESQL:
        postgresql_fence.discard(session)


def start_watching(lab: Lab) -> None:
    """Watches in a process of its own, which outlives this one."""
    log = record.directory(lab) / "watch.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 (ourselves)
            [sys.executable, str(Path(__file__).with_name("run")), "watch"],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    write_private(_pid_file(lab), str(process.pid))


def stop_watching(lab: Lab) -> None:
    """Ends a watch whose fence never came."""
    pid_file = _pid_file(lab)
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text(encoding="ascii"))
    command_line = Path(f"/proc/{pid}/cmdline")
    if command_line.exists() and b"watch" in command_line.read_bytes():
        os.killpg(pid, signal.SIGTERM)
    pid_file.unlink()


def dump(session: Session) -> dict[str, str]:
    """The digests of what was kept, whose dumps are in the stage's directory from then on."""
    lab = session.lab
    wait_until(
        lambda: "" if record.path(lab, STAGE).exists() else "it has not come, or its backup is not there",
        "Waiting for the fence",
        TAKEN_SECONDS,
        f"Read {record.directory(lab) / 'watch.log'}.",
    )
    known = record.load(lab, STAGE)
    if "dumps" not in known:
        known["dumps"] = postgresql_fence.dump(session, record.directory(lab, STAGE))
        record.save(lab, STAGE, known)
    found: dict[str, str] = known["dumps"]
    return found
