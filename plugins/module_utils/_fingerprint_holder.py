# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that holds snapshots while a playbook goes on. Private to this collection; may change at any time.

It is a fork of the module, so it needs no program on this host, and its life has a limit from its first moment on.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._fingerprint_hold import (
    FACTS,
    FINGERPRINTS,
    Place,
    Record,
    release,
)
from ansible_collections.waba.migration.plugins.module_utils._processes import read_boot, read_process

if TYPE_CHECKING:
    from ansible_collections.waba.migration.plugins.module_utils._fingerprint import Snapshots

# Opening the snapshots takes some tenths of a second; a server that does not answer shall not hold up the window.
OPEN_SECONDS = 60
LOOK_SECONDS = 1.0
TALK_SECONDS = 10.0
QUESTION_BYTES = 1024 * 1024


class EndedError(BaseException):
    """The holder's time is over. Not an Exception, so that nothing on the way takes it for a failure of its own."""


@dataclass(frozen=True)
class Task:
    """What is to be held, where, and for how many seconds at most."""

    place: Place
    seconds: int
    server: str
    databases: list[str]
    open_snapshots: Callable[[], AbstractContextManager[Snapshots]]


def hold(task: Task) -> Record:
    """Start the holder, and return when the snapshots are taken. Those held in this place before are released."""
    place = task.place
    release(place)
    place.make()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        # Nothing that the module has prepared for its own end may run here.
        try:
            os.close(reader)
            _detach()
            _live(task, writer)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as report:
        text = report.read()
    os.waitpid(child, 0)
    answer = json.loads(text) if text else {"error": "The process that was to hold the snapshots ended at once."}
    if "error" in answer:
        place.remove()
        raise DatabaseError(answer["error"])
    return Record(**answer)


def _detach() -> None:
    """Leave the module's session, terminal, directory and streams, which would keep its connection open."""
    os.setsid()
    if os.fork() != 0:
        os._exit(0)
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.close(null)


def _live(task: Task, report: int) -> None:
    """The holder's whole life. What ends it is reported to the module, or else left in the record."""
    place = task.place
    seconds = min(OPEN_SECONDS, task.seconds)
    _limit(seconds, f"taking it had not been possible within {seconds} s")
    record: Record | None = None
    reason = "its record is gone"
    try:
        with task.open_snapshots() as snapshots, socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(place.socket_path))
            listener.listen()
            _limit(task.seconds, f"its time limit of {task.seconds} s was reached")
            record = _record_of(task)
            place.write(record)
            _report(report, asdict(record))
            _serve(listener, place, record, snapshots)
    except (EndedError, DatabaseError) as end:
        reason = str(end)
    except Exception as error:  # noqa: BLE001 - nobody else hears of it
        reason = f"{type(error).__name__}: {error}"
    if record is None:
        _report(report, {"error": reason})
    elif place.read() == record:
        place.write(replace(record, ended=reason.rstrip(".")))
        place.socket_path.unlink()


def _record_of(task: Task) -> Record:
    process = read_process(os.getpid())
    if process is None:
        raise DatabaseError("The process that holds the snapshots is not among the processes of this host.")
    return Record(process.pid, process.start, read_boot(), task.server, task.databases, time.time(), task.seconds)


def _limit(seconds: int, reason: str) -> None:
    """End the holder in so many seconds, whatever it is doing then, or when it is asked to by a signal."""

    def end(number: int, frame: Any) -> None:
        # Cleaning up is bounded, and is not to be disturbed.
        for each in (signal.SIGTERM, signal.SIGALRM):
            signal.signal(each, signal.SIG_IGN)
        raise EndedError(reason if number == signal.SIGALRM else "it was released")

    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)


def _report(report: int, document: Mapping[str, Any]) -> None:
    with os.fdopen(report, "wb") as stream:
        stream.write(json.dumps(document).encode())


def _serve(listener: socket.socket, place: Place, record: Record, snapshots: Snapshots) -> None:
    while place.read() == record:
        asked, _writable, _broken = select.select([listener], [], [], LOOK_SECONDS)
        if asked:
            connection, _address = listener.accept()
            with connection:
                connection.settimeout(TALK_SECONDS)
                _answer(connection, snapshots)


def _answer(connection: socket.socket, snapshots: Snapshots) -> None:
    """Answer one question. After a failure nothing is held any more, since all sessions end with the first."""
    try:
        with connection.makefile("rb") as stream:
            question = json.loads(stream.readline(QUESTION_BYTES))
    except (OSError, ValueError):
        # Who opens a connection and asks nothing gets no answer.
        return
    try:
        answer = {"answer": _answer_to(question, snapshots)}
    except DatabaseError as error:
        _send(connection, {"error": str(error)})
        raise
    _send(connection, answer)


def _answer_to(question: Mapping[str, Any], snapshots: Snapshots) -> Any:
    if question["do"] == FACTS:
        return snapshots.facts()
    if question["do"] == FINGERPRINTS:
        found = snapshots.fingerprints(question["names"], question["method"], question["jobs"])
        return [fingerprint.to_json() for fingerprint in found]
    raise DatabaseError(f"The holder of the snapshots was asked for {question['do']!r}, which it does not know.")


def _send(connection: socket.socket, document: Mapping[str, Any]) -> None:
    # Who asked may be gone; what is held is still there for the next question.
    with suppress(OSError):
        connection.sendall(json.dumps(document).encode() + b"\n")
