# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What we made on a target, since MySQL has no comment for a database. Private; may change at any time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._mysql.sql import identifier, json_rows, listed, literal

DATABASE = "waba_migration"
TABLE = identifier(DATABASE, "copies")
INCOMPLETE = "incomplete"
COMPLETE = "complete"

_EXISTS = (
    "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'waba_migration' AND TABLE_NAME = 'copies'"
)
_MAKE = (
    f"CREATE DATABASE IF NOT EXISTS {identifier(DATABASE)} CHARACTER SET utf8mb4",
    f"CREATE TABLE IF NOT EXISTS {TABLE} (name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY, "
    "marker TEXT CHARACTER SET utf8mb4 NOT NULL, state VARCHAR(16) NOT NULL, updated TIMESTAMP NOT NULL) "
    "ENGINE = InnoDB",
)


@dataclass(frozen=True)
class Entry:
    marker: str
    state: str


class Ledger:
    """One row for each database that we made, whether it is shown yet or not."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def entries(self) -> dict[str, Entry]:
        if self._session.rows(_EXISTS) == [["0"]]:
            return {}
        rows = self._session.documents(json_rows(f"FROM {TABLE}", name="name", marker="marker", state="state"))
        return {row["name"]: Entry(row["marker"], row["state"]) for row in rows}

    def begin(self, names: Sequence[str], marker: str) -> None:
        """Before a database is created: one without a row is never taken for ours."""
        rows = ", ".join(f"({literal(name)}, {literal(marker)}, {literal(INCOMPLETE)}, NOW())" for name in names)
        self._session.execute(*_MAKE, f"REPLACE INTO {TABLE} VALUES {rows}")  # noqa: S608

    def complete(self, names: Sequence[str]) -> None:
        """All at once."""
        changes = f"state = {literal(COMPLETE)}, updated = NOW()"
        self._session.execute(f"UPDATE {TABLE} SET {changes} WHERE name IN ({listed(list(names))})")  # noqa: S608

    def forget(self, names: Sequence[str]) -> None:
        """After databases were dropped."""
        if names:
            self._session.execute(f"DELETE FROM {TABLE} WHERE name IN ({listed(list(names))})")  # noqa: S608 - quoted
