# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide how a database is copied. Pure; private; may change at any time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._mysql.definitions import Index
from ansible_collections.waba.migration.plugins.module_utils._mysql.sql import identifier

# A table from this size on is copied through pipes of its own, in ranges of about the second size.
BIG_TABLE_BYTES = 32 * 1024 * 1024
RANGE_BYTES = 128 * 1024 * 1024
INTEGER_TYPES = ("tinyint", "smallint", "mediumint", "int", "bigint")
BASE_TABLE = "BASE TABLE"
VIEW = "VIEW"


@dataclass(frozen=True)
class Table:
    name: str
    kind: str
    engine: str
    collation: str
    bytes: int
    index_bytes: int
    estimate: int
    auto_increment: int | None


@dataclass(frozen=True)
class Program:
    """A view, routine, trigger or event."""

    kind: str
    name: str
    definer: str
    table: str | None = None


@dataclass(frozen=True)
class Inventory:
    """All that a database holds."""

    tables: list[Table]
    others: list[Table]
    programs: list[Program]
    columns: Sequence[Mapping[str, Any]]
    indexes: Mapping[str, list[Index]]
    in_foreign_keys: frozenset[str]

    def named(self, kind: str) -> list[str]:
        return [program.name for program in self.programs if program.kind == kind]


@dataclass(frozen=True)
class BigTable:
    """A table with pipes of its own, each with the condition that chooses its rows; None takes all rows.

    A lenient session ignores values for generated columns, which only MariaDB's dumps have.
    """

    table: Table
    pieces: list[str | None]
    lenient: bool = False


@dataclass(frozen=True)
class Plan:
    """What has to be done for one database."""

    database: str
    facts: Mapping[str, Any]
    inventory: Inventory
    big_tables: list[BigTable]
    accounts: Collection[tuple[str, str]] = ()
    replaced_definers: list[Program] = field(default_factory=list)

    @property
    def tables(self) -> list[Table]:
        return self.inventory.tables

    @property
    def bytes(self) -> int:
        return int(self.facts["size_bytes"])

    def is_big(self, table: Table) -> bool:
        return any(big.table.name == table.name for big in self.big_tables)

    def summary(self) -> dict[str, Any]:
        kinds = ("view", "routine", "trigger", "event")
        return {
            "name": self.database,
            "tables": len(self.tables),
            "sequences": 0,
            "large_objects": 0,
            "bytes": self.bytes,
            "pipes": sum(len(big.pieces) for big in self.big_tables) + 1,
            **{f"{kind}s": len(self.inventory.named(kind)) for kind in kinds},
        }


def is_big(table: Table) -> bool:
    return table.bytes >= BIG_TABLE_BYTES


def range_column(indexes: Sequence[Index], types: Mapping[str, str]) -> str | None:
    """The column that a table can be cut by: the primary key's first, when it is a whole number."""
    for index in indexes:
        first = index.columns[0]
        if index.name == "PRIMARY" and first and types.get(first) in INTEGER_TYPES:
            return first
    return None


def pieces_of(
    table: Table, column: str | None, bounds: tuple[int, int] | None, most: int | None = None
) -> list[str | None]:
    """Cut a table into ranges of equal width. The ends are open, so that no row is outside of all."""
    count = -(-table.bytes // RANGE_BYTES)
    count = min(count, most or count)
    if column is None or bounds is None or count < 2 or bounds[1] - bounds[0] < count:
        return [None]
    lowest, highest = bounds
    borders = [lowest + (highest - lowest) * number // count for number in range(1, count)]
    name = identifier(column)
    conditions: list[str | None] = [f"{name} < {borders[0]}"]
    conditions += [f"{name} >= {low} AND {name} < {high}" for low, high in zip(borders, borders[1:])]
    return [*conditions, f"{name} >= {borders[-1]}"]
