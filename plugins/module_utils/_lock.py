# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lock that belongs to an ansible-playbook process. Private to this collection; may change at any time.

A task ends long before its playbook does, so the lock cannot be a lock of the kernel: it is a file that names the
playbook's process. The kernel's lock on that file only guards the moment in which it is read and written.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Iterator

from ansible_collections.waba.migration.plugins.module_utils._processes import (
    PROC,
    Process,
    ProcessError,
    read_boot,
    read_process,
)


class LockError(Exception):
    """The lock cannot be had, or nothing can be said about it."""


@dataclass(frozen=True)
class Owner:
    """A process that no other can be mistaken for: process numbers are used again, start times of one boot are not."""

    host: str
    boot: str
    pid: int
    start_ticks: int

    def __str__(self) -> str:
        return f"pid {self.pid} on {self.host}"


def _look(pid: int, proc: str) -> Process | None:
    try:
        return read_process(pid, proc)
    except ProcessError as error:
        raise LockError(f"Whose the lock is cannot be told on this controller. {error}") from error


def describe_owner(pid: int, proc: str = PROC) -> Owner:
    """Return the running process of that number as the owner that it may become."""
    process = _look(pid, proc)
    if process is None:
        raise LockError(f"There is no process {pid} on this controller that could hold the lock.")
    return Owner(host=socket.gethostname(), boot=read_boot(proc), pid=pid, start_ticks=process.start)


def is_alive(owner: Owner, proc: str = PROC) -> bool:
    """Tell whether the owner, a process of this host, still runs."""
    if owner.boot != read_boot(proc):
        return False
    process = _look(owner.pid, proc)
    return process is not None and process.start == owner.start_ticks and not process.has_ended()


def _parse(text: str, path: str) -> Owner | None:
    if not text.strip():
        return None
    try:
        values: dict[str, object] = json.loads(text)
        return Owner(
            host=str(values["host"]),
            boot=str(values["boot"]),
            pid=int(str(values["pid"])),
            start_ticks=int(str(values["start_ticks"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise LockError(
            f"The lock file {path} cannot be read ({error}). Make sure that no playbook works on this run, "
            "then remove the file."
        ) from error


def read_owner(path: str) -> Owner | None:
    """Return who holds the lock, without touching it."""
    try:
        return _parse(Path(path).read_text(encoding="utf-8"), path)
    except FileNotFoundError:
        return None


def check_free(owner: Owner | None, me: Owner, path: str, proc: str = PROC) -> Owner | None:
    """Return the dead owner whose lock may be taken over, or None when the lock is free or mine; raise otherwise."""
    if owner is None or owner == me:
        return None
    if owner.host != me.host:
        raise LockError(
            f"Another playbook holds the lock {path}: {owner}, {_since(path)}. "
            f"Whether it still runs cannot be seen from {me.host}. "
            "Make sure that no playbook works on this run there, then remove the file."
        )
    if is_alive(owner, proc):
        raise LockError(
            f"Another playbook works on this run and holds the lock {path}: {owner}, {_since(path)}. "
            "Wait until it has ended, or end it, then run this again."
        )
    return owner


def _since(path: str) -> str:
    """The lock is written once, when it is taken."""
    taken = datetime.fromtimestamp(Path(path).stat().st_mtime, timezone.utc)
    return f"since {taken.strftime('%Y-%m-%dT%H:%M:%SZ')}"


class LockFile:
    """The opened lock file."""

    def __init__(self, path: str, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    def owner(self) -> Owner | None:
        """Return who holds the lock."""
        size = os.fstat(self._descriptor).st_size
        return _parse(os.pread(self._descriptor, size, 0).decode("utf-8"), self._path)

    def take(self, owner: Owner) -> None:
        """Write the owner down, unless it is the owner already."""
        if self.owner() != owner:
            self._write(json.dumps(asdict(owner)).encode("utf-8"))

    def release(self) -> None:
        """Leave the file empty, which means that nobody holds the lock."""
        self._write(b"")

    def _write(self, data: bytes) -> None:
        os.pwrite(self._descriptor, data, 0)
        os.ftruncate(self._descriptor, len(data))
        os.fsync(self._descriptor)


@contextmanager
def guarded(path: str) -> Iterator[LockFile]:
    """Open the lock file and keep every other task out of it, and so of the journal, until the end of the block."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield LockFile(path, descriptor)
    finally:
        os.close(descriptor)
