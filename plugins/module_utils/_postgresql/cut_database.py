# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One database on both servers with its sessions open, to be compared within hundredths of a second. Private."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import during
from ansible_collections.waba.migration.plugins.module_utils._postgresql import catalog, fingerprint_sql, replica_sql
from ansible_collections.waba.migration.plugins.module_utils._postgresql.fingerprint_sql import HashedTable
from ansible_collections.waba.migration.plugins.module_utils._postgresql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._postgresql.sql import printable

# Tables up to this size are compared row by row, as long as all of them together are not larger than the second size.
WHOLE_TABLE_BYTES = 1024 * 1024
WHOLE_TABLES_BYTES = 8 * 1024 * 1024
# Of all others only so many rows with the highest keys: lost changes are among the last ones.
LAST_ROWS = 200
WHOLE = "whole"
LAST = "last rows"
NOTHING = "nothing"


@dataclass(frozen=True)
class Comparable:
    """How each table is compared: whole, by its last rows in the order of a key, or not at all."""

    whole: list[HashedTable]
    last: list[tuple[HashedTable, Sequence[str]]]
    nothing: list[HashedTable]

    def tables(self) -> list[tuple[str, str]]:
        """Each table with the way that it is compared in."""
        last = [table for table, _key in self.last]
        named = [(table, WHOLE) for table in self.whole] + [(table, LAST) for table in last]
        return [(printable(str(table)), how) for table, how in [*named, *((table, NOTHING) for table in self.nothing)]]


def choose(tables: Sequence[HashedTable], keys: Mapping[tuple[str, str], Sequence[str]]) -> Comparable:
    chosen = Comparable([], [], [])
    total = 0
    for table in sorted(tables, key=lambda table: table.bytes):
        total += table.bytes
        key = keys.get((table.schema, table.name))
        if table.condition or (table.bytes <= WHOLE_TABLE_BYTES and total <= WHOLE_TABLES_BYTES):
            chosen.whole.append(table)
        elif key:
            chosen.last.append((table, key))
        else:
            chosen.nothing.append(table)
    return chosen


@dataclass(frozen=True)
class Rows:
    """What one server holds of what is compared, and what the next numbers will be."""

    tables: list[list[Any]]
    sequences: list[list[Any]]


class CutDatabase:
    """One database. The sessions are the caller's, and so is the word for each server."""

    def __init__(
        self,
        name: str,
        source: Session,
        target: Session,
        servers: tuple[str, str] = ("the old server", "the new server"),
    ) -> None:
        self.name = name
        self.source = source
        self.target = target
        self._there, self._here = servers
        self.comparable = Comparable([], [], [])
        self.sequences: list[list[str]] = []
        self._mark: Any = None
        self._hash = fingerprint_sql.MD5

    def look(self, method: Mapping[str, Any]) -> None:
        """Read everything that does not change as long as the schema does not."""
        self._hash = str(method["hash"])
        digits = f"SET extra_float_digits = {int(method['extra_float_digits'])}"
        with during(f"Reading {self.name} on {self._there}"):
            self._mark = self.source.query(replica_sql.SCHEMA_MARK)
            tables = fingerprint_sql.tables_from(self.source.query(fingerprint_sql.TABLES))
            keys = {(schema, name): columns for schema, name, columns in self.source.query(replica_sql.KEYS)}
            self.sequences = self.source.query(fingerprint_sql.SEQUENCES)
            self.source.query(fingerprint_sql.PIN_SETTINGS)
            self.source.execute(digits)
        with during(f"Preparing {self.name} on {self._here}"):
            self.target.query(fingerprint_sql.PIN_SETTINGS)
            self.target.execute(digits)
        self.comparable = choose(tables, keys)

    def schema_changed(self) -> bool:
        """Whether anything was defined since the look."""
        return bool(self.source.query(replica_sql.SCHEMA_MARK) != self._mark)

    def read_source(self) -> Rows:
        with during(f"Reading the last rows of {self.name} on {self._there}"):
            return self._read(self.source)

    def read_target(self, sequences: Sequence[Sequence[Any]]) -> Rows:
        """Give the sequences their states first, which replication does not carry."""
        with during(f"Reading the last rows of {self.name} on {self._here}"):
            if sequences:
                states = [(names, value, used) for names, (value, used) in zip(self.sequences, sequences)]
                self.target.query(replica_sql.set_sequences(states))
            return self._read(self.target)

    def peek_target(self) -> Rows:
        """As it is, with no sequence set."""
        return self.read_target(())

    def is_behind(self, source: Rows, target: Rows) -> bool:
        """Whether a sequence of the target has to be set."""
        return source.sequences != target.sequences

    def follow_target(self, source: Rows) -> Rows:
        """After its sequences were set."""
        return self.read_target(source.sequences)

    def tables(self) -> list[tuple[str, str]]:
        return self.comparable.tables()

    def numbers(self) -> int:
        return len(self.sequences)

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
        for names, there, here in zip(self.sequences, source.sequences, target.sequences):
            if there != here:
                sequence = f"{printable('.'.join(names))} of {self.name}"
                found.append(f"sequence {sequence} stands at {there} on {self._there} and at {here} on {self._here}")
        return found

    def _read(self, session: Session) -> Rows:
        rows: list[list[Any]] = []
        for batch in _parts(self.comparable.whole):
            rows += session.query(fingerprint_sql.hash_tables(batch, self._hash))
        for keyed in _parts(self.comparable.last):
            rows += session.query(fingerprint_sql.hash_last_rows(keyed, LAST_ROWS, self._hash))
        states: list[list[Any]] = []
        for statement in catalog.sequence_states([(names[0], names[1]) for names in self.sequences]):
            states += session.query(statement)
        return Rows(rows, states)


def _parts(items: Sequence[Any]) -> list[Sequence[Any]]:
    size = catalog.TABLES_A_STATEMENT
    return [items[start : start + size] for start in range(0, len(items), size)]
