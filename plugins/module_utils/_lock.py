# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lock that belongs to an ansible-playbook process. Private to this collection; may change at any time.

A module ends long before its playbook does, so the lock cannot be a lock of the kernel: it is a file that names the
playbook's process. The kernel's lock on that file only guards the moment in which it is read and written.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Iterator

PROC = "/proc"
# States of a process that has ended, but that its parent has not asked about yet.
ENDED = ("Z", "X")
COMMANDS = ("ansible-playbook", "ansible", "ansible-console")


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


@dataclass(frozen=True)
class _Process:
    pid: int
    parent: int
    state: str
    start_ticks: int
    arguments: list[str]

    def is_ansible(self) -> bool:
        names = [os.path.basename(argument) for argument in self.arguments[:4]]
        if not names:
            return False
        return names[0] in COMMANDS or (names[0].startswith("python") and any(name in COMMANDS for name in names[1:]))


def _read_process(pid: int, proc: str) -> _Process | None:
    try:
        with open(f"{proc}/{pid}/stat", encoding="utf-8", errors="replace") as file:
            stat = file.read()
        with open(f"{proc}/{pid}/cmdline", "rb") as file:
            command = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the program's name in brackets, which may hold spaces and brackets itself.
    fields = stat.rpartition(")")[2].split()
    arguments = [part.decode("utf-8", "replace") for part in command.split(b"\0") if part]
    return _Process(pid=pid, parent=int(fields[1]), state=fields[0], start_ticks=int(fields[19]), arguments=arguments)


def _read_boot(proc: str) -> str:
    with open(f"{proc}/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def find_playbook(pid: int | None = None, proc: str = PROC) -> Owner:
    """Return the ansible-playbook process that the given process (default: this one) works for."""
    if not os.path.isdir(f"{proc}/self"):
        raise LockError(
            f"The playbook's process is looked up in {proc}, which is not there. "
            "The journal must run on a controller with Linux."
        )
    process = _read_process(os.getpid() if pid is None else pid, proc)
    seen = []
    while process is not None and not process.is_ansible():
        seen.append(os.path.basename(process.arguments[0]) if process.arguments else str(process.pid))
        process = _read_process(process.parent, proc)
    if process is None:
        raise LockError(
            "Among the parents of this process ({}) there is no ansible-playbook that could hold the lock. "
            "The journal must run on the controller itself, with a local connection.".format(" < ".join(seen))
        )
    # Ansible's workers are copies of the main process with the same command line and end with their task.
    parent = _read_process(process.parent, proc)
    while parent is not None and parent.arguments == process.arguments:
        process, parent = parent, _read_process(parent.parent, proc)
    return Owner(host=socket.gethostname(), boot=_read_boot(proc), pid=process.pid, start_ticks=process.start_ticks)


def is_alive(owner: Owner, proc: str = PROC) -> bool:
    """Tell whether the owner, a process of this host, still runs."""
    if owner.boot != _read_boot(proc):
        return False
    process = _read_process(owner.pid, proc)
    return process is not None and process.start_ticks == owner.start_ticks and process.state not in ENDED


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
        with open(path, encoding="utf-8") as file:
            return _parse(file.read(), path)
    except FileNotFoundError:
        return None


def check_free(owner: Owner | None, me: Owner, path: str, proc: str = PROC) -> Owner | None:
    """Return the dead owner whose lock may be taken over, or None when the lock is free or mine; raise otherwise."""
    if owner is None or owner == me:
        return None
    if owner.host != me.host:
        raise LockError(
            f"Another playbook holds the lock {path}: {owner}. Whether it still runs cannot be seen from {me.host}. "
            "Make sure that no playbook works on this run there, then remove the file."
        )
    if is_alive(owner, proc):
        raise LockError(
            f"Another playbook works on this run and holds the lock {path}: {owner}. "
            "Wait until it has ended, then run this again."
        )
    return owner


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
        """Write the owner down."""
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
    """Open the lock file and keep every other module out of it, and so of the journal, until the end of the block."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield LockFile(path, descriptor)
    finally:
        os.close(descriptor)
