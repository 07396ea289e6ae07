# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dumps of a set of databases as files, all or nothing. Private to this collection; may change at any time."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import IO

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import Children, in_parallel
from ansible_collections.waba.migration.plugins.module_utils._database import (
    DatabaseError,
    Dump,
    DumpPlan,
    DumpRequest,
    DumpResult,
)
from ansible_collections.waba.migration.plugins.module_utils._files import sync_directory

UNFINISHED = ".incomplete"
CHUNK = 1024 * 1024


class DumpRun(ABC):
    """Look at the server and at the place, dump each database into a hidden file, show them together."""

    suffix: str

    def __init__(self, request: DumpRequest) -> None:
        self._request = request
        self._directory = Path(request.directory)
        self._begun: list[Path] = []

    @abstractmethod
    def _look(self) -> tuple[Mapping[str, int], list[str]]:
        """The sizes of the databases, and what a dump of them does not keep, in sentences. Refuses what cannot be."""

    @abstractmethod
    def _write(self, database: str, file: IO[bytes]) -> None: ...

    @abstractmethod
    def _children(self) -> Children: ...

    def plan(self) -> DumpPlan:
        """Nothing is written."""
        for name in self._request.databases:
            if "/" in name or "\0" in name or name.startswith("."):
                raise DatabaseError(f"The database {name} cannot be dumped, since its name cannot be that of a file.")
        free = self._free_bytes()
        sizes, losses = self._look()
        needed = int(sum(sizes.values()) * self._request.free_space_factor)
        if free < needed:
            raise DatabaseError(
                f"{self._directory.parent} has {free} bytes free; {needed} are needed for dumps of {len(sizes)} "
                f"databases on {self._request.server}. Make room there, or choose another directory."
            )
        return DumpPlan(sizes, needed, free, losses)

    def dump(self) -> DumpResult:
        started = time.monotonic()
        plan = self.plan()
        self._make_directory()
        try:
            steps = [partial(self._dump, name) for name in sorted(plan.sizes, key=lambda name: -plan.sizes[name])]
            dumps = {dump.name: dump for dump in in_parallel(self._children(), steps, self._request.jobs)}
            for path in list(self._begun):
                path.replace(path.with_name(path.name[: -len(UNFINISHED)]))
            self._begun.clear()
            sync_directory(self._directory)
        finally:
            for path in self._begun:
                path.unlink(missing_ok=True)
        return DumpResult([dumps[name] for name in self._request.databases], plan, time.monotonic() - started)

    def _dump(self, name: str) -> Dump:
        started = time.monotonic()
        path = self._directory / f"{name}{self.suffix}"
        hidden = path.with_name(path.name + UNFINISHED)
        if hidden.exists():
            # A run that was killed has left it.
            hidden.unlink()
        descriptor = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self._begun.append(hidden)
        with os.fdopen(descriptor, "r+b") as file:
            self._write(name, file)
            os.fsync(file.fileno())
            digest = sha256_of(file)
            size = os.fstat(file.fileno()).st_size
        return Dump(name, str(path), size, digest, time.monotonic() - started)

    def _free_bytes(self) -> int:
        """Of the place that the directory is to be made in."""
        try:
            state = os.statvfs(self._directory.parent)
        except OSError as error:
            raise DatabaseError(
                f"Dumps cannot be written to {self._directory}: {self._directory.parent} cannot be used "
                f"({error.strerror}). Make it first; it shall be seen if what is to be mounted there is not."
            ) from error
        if self._directory.exists():
            self._check_directory()
        if not os.access(self._directory.parent, os.W_OK | os.X_OK):
            raise DatabaseError(f"Dumps cannot be written to {self._directory}: this account may not write there.")
        return state.f_bavail * state.f_frsize

    def _make_directory(self) -> None:
        try:
            self._directory.mkdir(mode=0o700)
        except FileExistsError:
            self._check_directory()
        except OSError as error:
            raise DatabaseError(f"The directory {self._directory} cannot be made: {error.strerror}.") from error

    def _check_directory(self) -> None:
        state = self._directory.lstat()
        if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.geteuid() or stat.S_IMODE(state.st_mode) & 0o077:
            raise DatabaseError(
                f"{self._directory} is not a directory of uid {os.geteuid()} alone (mode 0700), so others could read "
                "the dumps. Choose one that does not exist yet."
            )


def sha256_of(file: IO[bytes]) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    for chunk in iter(partial(file.read, CHUNK), b""):
        digest.update(chunk)
    return digest.hexdigest()
