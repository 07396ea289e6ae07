# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tools, connections and processes of one run, together. Private; may change at any time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import Children, during
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError, Server
from ansible_collections.waba.migration.plugins.module_utils._postgresql import catalog
from ansible_collections.waba.migration.plugins.module_utils._postgresql.connection import Connections
from ansible_collections.waba.migration.plugins.module_utils._postgresql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._postgresql.tools import ToolFinder, Tools, parse_version

MAINTENANCE_DATABASE = "postgres"


class Workplace:
    """What a run needs to work with servers. Leaving it ends every process and removes every file."""

    def __init__(self, bin_directory: str | None, temporary_directory: str) -> None:
        self._connections = Connections(temporary_directory)
        self._finder = ToolFinder(bin_directory, self._version_of)
        self._servers: dict[str, Server] = {}
        self.children = Children({})
        self.tools: Tools

    def __enter__(self) -> Workplace:
        self._connections.__enter__()
        self.children = Children(self._connections.environment())
        try:
            self.tools = self._finder.first()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *unused: object) -> None:
        self.children.stop()
        self._connections.__exit__()

    @property
    def application(self) -> str:
        return self._connections.application

    @property
    def directory(self) -> Path:
        return self._connections.directory

    def stop_everything(self) -> None:
        """End all processes, and be ready to start those that clean up."""
        self.children.stop()
        self.children = Children(self._connections.environment())

    def forget(self) -> None:
        """Remove the files. Sessions that are open go on; new ones cannot be made any more."""
        self._connections.forget()

    def add(self, name: str, server: Server, settings: Mapping[str, str]) -> None:
        self._connections.add(name, server, settings)
        self._servers[name] = server

    def address(self, service: str, database: str) -> str:
        return self._connections.address(service, database)

    def session(self, service: str, database: str = MAINTENANCE_DATABASE, encoding: str = "UTF8") -> Session:
        return Session(self.children, self.tools.path("psql"), self.address(service, database), encoding)

    def replication_session(self, service: str, database: str, encoding: str) -> Session:
        """A session that takes the commands of replication."""
        address = self._connections.address(service, database, replication="database")
        return Session(self.children, self.tools.path("psql"), address, encoding)

    def server_facts(self, service: str, session: Session) -> dict[str, Any]:
        """Ask a server who it is. The first question to it, so it is the one that tells why it cannot be reached."""
        server = self._servers[service]
        with during(f"Connecting to the database server {server} as {server.user}"):
            return dict(session.query(catalog.SERVER))

    def use_tools_of(self, major: int, server: str) -> None:
        found = self._finder.of_major(major)
        if found is None:
            raise DatabaseError(
                f"{server} runs PostgreSQL {major}, so psql, pg_dump and pg_restore {major} are needed here. Found: "
                f"{self._finder.describe()}. Install the package postgresql-client-{major} or set bin_directory."
            )
        self.tools = found

    def prefer_tools_of(self, major: int) -> None:
        self.tools = self._finder.of_major(major) or self.tools

    def _version_of(self, path: str) -> str:
        return parse_version(self.children.output([path, "--version"]))
