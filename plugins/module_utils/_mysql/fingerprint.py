# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases of a server, each at one moment, and their fingerprints. Private; may change at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import during
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError, Server
from ansible_collections.waba.migration.plugins.module_utils._fingerprint import (
    COUNTER,
    TABLE,
    Fingerprint,
    Item,
    hash_text,
)
from ansible_collections.waba.migration.plugins.module_utils._fingerprint_snapshots import (
    SERVICE,
    DatabaseSnapshot,
    ServerSnapshots,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql import catalog, fingerprint_sql
from ansible_collections.waba.migration.plugins.module_utils._mysql.connection import (
    FRESH_STATISTICS,
    PINNED_SETTINGS,
    READ_ONLY,
    Service,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.inventory import documents_of, tables_of
from ansible_collections.waba.migration.plugins.module_utils._mysql.plan import BASE_TABLE
from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._mysql.workplace import Workplace

# At any other level a transaction sees what is committed meanwhile.
REPEATABLE_READ = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"


class MySQLSnapshots(ServerSnapshots):
    def __init__(
        self, server: Server, databases: Sequence[str], bin_directory: str | None, temporary_directory: str
    ) -> None:
        self._workplace = Workplace(bin_directory, temporary_directory)
        super().__init__(self._workplace, server, databases)
        self._facts: dict[str, Any] = {}

    def facts(self) -> dict[str, Any]:
        return self._facts

    def _look(self) -> None:
        statements = (READ_ONLY, REPEATABLE_READ, FRESH_STATISTICS)
        self._workplace.add(SERVICE, Service(self._server, PINNED_SETTINGS, statements))
        with self._workplace.session(SERVICE) as session:
            facts = self._workplace.server_facts(SERVICE, session)
            self._workplace.prefer_tools_of(facts["release"])
            self._facts = {"release": str(facts["release"])}
            present = {row["name"] for row in session.documents(catalog.DATABASES)}
        missing = [name for name in self._databases if name not in present]
        if missing:
            raise DatabaseError(
                f"{self._server} has no database {', '.join(missing)}, or {self._server.user} may not see it."
            )

    def _snapshot(self, database: str) -> DatabaseSnapshot:
        return _Database(database, self._server, self._workplace.session(SERVICE, database))


def choose_method(source: Mapping[str, Any], target: Mapping[str, Any]) -> dict[str, Any]:
    """There is only one."""
    return {"hash": "sha2"}


class _Database(DatabaseSnapshot):
    def __init__(self, name: str, server: Server, session: Session) -> None:
        self._name = name
        self._server = server
        self._session = session
        self._counters: list[Item] = []

    def open(self) -> None:
        with during(f"Taking a snapshot of the database {self._name} on {self._server}"):
            # Transactions do not see counters as they were, so they are read at once.
            self._session.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            columns = documents_of(self._session, catalog.columns_of(self._name), self._name)
            counting = {column["table"] for column in columns if "auto_increment" in column["extra"]}
            # Of a table that nobody has opened since the server's start, the catalogue may show an older counter.
            for statement in catalog.openings([(self._name, table) for table in sorted(counting)]):
                self._session.rows(statement)
            tables = tables_of(documents_of(self._session, catalog.tables_of(self._name), self._name))
        # Some releases say nothing of a counter that has not counted yet.
        self._counters = [
            Item(COUNTER, table.name, 0, str(table.auto_increment or 1)) for table in tables if table.name in counting
        ]

    def close(self) -> None:
        self._session.close()

    def fingerprint(self, method: Mapping[str, Any]) -> Fingerprint:
        with during(f"Hashing the database {self._name} on {self._server}"):
            found = tables_of(documents_of(self._session, catalog.tables_of(self._name), self._name))
            columns = documents_of(self._session, fingerprint_sql.columns_of(self._name), self._name)
            sizes = {table.name: table.bytes for table in found if table.kind == BASE_TABLE}
            tables = fingerprint_sql.tables_from(sizes, columns)
            items = [item for batch in fingerprint_sql.batches(tables) for item in self._hash(batch)]
        return Fingerprint(self._name, [*items, *self._counters])

    def _hash(self, tables: Sequence[fingerprint_sql.HashedTable]) -> list[Item]:
        self._session.execute("SAVEPOINT unlocked")
        answers = sorted(
            (int(place), int(rows), int(total))
            for place, rows, total in self._session.rows(fingerprint_sql.hash_tables(self._name, tables))
        )
        # Gives back what has been locked meanwhile. What is seen stays the same.
        self._session.execute("ROLLBACK TO SAVEPOINT unlocked")
        items = []
        for table, (_place, rows, total) in zip(tables, answers):
            if total >= fingerprint_sql.NOT_HASHED:
                raise DatabaseError(
                    f"The table {table.name} of the database {self._name} on {self._server} has a row that cannot be "
                    "hashed within max_allowed_packet. Raise it on both servers."
                )
            items.append(Item(TABLE, table.name, rows, hash_text(total), table.shape))
        return items
