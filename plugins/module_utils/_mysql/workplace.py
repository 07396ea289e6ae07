# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tools, connections and processes of one run, together. Private; may change at any time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import Children, during
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError, Server
from ansible_collections.waba.migration.plugins.module_utils._mysql import catalog
from ansible_collections.waba.migration.plugins.module_utils._mysql.connection import Connections, Service
from ansible_collections.waba.migration.plugins.module_utils._mysql.releases import Release, server_release
from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session, client_arguments
from ansible_collections.waba.migration.plugins.module_utils._mysql.tools import PACKAGES, ToolFinder, Tools


class Workplace:
    """What a run needs to work with servers. Leaving it ends every process and removes every file."""

    def __init__(self, bin_directory: str | None, temporary_directory: str) -> None:
        self._connections = Connections(temporary_directory)
        self._finder = ToolFinder(bin_directory, self._version_of)
        self.children = Children({})
        self.tools: Tools

    def __enter__(self) -> Workplace:
        self._connections.__enter__()
        self.children = Children(self._connections.environment())
        try:
            self._use(self._finder.first())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *unused: object) -> None:
        self.children.stop()
        self._connections.__exit__()

    @property
    def directory(self) -> Path:
        return self._connections.directory

    def forget(self) -> None:
        """Remove the files. Sessions that are open go on; new ones cannot be made any more."""
        self._connections.forget()

    def stop_everything(self) -> None:
        """End all processes, and be ready to start those that clean up."""
        self.children.stop()
        self.children = Children(self._connections.environment())

    def add(self, name: str, service: Service) -> None:
        self._connections.add(name, service)

    def options(self, service: str) -> str:
        return self._connections.options(service)

    def session(self, service: str, database: str | None = None) -> Session:
        return Session(self.children, self.tools.client, self.options(service), database)

    def server(self, service: str) -> Server:
        return self._connections.server(service)

    def ping(self, service: str) -> list[str]:
        """A call that ends when the server says anything at all."""
        return [*client_arguments(self.tools.client, self.options(service)), "--execute=SELECT 1"]

    def kill(self, service: str, connections: Sequence[int]) -> None:
        """End connections of a server. One that has just ended by itself is an error to the server, but not to us."""
        statements = "".join(f"KILL {int(number)};" for number in connections)
        argv = [*client_arguments(self.tools.client, self.options(service)), "--force", f"--execute={statements}"]
        self.children.finish(self.children.start(argv))

    def server_facts(self, service: str, session: Session) -> dict[str, Any]:
        """Ask a server who it is. The first question to it, so it is the one that tells why it cannot be reached.

        The release is under C(release), as an object.
        """
        server = self._connections.server(service)
        with during(f"Connecting to the database server {server} as {server.user}"):
            facts = session.document(catalog.SERVER)
            facts.update(dict(session.rows(catalog.VARIABLES)))
            facts["ssl_cipher"] = session.rows(catalog.SSL_CIPHER)[0][1]
        if server.ssl_mode != "disable" and not facts["ssl_cipher"] and not server.host.startswith("/"):
            raise DatabaseError(f"The link to the database server {server} is not encrypted, though ssl_mode asks so.")
        facts["release"] = server_release(facts["version"], facts["version_comment"])
        return facts

    def use_tools_of(self, release: Release, server: str) -> None:
        found = self._finder.fitting(release)
        if found is None:
            raise DatabaseError(
                f"{server} runs {release}, so the client and the dump program of that major release, and not older, "
                f"are needed here. Found: {self._finder.describe()}. Install the package "
                f"{PACKAGES[release.flavour]} of that release or set bin_directory."
            )
        self._use(found)

    def prefer_tools_of(self, release: Release) -> None:
        self._use(self._finder.fitting(release) or self.tools)

    def _use(self, tools: Tools) -> None:
        self.tools = tools
        self._connections.speak(tools.flavour)

    def _version_of(self, path: str) -> str:
        return self.children.output([path, "--version"])
