# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions that hash a database. Private to this collection; may change at any time.

Facts: PostgreSQL manual, "System Information Functions", "Binary String Functions" and, for the extended hash functions
(release 11), "Operator Classes for Hash Indexes": partitions by hash rely on them, so they stay as they are. Only
processors of another byte order get other values; so servers are asked for one and compared by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._postgresql.catalog import MEMBERSHIP, TABLES_A_STATEMENT
from ansible_collections.waba.migration.plugins.module_utils._postgresql.sql import identifier

# The first release with hashes of 64 bits, and the first that writes floating point numbers in the shortest form.
EXTENDED_HASHES = 110000
SHORTEST_FLOATS = 120000
HASHTEXT = "hashtext"
MD5 = "md5"
# A value from this size on is hashed by itself, so that the server does not have to hold copies of it in a row's text.
LARGE_VALUE_BYTES = 4 * 1024 * 1024
LARGE_OBJECT_PIECE = 1024 * 1024
# A table from this size on is hashed by a statement of its own, which the server may spread over several processes.
BIG_TABLE_BYTES = 32 * 1024 * 1024

# Settings that change the text of a value or end a long transaction, and that not every release knows.
PIN_SETTINGS = """
SELECT to_jsonb(count(set_config(s.name, w.value, false)))
FROM pg_settings s JOIN (VALUES ('client_connection_check_interval', '5s'), ('jit', 'off'), ('lc_monetary', 'C'),
  ('quote_all_identifiers', 'off'), ('transaction_timeout', '0')) w (name, value) ON w.name = s.name
"""

SERVER = "SELECT jsonb_build_object('version_num', current_setting('server_version_num')::int)"
PROBE = "SELECT to_jsonb(hashtextextended('waba.migration', 0)::text)"

DATABASES = """
SELECT jsonb_object_agg(datname, jsonb_build_object(
  'encoding', pg_encoding_to_char(encoding),
  'connectable', datallowconn AND has_database_privilege(oid, 'CONNECT')))
FROM pg_database WHERE NOT datistemplate
"""

SEQUENCES = f"""
SELECT coalesce(jsonb_agg(jsonb_build_array(n.nspname, c.relname) ORDER BY n.nspname, c.relname), '[]')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace {MEMBERSHIP} AND c.relkind = 'S'
"""  # noqa: S608 - put together of constants

TABLES = f"""
WITH RECURSIVE resolved AS (
  SELECT oid AS type, oid AS base FROM pg_type WHERE typtype <> 'd'
  UNION ALL
  SELECT d.oid, r.base FROM pg_type d JOIN resolved r ON r.type = d.typbasetype WHERE d.typtype = 'd'
)
SELECT coalesce(jsonb_agg(jsonb_build_object(
  'schema', n.nspname, 'name', c.relname, 'bytes', pg_table_size(c.oid),
  'condition', coalesce(e.extcondition[array_position(e.extconfig, c.oid)], ''),
  'columns', (SELECT coalesce(jsonb_agg(jsonb_build_array(a.attname, format_type(a.atttypid, a.atttypmod),
      CASE WHEN r.base = 'bytea'::regtype THEN 'bytes'
        WHEN r.base IN ('text'::regtype, 'varchar'::regtype) THEN 'text' ELSE '' END) ORDER BY a.attnum), '[]')
    FROM pg_attribute a JOIN resolved r ON r.type = a.atttypid
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
) ORDER BY n.nspname, c.relname), '[]')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace {MEMBERSHIP} AND c.relkind = 'r'
"""  # noqa: S608 - put together of constants


@dataclass(frozen=True)
class HashedTable:
    """A table with its columns, each as name, type, and what large values of it are: bytes, text, or nothing."""

    schema: str
    name: str
    bytes: int
    condition: str
    columns: list[list[str]]

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def shape(self) -> str:
        return ", ".join(f"{name} {kind}" for name, kind, _large in self.columns)


def tables_from(rows: Sequence[Mapping[str, Any]]) -> list[HashedTable]:
    return [HashedTable(**row) for row in rows]


def choose_method(source: Mapping[str, Any], target: Mapping[str, Any]) -> dict[str, Any]:
    """The cheaper hash where both servers have it and agree on it, and a way to write numbers that is the same on both.

    Before release 12 floating point numbers are written with all digits, from then on with as many as are needed; both
    write the same when they are told to round.
    """
    known = source["probe"] is not None and source["probe"] == target["probe"]
    alike = (source["version_num"] < SHORTEST_FLOATS) == (target["version_num"] < SHORTEST_FLOATS)
    return {"hash": HASHTEXT if known else MD5, "extra_float_digits": 3 if alike else 0}


def batches(tables: Sequence[HashedTable]) -> list[list[HashedTable]]:
    """Big tables one by one and first, all others many at a time."""
    big = sorted((table for table in tables if table.bytes >= BIG_TABLE_BYTES), key=lambda table: -table.bytes)
    small = [table for table in tables if table.bytes < BIG_TABLE_BYTES]
    parts = [small[start : start + TABLES_A_STATEMENT] for start in range(0, len(small), TABLES_A_STATEMENT)]
    return [[table] for table in big] + parts


def hash_tables(tables: Sequence[HashedTable], method: str) -> str:
    """A statement that gives (number of rows, sum of their hashes) of each table, in this order."""
    return _hashes([(table, f"FROM ONLY {_name(table)} {table.condition}") for table in tables], method)


def hash_last_rows(tables: Sequence[tuple[HashedTable, Sequence[str]]], rows: int, method: str) -> str:
    """The same for the last rows of each table in the order of a key, which an index finds however large it is."""
    parts = []
    for table, key in tables:
        order = ", ".join(f"{identifier(column)} DESC" for column in key)
        last = f"SELECT * FROM ONLY {_name(table)} ORDER BY {order} LIMIT {rows}"  # noqa: S608 - quoted
        parts.append((table, f"FROM ({last}) last"))
    return _hashes(parts, method)


def _hashes(parts: Sequence[tuple[HashedTable, str]], method: str) -> str:
    selects = [
        f"SELECT {number} AS i, count(*) AS n, "
        f"coalesce(sum({_number(_row(table, method), method)}), 0)::text AS h {rows}"
        for number, (table, rows) in enumerate(parts)
    ]
    return f"SELECT jsonb_agg(jsonb_build_array(n, h) ORDER BY i) FROM ({' UNION ALL '.join(selects)}) parts"  # noqa: S608


def _name(table: HashedTable) -> str:
    return identifier(table.schema, table.name)


def hash_large_objects(method: str) -> str:
    """A statement that gives (number of large objects, sum of the hashes of their pieces).

    Read in pieces, since a large object may be larger than any value.
    """
    piece = f"octet_length(d) AS n, {_digest('d', method)} AS h"
    return f"""
WITH RECURSIVE piece AS (
  SELECT m.oid, 0::bigint AS k, {piece}
  FROM pg_largeobject_metadata m, LATERAL lo_get(m.oid, 0, {LARGE_OBJECT_PIECE}) d
  UNION ALL
  SELECT p.oid, p.k + 1, {piece}
  FROM piece p, LATERAL lo_get(p.oid, (p.k + 1) * {LARGE_OBJECT_PIECE}, {LARGE_OBJECT_PIECE}) d
  WHERE p.n = {LARGE_OBJECT_PIECE}
)
SELECT jsonb_build_array(count(DISTINCT oid), coalesce(sum({_number("ROW(oid, k, n, h)::text", method)}), 0)::text)
FROM piece"""  # noqa: S608 - put together of constants


def _row(table: HashedTable, method: str) -> str:
    return f"ROW({', '.join(_value(identifier(name), large, method) for name, _kind, large in table.columns)})::text"


def _value(column: str, large: str, method: str) -> str:
    # An own collation may hash by its order, which is none of a copy's business.
    text = f'{column}::text COLLATE "C"'
    if large == "bytes":
        digest = _digest(column, method)
    elif large == "text":
        digest = f"hashtextextended({text}, 0)::text" if method == HASHTEXT else f"md5({text})"
    else:
        return column
    return f"CASE WHEN octet_length({column}) < {LARGE_VALUE_BYTES} THEN {text} ELSE {digest} END"


def _digest(data: str, method: str) -> str:
    """A text that stands for bytes."""
    return f"encode(sha256({data}), 'hex')" if method == HASHTEXT else f"md5({data})"


def _number(text: str, method: str) -> str:
    """The 64 bits that stand for a row."""
    if method == HASHTEXT:
        return f"hashtextextended({text}, 0)::numeric"
    return f"('x' || substr(md5({text}), 1, 16))::bit(64)::bigint::numeric"
