# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dump databases of PostgreSQL as files. Private to this collection; may change at any time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import Children, during
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError, DumpRequest
from ansible_collections.waba.migration.plugins.module_utils._dump_run import DumpRun
from ansible_collections.waba.migration.plugins.module_utils._postgresql import catalog, commands
from ansible_collections.waba.migration.plugins.module_utils._postgresql.connection import READ_ONLY_SETTINGS
from ansible_collections.waba.migration.plugins.module_utils._postgresql.workplace import Workplace

SERVICE = "server"


class PostgreSQLDumps(DumpRun):
    """Archives for pg_restore."""

    suffix = ".dump"

    def __init__(self, workplace: Workplace, request: DumpRequest) -> None:
        super().__init__(request)
        self._workplace = workplace
        workplace.add(SERVICE, request.server, READ_ONLY_SETTINGS)

    def _look(self) -> tuple[Mapping[str, int], list[str]]:
        server, wanted = self._request.server, self._request.databases
        with self._workplace.session(SERVICE) as session:
            facts = self._workplace.server_facts(SERVICE, session)
            self._workplace.use_tools_of(int(facts["version_num"]) // 10000, f"The server {server}")
            present = {each["name"]: each for each in session.query(catalog.DATABASES)}
        missing = [name for name in wanted if name not in present]
        if missing:
            raise DatabaseError(f"{server} has no database {', '.join(missing)}.")
        closed = [name for name in wanted if not present[name]["connectable"]]
        if closed:
            raise DatabaseError(f"{server} does not let {server.user} into {', '.join(closed)}.")
        return {name: int(present[name]["size_bytes"]) for name in wanted}, []

    def _write(self, database: str, file: IO[bytes]) -> None:
        argv = commands.dump_archive(self._workplace.tools, self._workplace.address(SERVICE, database))
        with during(f"Dumping the database {database} of {self._request.server}"):
            self._workplace.children.run(argv, stdout=file)

    def _children(self) -> Children:
        return self._workplace.children
