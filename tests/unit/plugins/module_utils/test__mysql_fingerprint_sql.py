# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How each kind of value of MySQL becomes text, and tables are put together into statements."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._mysql.fingerprint_sql import (
    BIG_TABLE_BYTES,
    NOT_HASHED,
    Column,
    HashedTable,
    batches,
    hash_tables,
    tables_from,
)


@pytest.mark.parametrize(
    ("kind", "size", "text"),
    [
        ("bigint", 0, "IFNULL(CAST(`c` AS CHAR), '-')"),
        ("datetime", 0, "IFNULL(CAST(`c` AS CHAR), '-')"),
        ("varchar", 80, "IFNULL(HEX(`c`), '-')"),
        ("enum", 12, "IFNULL(HEX(`c`), '-')"),
        ("varbinary", 80, "IFNULL(HEX(`c`), '-')"),
        ("longblob", 4294967295, "CASE WHEN LENGTH(`c`) >= 4096 THEN SHA2(`c`, 256) ELSE IFNULL(HEX(`c`), '-') END"),
        ("text", 65535, "CASE WHEN LENGTH(`c`) >= 4096 THEN SHA2(`c`, 256) ELSE IFNULL(HEX(`c`), '-') END"),
        ("float", 0, "IFNULL(`c` + 0e0, '-')"),
        ("double", 0, "IFNULL(`c` + 0e0, '-')"),
        ("bit", 0, "IFNULL(`c` + 0, '-')"),
        ("point", 0, "IFNULL(SHA2(HEX(`c`), 256), IF(`c` IS NULL, '-', NULL))"),
    ],
)
def test_values(kind: str, size: int, text: str) -> None:
    assert Column("c", kind, size).text == text


def test_json_is_hashed_as_text() -> None:
    text = Column("j", "json", 0).text
    assert "HEX(CAST(`j` AS CHAR CHARACTER SET utf8mb4))" in text
    assert "SHA2(CAST(`j` AS CHAR CHARACTER SET utf8mb4), 256)" in text


def test_columns_find_their_tables_in_order() -> None:
    columns: list[dict[str, Any]] = [
        {"table": "t", "name": "b", "type": "int", "bytes": 0},
        {"table": "a view", "name": "x", "type": "int", "bytes": 0},
        {"table": "t", "name": "a", "type": "text", "bytes": "65535"},
    ]
    assert tables_from({"t": 7}, columns) == [
        HashedTable("t", 7, [Column("b", "int", 0), Column("a", "text", 65535)]),
    ]
    assert tables_from({"t": 7}, columns)[0].shape == "b int, a text"


def test_big_tables_are_hashed_first_and_alone() -> None:
    small = [HashedTable(f"t{number}", 1, []) for number in range(201)]
    big = [HashedTable("big", BIG_TABLE_BYTES, []), HashedTable("biggest", BIG_TABLE_BYTES + 1, [])]
    found = [[table.name for table in batch] for batch in batches([*big, *small])]
    assert found[:2] == [["biggest"], ["big"]]
    assert [len(batch) for batch in found[2:]] == [200, 1]


def test_statement_tells_a_row_that_cannot_be_hashed() -> None:
    tables = [
        HashedTable("t`1", 0, [Column("a", "int", 0), Column("b", "char", 9)]),
        HashedTable("u", 0, [Column("a", "int", 0)]),
    ]
    first, second = hash_tables("acme_x", tables).split(" UNION ALL ")
    row = "CONCAT(IFNULL(CAST(`a` AS CHAR), '-'), ',', IFNULL(HEX(`b`), '-'))"
    number = f"IFNULL(CAST(CONV(LEFT(SHA2({row}, 256), 16), 16, 10) AS UNSIGNED), {NOT_HASHED})"
    assert first == f"SELECT 0, COUNT(*), COALESCE(SUM({number}), 0) FROM `acme_x`.`t``1`"
    assert second.startswith("SELECT 1, COUNT(*), ")
