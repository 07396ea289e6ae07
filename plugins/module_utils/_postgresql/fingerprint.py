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
    LARGE_OBJECTS,
    SEQUENCE,
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
from ansible_collections.waba.migration.plugins.module_utils._postgresql import catalog, fingerprint_sql
from ansible_collections.waba.migration.plugins.module_utils._postgresql.connection import READ_ONLY_SETTINGS
from ansible_collections.waba.migration.plugins.module_utils._postgresql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._postgresql.sql import printable
from ansible_collections.waba.migration.plugins.module_utils._postgresql.workplace import Workplace


class PostgreSQLSnapshots(ServerSnapshots):
    def __init__(
        self, server: Server, databases: Sequence[str], bin_directory: str | None, temporary_directory: str
    ) -> None:
        self._workplace = Workplace(bin_directory, temporary_directory)
        super().__init__(self._workplace, server, databases)
        self._facts: dict[str, Any] = {}
        self._encodings: dict[str, str] = {}

    def facts(self) -> dict[str, Any]:
        return self._facts

    def _look(self) -> None:
        self._workplace.add(SERVICE, self._server, READ_ONLY_SETTINGS)
        connecting = f"Connecting to the database server {self._server} as {self._server.user}"
        with during(connecting), self._workplace.session(SERVICE) as session:
            self._facts = {**session.query(fingerprint_sql.SERVER), "probe": None}
            if self._facts["version_num"] >= fingerprint_sql.EXTENDED_HASHES:
                self._facts["probe"] = session.query(fingerprint_sql.PROBE)
            present = session.query(fingerprint_sql.DATABASES)
        self._check(present)
        self._encodings = {name: present[name]["encoding"] for name in self._databases}

    def _check(self, present: Mapping[str, Any]) -> None:
        missing = [name for name in self._databases if name not in present]
        if missing:
            raise DatabaseError(f"{self._server} has no database {', '.join(missing)}.")
        closed = [name for name in self._databases if not present[name]["connectable"]]
        if closed:
            raise DatabaseError(f"{self._server} does not let {self._server.user} into {', '.join(closed)}.")

    def _snapshot(self, database: str) -> DatabaseSnapshot:
        session = self._workplace.session(SERVICE, database, self._encodings[database])
        return _Database(database, self._server, session)


class _Database(DatabaseSnapshot):
    def __init__(self, name: str, server: Server, session: Session) -> None:
        self._name = name
        self._server = server
        self._session = session
        self._sequences: list[Item] = []

    def open(self) -> None:
        with during(f"Taking a snapshot of the database {self._name} on {self._server}"):
            self._session.query(fingerprint_sql.PIN_SETTINGS)
            self._session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            with self._session.without_locks():
                names = self._session.query(fingerprint_sql.SEQUENCES)
                # Transactions do not see sequences as they were, so they are read at once.
                states = [
                    state for statement in catalog.sequence_states(names) for state in self._session.query(statement)
                ]
        self._sequences = [
            Item(SEQUENCE, printable(".".join(parts)), 0, f"{value} ({'used' if called else 'not yet used'})")
            for parts, (value, called) in zip(names, states)
        ]

    def close(self) -> None:
        self._session.close()

    def fingerprint(self, method: Mapping[str, Any]) -> Fingerprint:
        with during(f"Hashing the database {self._name} on {self._server}"):
            with self._session.without_locks():
                tables = fingerprint_sql.tables_from(self._session.query(fingerprint_sql.TABLES))
            items = [item for batch in fingerprint_sql.batches(tables) for item in self._hash(batch, method)]
            with self._session.without_locks():
                objects, total = self._session.query(fingerprint_sql.hash_large_objects(method["hash"]))
        if objects:
            items.append(Item(LARGE_OBJECTS, "", objects, hash_text(int(total))))
        return Fingerprint(self._name, [*items, *self._sequences])

    def _hash(self, tables: Sequence[fingerprint_sql.HashedTable], method: Mapping[str, Any]) -> list[Item]:
        with self._session.without_locks():
            self._session.execute(f"SET LOCAL extra_float_digits = {int(method['extra_float_digits'])}")
            answers = self._session.query(fingerprint_sql.hash_tables(tables, method["hash"]))
        return [
            Item(TABLE, printable(str(table)), rows, hash_text(int(total)), printable(table.shape))
            for table, (rows, total) in zip(tables, answers)
        ]
