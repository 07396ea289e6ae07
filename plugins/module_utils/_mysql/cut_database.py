# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One database on both servers with its sessions open, to be compared within hundredths of a second. Private."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import during
from ansible_collections.waba.migration.plugins.module_utils._mysql import catalog, fingerprint_sql, replica_sql
from ansible_collections.waba.migration.plugins.module_utils._mysql.fingerprint_sql import HashedTable
from ansible_collections.waba.migration.plugins.module_utils._mysql.inventory import documents_of, tables_of
from ansible_collections.waba.migration.plugins.module_utils._mysql.plan import BASE_TABLE, INTEGER_TYPES
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_state import counters_of, read_mark
from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._mysql.sql import identifier

# Tables up to this size are compared row by row, as long as all of them together are not larger than the second size.
WHOLE_TABLE_BYTES = 1024 * 1024
WHOLE_TABLES_BYTES = 8 * 1024 * 1024
# Of all others only so many rows with the highest keys: lost changes are among the last ones.
LAST_ROWS = 200
WHOLE = "whole"
LAST = "last rows"
NOTHING = "nothing"
# Types whose order is the same on every server: no collation has a say in it.
ORDERED_TYPES = (*INTEGER_TYPES, "date", "datetime", "timestamp", "binary", "varbinary")


@dataclass(frozen=True)
class Comparable:
    """How each table is compared: whole, by its last rows in the order of a key, or not at all."""

    whole: list[HashedTable]
    last: list[tuple[HashedTable, Sequence[str]]]
    nothing: list[HashedTable]

    def tables(self) -> list[tuple[str, str]]:
        """Each table with the way that it is compared in."""
        named = [(table, WHOLE) for table in self.whole] + [(table, LAST) for table, _key in self.last]
        return [(table.name, how) for table, how in [*named, *((table, NOTHING) for table in self.nothing)]]


def choose(tables: Sequence[HashedTable], keys: Mapping[str, Sequence[str]]) -> Comparable:
    chosen = Comparable([], [], [])
    total = 0
    for table in sorted(tables, key=lambda table: table.bytes):
        total += table.bytes
        key = keys.get(table.name)
        if table.bytes <= WHOLE_TABLE_BYTES and total <= WHOLE_TABLES_BYTES:
            chosen.whole.append(table)
        elif key:
            chosen.last.append((table, key))
        else:
            chosen.nothing.append(table)
    return chosen


def keys_from(rows: Sequence[Mapping[str, Any]], tables: Sequence[HashedTable]) -> dict[str, list[str]]:
    """By table, the columns of a key whose order is the same everywhere."""
    types = {(table.name, column.name): column.type for table in tables for column in table.columns}
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        found.setdefault((row["table"], row["index"]), []).append(row["column"])
    keys: dict[str, list[str]] = {}
    for (table, _index), columns in found.items():
        if all(types.get((table, column)) in ORDERED_TYPES for column in columns):
            keys.setdefault(table, columns)
    return keys


@dataclass(frozen=True)
class Rows:
    """What one server holds of what is compared, and what the next numbers will be."""

    tables: list[tuple[int, int]]
    counters: Mapping[str, int]


class CutDatabase:
    """One database. The sessions are the caller's, and so is the word for each server."""

    def __init__(
        self,
        name: str,
        hidden: str,
        source: Session,
        target: Session,
        servers: tuple[str, str] = ("the old server", "the new server"),
    ) -> None:
        self.name = name
        self._there, self._here = servers
        self.source = source
        self.target = target
        self.comparable = Comparable([], [], [])
        self.counting: list[str] = []
        self._hidden = hidden
        self._mark: Any = None
        self.changed = False

    def look(self) -> None:
        """Read everything that does not change as long as the schema does not."""
        with during(f"Reading {self.name} on {self._there}"):
            self._mark = read_mark(self.source, self.name)
            found = tables_of(documents_of(self.source, catalog.tables_of(self.name), self.name))
            sizes = {table.name: table.bytes for table in found if table.kind == BASE_TABLE}
            columns = documents_of(self.source, catalog.columns_of(self.name), self.name)
            tables = fingerprint_sql.tables_from(sizes, columns)
            keys = keys_from(documents_of(self.source, replica_sql.keys_of(self.name), self.name), tables)
        self.counting = sorted({row["table"] for row in columns if "auto_increment" in row["extra"]})
        self.comparable = choose(tables, keys)

    def schema_changed(self) -> bool:
        """Whether anything was defined since the look."""
        return bool(read_mark(self.source, self.name) != self._mark)

    def read_source(self) -> Rows:
        with during(f"Reading the last rows of {self.name} on {self._there}"):
            return self._read(self.source, self.name)

    def read_target(self, counters: Mapping[str, int]) -> Rows:
        """Let the counters go on from where they are first, which only follow the rows that there are."""
        with during(f"Reading the last rows of {self.name} on {self._here}"):
            own = counters_of(self.target, self._hidden, self.counting)
            for table, value in counters.items():
                if own.get(table, 1) < value:
                    self.target.execute(f"ALTER TABLE {identifier(self._hidden, table)} AUTO_INCREMENT = {value}")
            return self._read(self.target, self._hidden)

    def peek_target(self) -> Rows:
        """As it is, with no counter set."""
        return self.read_target({})

    def is_behind(self, source: Rows, target: Rows) -> bool:
        """Whether a counter of the target has to be set."""
        return any(target.counters.get(table, 1) < value for table, value in source.counters.items())

    def follow_target(self, source: Rows) -> Rows:
        """After its counters were set."""
        return self.read_target(source.counters)

    def tables(self) -> list[tuple[str, str]]:
        return self.comparable.tables()

    def numbers(self) -> int:
        return len(self.counting)

    def differences(self, source: Rows, target: Rows) -> list[str]:
        """Sentences about everything that is not equal."""
        found = []
        for (table, how), there, here in zip(self.comparable.tables(), source.tables, target.tables):
            if there[0] != here[0]:
                found.append(
                    f"table {table} of {self.name} has {there[0]} rows on {self._there} and {here[0]} on {self._here}"
                )
            elif there != here:
                rows = "rows" if how == WHOLE else f"last {there[0]} rows"
                found.append(f"the {rows} of table {table} of {self.name} are not the same on both servers")
        for table, value in source.counters.items():
            if target.counters.get(table, 1) < value:
                found.append(
                    f"AUTO_INCREMENT of table {table} of {self.name} stands at {value} on {self._there} and at "
                    f"{target.counters.get(table, 1)} on {self._here}"
                )
        return found

    def _read(self, session: Session, database: str) -> Rows:
        rows: list[tuple[int, int]] = []
        for batch in _parts(self.comparable.whole):
            rows += _hashes(session, fingerprint_sql.hash_tables(database, batch))
        for keyed in _parts(self.comparable.last):
            rows += _hashes(session, fingerprint_sql.hash_last_rows(database, keyed, LAST_ROWS))
        return Rows(rows, counters_of(session, database, self.counting))


def _hashes(session: Session, statement: str) -> list[tuple[int, int]]:
    answers = sorted((int(place), int(rows), int(total)) for place, rows, total in session.rows(statement))
    return [(rows, total) for _place, rows, total in answers]


def _parts(items: Sequence[Any]) -> list[Sequence[Any]]:
    size = catalog.TABLES_A_STATEMENT
    return [items[start : start + size] for start in range(0, len(items), size)]
