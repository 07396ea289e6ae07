# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of a server's databases, the same for every engine. Private to this collection; may change at any time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import Children, in_parallel
from ansible_collections.waba.migration.plugins.module_utils._database import Server
from ansible_collections.waba.migration.plugins.module_utils._fingerprint import Fingerprint

if TYPE_CHECKING:
    from typing import Protocol

    class Workplace(Protocol):
        """Tools, connections and processes of one run."""

        children: Children

        def __enter__(self) -> Any: ...

        def __exit__(self, *unused: object) -> None: ...

        def forget(self) -> None: ...


SERVICE = "server"
DATABASES_AT_ONCE = 8


class DatabaseSnapshot(ABC):
    """One database at one moment."""

    @abstractmethod
    def open(self) -> None: ...

    @abstractmethod
    def close(self) -> None: ...

    @abstractmethod
    def fingerprint(self, method: Mapping[str, Any]) -> Fingerprint: ...


class ServerSnapshots(ABC):
    """Read-only transactions, one a database, that go on seeing the moment at which they were opened.

    They hold no lock but while a table is read, so that the client may do with its tables what it likes.
    """

    def __init__(self, workplace: Workplace, server: Server, databases: Sequence[str]) -> None:
        self._processes = workplace
        self._server = server
        self._databases = databases
        self._opened: dict[str, DatabaseSnapshot] = {}

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """What has to be known of both servers to choose how they are hashed."""

    @abstractmethod
    def _look(self) -> None:
        """Connect, and refuse databases that cannot be read."""

    @abstractmethod
    def _snapshot(self, database: str) -> DatabaseSnapshot:
        """Connect to one of them."""

    def __enter__(self) -> ServerSnapshots:
        self._processes.__enter__()
        try:
            self._look()
            tasks = [partial(self._open, name) for name in self._databases]
            in_parallel(self._processes.children, tasks, DATABASES_AT_ONCE)
            self._processes.forget()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *unused: object) -> None:
        self.stop()
        for database in self._opened.values():
            database.close()
        self._processes.__exit__()

    def fingerprints(self, names: Sequence[str], method: Mapping[str, Any], jobs: int) -> list[Fingerprint]:
        tasks = [partial(self._opened[name].fingerprint, method) for name in names]
        return in_parallel(self._processes.children, tasks, jobs)

    def stop(self) -> None:
        self._processes.children.stop()

    def _open(self, name: str) -> None:
        database = self._opened[name] = self._snapshot(name)
        database.open()
