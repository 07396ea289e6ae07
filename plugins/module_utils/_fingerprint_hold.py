# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a process that holds snapshots is found, asked and ended. Private to this collection; may change at any time.

A directory that only its owner can enter has the process's record and the socket that it listens on.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._files import write_private_file
from ansible_collections.waba.migration.plugins.module_utils._fingerprint import Fingerprint
from ansible_collections.waba.migration.plugins.module_utils._processes import ProcessError, read_boot, read_process

RECORD = "hold.json"
SOCKET = "socket"
# The kernel's limit for the name of a socket.
SOCKET_PATH_BYTES = 107
END_SECONDS = 10.0
END_INTERVAL = 0.02
FACTS = "facts"
FINGERPRINTS = "fingerprints"


class SnapshotLostError(DatabaseError):
    """What was to be looked at is not held any more, and cannot be had again."""


@dataclass(frozen=True)
class Record:
    """Who holds what, since when and for how long. ``ended`` says why when it is over."""

    pid: int
    start: int
    boot: str
    server: str
    databases: list[str]
    taken: float
    seconds: int
    ended: str | None = None

    def is_alive(self) -> bool:
        if self.ended is not None or self.boot != read_boot():
            return False
        process = read_process(self.pid)
        return process is not None and process.start == self.start and not process.has_ended()

    def told(self) -> dict[str, Any]:
        """What a module says of it."""
        return {
            "server": self.server,
            "databases": self.databases,
            "pid": self.pid,
            "taken": self.taken,
            "seconds": self.seconds,
        }

    def trouble(self) -> str | None:
        """Why nothing is held any more, or None when it is."""
        if self.ended is not None:
            return self.ended
        if self.boot != read_boot():
            return "this host was booted since"
        if not self.is_alive():
            return f"the process {self.pid} that held it is gone; something killed it"
        return None


class Place:
    """The directory of one holder."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        if len(os.fsencode(self.socket_path)) > SOCKET_PATH_BYTES:
            raise DatabaseError(
                f"hold_path {path} is too long: a socket in it may have a path of {SOCKET_PATH_BYTES} bytes."
            )

    @property
    def socket_path(self) -> Path:
        return self.path / SOCKET

    @property
    def record_path(self) -> Path:
        return self.path / RECORD

    def make(self) -> None:
        try:
            self.path.mkdir(mode=0o700)
        except FileExistsError:
            self._check()
        except OSError as error:
            raise DatabaseError(f"The directory {self.path} cannot be made: {error.strerror}.") from error

    def read(self) -> Record | None:
        try:
            self._check()
            return Record(**json.loads(self.record_path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (TypeError, ValueError) as error:
            raise DatabaseError(
                f"{self.record_path} is no record of a held snapshot ({error}). Remove {self.path} if nothing else "
                "uses it."
            ) from error

    def write(self, record: Record) -> None:
        write_private_file(str(self.record_path), json.dumps(asdict(record)).encode())

    def remove(self) -> None:
        """Remove what was made here, and nothing else: the path is the user's word."""
        for path in (self.record_path, self.socket_path):
            if path.exists():
                path.unlink()
        if self.path.is_dir():
            self.path.rmdir()

    def _check(self) -> None:
        """Who could write here could answer in the holder's name."""
        state = self.path.lstat()
        if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.geteuid() or stat.S_IMODE(state.st_mode) & 0o077:
            raise DatabaseError(
                f"{self.path} is not a directory of uid {os.geteuid()} alone (mode 0700). Set hold_path to one that "
                "does not exist yet."
            )


def release(place: Place) -> bool:
    """End the holder and remove its files. Returns whether snapshots were held until now."""
    try:
        record = place.read()
        alive = record is not None and record.is_alive()
        if record is not None and alive:
            _end(record)
    except ProcessError as error:
        raise DatabaseError(f"Whether {place.path} is still held cannot be told: {error}") from error
    place.remove()
    return alive


def _end(record: Record) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + END_SECONDS
        try:
            os.kill(record.pid, number)
        except ProcessLookupError:
            return
        while time.monotonic() < deadline:
            if not record.is_alive():
                return
            time.sleep(END_INTERVAL)
    raise DatabaseError(f"The process {record.pid} that holds snapshots of {record.server} does not end.")


class HeldSnapshots:
    """Snapshots that another process of this host holds."""

    def __init__(self, place: Place, server: str, databases: Sequence[str]) -> None:
        self._place = place
        self._socket: socket.socket | None = None
        record = place.read()
        if record is None:
            raise SnapshotLostError(
                f"No snapshot is held in {place.path} on this host. The target as it was before its client's first "
                "write cannot be looked at any more; set require_held to false to compare it as it is now, which is "
                "right only when nobody has written to it."
            )
        self._record: Record = record
        trouble = self._trouble()
        if trouble:
            raise self._lost(trouble)
        if record.server != server:
            raise DatabaseError(f"The snapshots in {place.path} are of {record.server}, not of {server}.")
        missing = [name for name in databases if name not in record.databases]
        if missing:
            raise DatabaseError(
                f"The snapshots in {place.path} are of {', '.join(record.databases)}, not of {', '.join(missing)}."
            )

    @property
    def record(self) -> Record:
        return self._record

    def facts(self) -> dict[str, Any]:
        return dict(self._ask({"do": FACTS}))

    def fingerprints(self, names: Sequence[str], method: Mapping[str, Any], jobs: int) -> list[Fingerprint]:
        answer = self._ask({"do": FINGERPRINTS, "names": list(names), "method": dict(method), "jobs": jobs})
        return [Fingerprint.from_json(document) for document in answer]

    def stop(self) -> None:
        connection = self._socket
        if connection is not None:
            # It may have had its answer meanwhile.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _ask(self, question: Mapping[str, Any]) -> Any:
        """One question on a connection of its own. The holder's end is noticed as the end of its answer."""
        with socket.socket(socket.AF_UNIX) as connection:
            self._socket = connection
            try:
                connection.connect(str(self._place.socket_path))
                connection.sendall(json.dumps(question).encode() + b"\n")
                with connection.makefile("rb") as stream:
                    line = stream.readline()
            except OSError as error:
                raise self._lost(self._ending() or f"it cannot be asked ({error.strerror})") from error
            finally:
                self._socket = None
        if not line.endswith(b"\n"):
            raise self._lost(self._ending() or "it has not answered")
        answer = json.loads(line)
        if "error" in answer:
            raise DatabaseError(answer["error"])
        return answer["answer"]

    def _ending(self) -> str | None:
        """Why a holder that does not answer has ended; it may be doing that just now."""
        deadline = time.monotonic() + END_SECONDS
        while not self._trouble() and time.monotonic() < deadline:
            time.sleep(END_INTERVAL)
        return self._trouble()

    def _trouble(self) -> str | None:
        record = self._place.read()
        if record and record.trouble():
            # It says why it ends before it is gone, which may have been after that look.
            record = self._place.read()
        return record.trouble() if record else "it was released"

    def _lost(self, why: str) -> SnapshotLostError:
        return SnapshotLostError(
            f"The snapshot of {self._record.server} that was taken in {self._place.path} is lost: {why}. The target as "
            "it was before its client's first write cannot be looked at any more."
        )
