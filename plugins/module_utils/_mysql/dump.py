# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dump databases of MySQL and MariaDB as files. Private to this collection; may change at any time."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import IO

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import Children, during
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError, DumpRequest, DumpResult
from ansible_collections.waba.migration.plugins.module_utils._dump_run import DumpRun
from ansible_collections.waba.migration.plugins.module_utils._mysql import catalog, commands, refusals
from ansible_collections.waba.migration.plugins.module_utils._mysql.connection import (
    FRESH_STATISTICS,
    PINNED_SETTINGS,
    READ_ONLY,
    Service,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.floats import SINGLE_PRECISION
from ansible_collections.waba.migration.plugins.module_utils._mysql.inventory import documents_of
from ansible_collections.waba.migration.plugins.module_utils._mysql.planning import check_rights, rights_of
from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._mysql.target import databases_on
from ansible_collections.waba.migration.plugins.module_utils._mysql.watch import Watch
from ansible_collections.waba.migration.plugins.module_utils._mysql.workplace import Workplace

SERVICE = "server"
LAST_BYTES = 200


class MySQLDumps(DumpRun):
    """Scripts for the client, each of which makes one database."""

    suffix = ".sql"

    def __init__(self, workplace: Workplace, request: DumpRequest) -> None:
        super().__init__(request)
        self._workplace = workplace
        workplace.add(SERVICE, Service(request.server, PINNED_SETTINGS, (READ_ONLY, FRESH_STATISTICS)))

    def dump(self) -> DumpResult:
        with Watch(self._workplace.children, {self._request.server: self._workplace.ping(SERVICE)}):
            return super().dump()

    def _look(self) -> tuple[Mapping[str, int], list[str]]:
        server, wanted = self._request.server, self._request.databases
        with self._workplace.session(SERVICE) as session:
            facts = self._workplace.server_facts(SERVICE, session)
            self._workplace.use_tools_of(facts["release"], f"The server {server}")
            with during(f"Reading the catalogue of {server}"):
                check_rights(rights_of(session, facts), server, wanted)
                present = databases_on(session, None)
                missing = [name for name in wanted if name not in present]
                if missing:
                    raise DatabaseError(f"{server} has no database {', '.join(missing)}.")
                rounded = [column for name in wanted for column in rounded_columns(session, name)]
        losses = [f"{self._workplace.tools.dump_name} keeps six digits of FLOAT columns: {refusals.some(rounded)}"]
        return {name: present[name]["size_bytes"] for name in wanted}, losses if rounded else []

    def _write(self, database: str, file: IO[bytes]) -> None:
        argv = commands.dump_database(self._workplace.tools, self._workplace.options(SERVICE), database)
        with during(f"Dumping the database {database} of {self._request.server}"):
            self._workplace.children.run(argv, stdout=file)
        file.seek(max(0, os.fstat(file.fileno()).st_size - LAST_BYTES))
        if commands.COMPLETE not in file.read():
            raise DatabaseError(
                f"The dump of the database {database} of {self._request.server} has no end, though the dump program "
                "reported no error."
            )

    def _children(self) -> Children:
        return self._workplace.children


def rounded_columns(session: Session, database: str) -> list[str]:
    return [
        f"{database}.{row['table']}.{row['name']}"
        for row in documents_of(session, catalog.columns_of(database), database)
        if row["type"] == SINGLE_PRECISION
    ]
