# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions that hash a database of MySQL or MariaDB. Pure; private to this collection; may change at any time.

Facts: MySQL manual, "Encryption and Compression Functions" and "String Functions": SHA2() is in every release and
flavour (MD5() is not in MySQL 9.7), and a function whose result would be larger than max_allowed_packet gives NULL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._mysql.catalog import TABLES_A_STATEMENT
from ansible_collections.waba.migration.plugins.module_utils._mysql.sql import identifier, json_rows, literal

# A value from this size on is hashed by itself, so that a row's text stays within every server's max_allowed_packet.
LARGE_VALUE_BYTES = 4096
# More than all hashes of a table together can be: in a sum it tells of a row that could not be hashed.
NOT_HASHED = 10**40
BIG_TABLE_BYTES = 32 * 1024 * 1024

TEXTS = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set")
BYTES = ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob")
APPROXIMATE = ("float", "double", "real")
OPAQUE = (
    "geometry",
    "point",
    "linestring",
    "polygon",
    "multipoint",
    "multilinestring",
    "multipolygon",
    "geomcollection",
    "geometrycollection",
    "vector",
)


@dataclass(frozen=True)
class Column:
    """A column, and how many bytes of text it can hold."""

    name: str
    type: str
    bytes: int

    @property
    def text(self) -> str:
        """An expression that is the same on all servers for the same value, and never NULL for a value of its own."""
        name = identifier(self.name)
        if self.type == "json":
            return _hex(f"CAST({name} AS CHAR CHARACTER SET utf8mb4)", may_be_large=True)
        if self.type in OPAQUE:
            return f"IFNULL(SHA2(HEX({name}), 256), {_nothing(name)})"
        if self.type in TEXTS or self.type in BYTES:
            return _hex(name, self.bytes >= LARGE_VALUE_BYTES)
        if self.type in APPROXIMATE:
            # As they are, the shorter ones are rounded for people.
            return f"IFNULL({name} + 0e0, '-')"
        return f"IFNULL({name} + 0, '-')" if self.type == "bit" else f"IFNULL(CAST({name} AS CHAR), '-')"


@dataclass(frozen=True)
class HashedTable:
    name: str
    bytes: int
    columns: list[Column]

    @property
    def shape(self) -> str:
        return ", ".join(f"{column.name} {column.type}" for column in self.columns)


def columns_of(database: str) -> str:
    return json_rows(
        f"FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {literal(database)} ORDER BY ORDINAL_POSITION",
        schema="TABLE_SCHEMA",
        table="TABLE_NAME",
        name="COLUMN_NAME",
        type="LOWER(DATA_TYPE)",
        bytes="COALESCE(CHARACTER_OCTET_LENGTH, 0)",
    )


def tables_from(tables: Mapping[str, int], columns: Sequence[Mapping[str, Any]]) -> list[HashedTable]:
    """Tables by name and size, and what the catalogue says of all columns."""
    found: dict[str, list[Column]] = {name: [] for name in tables}
    for column in columns:
        if column["table"] in found:
            found[column["table"]].append(Column(column["name"], column["type"], int(column["bytes"])))
    return [HashedTable(name, tables[name], own) for name, own in found.items()]


def batches(tables: Sequence[HashedTable]) -> list[list[HashedTable]]:
    """Big tables one by one and first, all others many at a time."""
    big = sorted((table for table in tables if table.bytes >= BIG_TABLE_BYTES), key=lambda table: -table.bytes)
    small = [table for table in tables if table.bytes < BIG_TABLE_BYTES]
    parts = [small[start : start + TABLES_A_STATEMENT] for start in range(0, len(small), TABLES_A_STATEMENT)]
    return [[table] for table in big] + parts


def hash_tables(database: str, tables: Sequence[HashedTable]) -> str:
    """A statement that gives the place in this list, the number of rows, and the sum of their hashes."""
    return " UNION ALL ".join(
        f"SELECT {place}, COUNT(*), COALESCE(SUM({_number(table)}), 0) FROM {identifier(database, table.name)}"  # noqa: S608 - quoted
        for place, table in enumerate(tables)
    )


def hash_last_rows(database: str, tables: Sequence[tuple[HashedTable, Sequence[str]]], count: int) -> str:
    """The same of the rows with the highest keys only."""
    parts = []
    for place, (table, key) in enumerate(tables):
        columns = ", ".join(identifier(column.name) for column in table.columns)
        order = ", ".join(f"{identifier(name)} DESC" for name in key)
        rows = f"SELECT {columns} FROM {identifier(database, table.name)} ORDER BY {order} LIMIT {int(count)}"  # noqa: S608 - quoted
        parts.append(f"(SELECT {place}, COUNT(*), COALESCE(SUM({_number(table)}), 0) FROM ({rows}) last_rows)")  # noqa: S608 - quoted
    return " UNION ALL ".join(parts)


def _number(table: HashedTable) -> str:
    """The 64 bits that stand for a row."""
    row = ", ',', ".join(column.text for column in table.columns)
    return f"IFNULL(CAST(CONV(LEFT(SHA2(CONCAT({row}), 256), 16), 16, 10) AS UNSIGNED), {NOT_HASHED})"


def _hex(value: str, may_be_large: bool) -> str:
    """Bytes as characters that mean nothing in a row's text, in whatever character set."""
    small = f"IFNULL(HEX({value}), '-')"
    if not may_be_large:
        return small
    return f"CASE WHEN LENGTH({value}) >= {LARGE_VALUE_BYTES} THEN SHA2({value}, 256) ELSE {small} END"


def _nothing(name: str) -> str:
    """A mark for NULL, and nothing for a value that the function before could not take."""
    return f"IF({name} IS NULL, '-', NULL)"
