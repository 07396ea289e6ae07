# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From where on changes of a new server are to come back, which the server itself keeps no note of. Private."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.waba.migration.plugins.module_utils._mysql.ledger import DATABASE
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_sql import Position
from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._mysql.sql import identifier, json_rows, literal

TABLE = identifier(DATABASE, "ways_back")
_EXISTS = (
    "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'waba_migration' AND TABLE_NAME = 'ways_back'"
)
_TEXT = "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
_MAKE = (
    f"CREATE DATABASE IF NOT EXISTS {identifier(DATABASE)} CHARACTER SET utf8mb4",
    f"CREATE TABLE IF NOT EXISTS {TABLE} (name VARCHAR(64) {_TEXT}, led_back VARCHAR(64) {_TEXT}, "
    f"log_file TEXT {_TEXT} NOT NULL, log_offset BIGINT NOT NULL, PRIMARY KEY (name, led_back)) ENGINE = InnoDB",
)


class WayBackLedger:
    """One row for each database that is led back under a name, from the cut until the way back is removed."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def positions(self, name: str) -> dict[str, Position]:
        """By database."""
        if self._session.rows(_EXISTS) == [["0"]]:
            return {}
        rows = self._session.documents(
            json_rows(
                f"FROM {TABLE} WHERE name = {literal(name)} ORDER BY led_back",
                database="led_back",
                file="log_file",
                offset="log_offset",
            )
        )
        return {row["database"]: Position(row["file"], int(row["offset"])) for row in rows}

    def make(self) -> None:
        """The place, before a window."""
        self._session.execute(*_MAKE)

    def note(self, name: str, databases: Sequence[str], position: Position) -> None:
        rows = ", ".join(
            f"({literal(name)}, {literal(database)}, {literal(position.file)}, {int(position.offset)})"
            for database in databases
        )
        self._session.execute(f"REPLACE INTO {TABLE} VALUES {rows}")  # noqa: S608 - quoted by literal()

    def forget(self, name: str) -> None:
        if self._session.rows(_EXISTS) != [["0"]]:
            self._session.execute(f"DELETE FROM {TABLE} WHERE name = {literal(name)}")  # noqa: S608 - quoted by literal()
