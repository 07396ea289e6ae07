# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which databases of a target follow, since what tells of it on the server is gone after the cut. Private."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.waba.migration.plugins.module_utils._mysql.ledger import DATABASE
from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._mysql.sql import identifier, json_rows, literal

TABLE = identifier(DATABASE, "replicas")
_EXISTS = (
    "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'waba_migration' AND TABLE_NAME = 'replicas'"
)
_TEXT = "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
_MAKE = (
    f"CREATE DATABASE IF NOT EXISTS {identifier(DATABASE)} CHARACTER SET utf8mb4",
    f"CREATE TABLE IF NOT EXISTS {TABLE} (name VARCHAR(64) {_TEXT}, copy VARCHAR(64) {_TEXT}, "
    f"owner TEXT {_TEXT} NOT NULL, marker TEXT {_TEXT} NOT NULL, gtid_position TEXT {_TEXT}, "
    "PRIMARY KEY (name, copy)) ENGINE = InnoDB",
)


@dataclass(frozen=True)
class Entry:
    """A database, whose it will be, its marker, and MariaDB's position before it followed anybody."""

    database: str
    owner: str
    marker: str
    gtid_position: str | None


class ReplicaLedger:
    """One row for each database that follows under a name, from the seed until it is abandoned."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def entries(self, name: str) -> dict[str, Entry]:
        if self._session.rows(_EXISTS) == [["0"]]:
            return {}
        rows = self._session.documents(
            json_rows(
                f"FROM {TABLE} WHERE name = {literal(name)} ORDER BY copy",
                database="copy",
                owner="owner",
                marker="marker",
                gtid_position="gtid_position",
            )
        )
        return {row["database"]: Entry(**row) for row in rows}

    def begin(self, name: str, entries: Sequence[Entry]) -> None:
        rows = ", ".join(
            f"({literal(name)}, {literal(entry.database)}, {literal(entry.owner)}, {literal(entry.marker)}, "
            f"{'NULL' if entry.gtid_position is None else literal(entry.gtid_position)})"
            for entry in entries
        )
        self._session.execute(*_MAKE, f"REPLACE INTO {TABLE} VALUES {rows}")  # noqa: S608 - quoted by literal()

    def forget(self, name: str) -> None:
        if self._session.rows(_EXISTS) != [["0"]]:
            self._session.execute(f"DELETE FROM {TABLE} WHERE name = {literal(name)}")  # noqa: S608 - quoted by literal()
