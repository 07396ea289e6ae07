# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide how a database is copied. Pure; private; may change at any time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# A table from this size on is copied through pipes of its own, in ranges of about the second size.
BIG_TABLE_BYTES = 32 * 1024 * 1024
RANGE_BYTES = 128 * 1024 * 1024
# The first release that reads a range of row addresses without reading the whole table.
TID_RANGE_SCAN = 140000


@dataclass(frozen=True)
class Table:
    oid: int
    schema: str
    name: str
    bytes: int
    pages: int
    estimate: int
    condition: str = ""

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Piece:
    """A range of a table's pages; an open end takes all that follow."""

    first: int
    end: int | None

    @property
    def whole(self) -> bool:
        return self.first == 0 and self.end is None


@dataclass(frozen=True)
class BigTable:
    table: Table
    columns: list[str]
    binary: bool
    pieces: list[Piece]


@dataclass(frozen=True)
class Plan:
    """What has to be done for one database."""

    database: str
    facts: Mapping[str, Any]
    tables: list[Table]
    sequences: list[tuple[str, str]]
    big_tables: list[BigTable]
    privileged: list[str] = field(default_factory=list)
    public_schema: bool = True
    large_objects: int = 0

    @property
    def bytes(self) -> int:
        return int(self.facts["size_bytes"])

    @property
    def in_one_stream(self) -> bool:
        """Whether one pg_dump piped into psql is fastest: nothing is large, and the owner may create all of it."""
        return not self.big_tables and not self.privileged

    def summary(self) -> dict[str, Any]:
        return {
            "name": self.database,
            "tables": len(self.tables),
            "sequences": len(self.sequences),
            "large_objects": self.large_objects,
            "bytes": self.bytes,
            "pipes": sum(len(big.pieces) for big in self.big_tables) + 1,
        }


def tables_of(inventory: Mapping[str, Any]) -> list[Table]:
    return [
        Table(
            oid=row["oid"],
            schema=row["schema"],
            name=row["name"],
            bytes=row["bytes"],
            pages=row["pages"],
            estimate=max(int(row["estimate"]), 0),
            condition=row["condition"],
        )
        for row in inventory["tables"]
    ]


def is_big(table: Table, encoding: str) -> bool:
    """Whether a table gets pipes of its own.

    Names that are not ASCII go into a tool's arguments only where the database speaks UTF-8 as well.
    """
    if table.condition or table.bytes < BIG_TABLE_BYTES:
        return False
    return encoding == "UTF8" or (table.schema + table.name).isascii()


def pieces_of(table: Table, version_num: int) -> list[Piece]:
    """Cut a table into ranges of pages of about equal size."""
    count = min(-(-table.bytes // RANGE_BYTES), table.pages)
    if count < 2 or version_num < TID_RANGE_SCAN:
        return [Piece(0, None)]
    borders = [table.pages * number // count for number in range(count)]
    return [Piece(first, end) for first, end in zip(borders, [*borders[1:], None])]


def privileged_objects(inventory: Mapping[str, Any]) -> list[str]:
    """What only an administrator may create."""
    found = [f"extension {row['name']}" for row in inventory["extensions"] if row["name"] != "plpgsql"]
    if inventory["event_triggers"]:
        found.append("event triggers")
    return found


def make_plan(
    database: str,
    facts: Mapping[str, Any],
    inventory: Mapping[str, Any],
    columns: Mapping[str, Any],
    version_num: int,
) -> Plan:
    tables = tables_of(inventory)
    big_tables = [
        BigTable(
            table=table,
            columns=columns[str(table.oid)]["columns"],
            binary=columns[str(table.oid)]["binary"],
            pieces=pieces_of(table, version_num),
        )
        for table in tables
        # A table may have no columns, and COPY takes no empty list of them.
        if is_big(table, facts["encoding"]) and columns[str(table.oid)]["columns"]
    ]
    return Plan(
        database=database,
        facts=facts,
        tables=tables,
        sequences=list(inventory["sequences"]),
        big_tables=big_tables,
        privileged=privileged_objects(inventory),
        public_schema=inventory["public_schema"],
        large_objects=inventory["large_objects"],
    )
