# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is compared in the window is bounded, and what is compared is compared well."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._postgresql.cut_database import (
    LAST,
    NOTHING,
    WHOLE,
    WHOLE_TABLE_BYTES,
    Comparable,
    CutDatabase,
    Rows,
    choose,
)
from ansible_collections.waba.migration.plugins.module_utils._postgresql.fingerprint_sql import HashedTable


def table(name: str, size: int, condition: str = "") -> HashedTable:
    return HashedTable("public", name, size, condition, [["id", "integer", ""]])


def test_how_tables_are_compared() -> None:
    tables = [
        table("small", 10),
        table("limit", WHOLE_TABLE_BYTES),
        table("large", WHOLE_TABLE_BYTES + 1),
        table("odd", WHOLE_TABLE_BYTES + 1),
    ]
    chosen = choose(tables, {("public", "large"): ["a", "b"], ("public", "small"): ["id"]})
    assert chosen.tables() == [
        ("public.small", WHOLE),
        ("public.limit", WHOLE),
        ("public.large", LAST),
        ("public.odd", NOTHING),
    ]


def test_many_small_tables_are_bounded_too() -> None:
    chosen = choose([table(f"t{number}", WHOLE_TABLE_BYTES) for number in range(20)], {})
    assert [how for _table, how in chosen.tables()] == [WHOLE] * 8 + [NOTHING] * 12


def compared() -> CutDatabase:
    database = CutDatabase("acme_x", None, None)  # type: ignore[arg-type]
    database.comparable = Comparable([table("small", 1)], [(table("large", 1), ["id"])], [table("odd", 1)])
    database.sequences = [["public", "s"]]
    return database


ROWS = Rows([[3, "11"], [200, "22"]], [[7, True]])


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (ROWS, []),
        (
            Rows([[4, "11"], [200, "22"]], [[7, True]]),
            ["table public.small of acme_x has 4 rows on the old server and 3 on the new server"],
        ),
        (
            Rows([[3, "12"], [200, "22"]], [[7, True]]),
            ["the rows of table public.small of acme_x are not the same on both servers"],
        ),
        (
            Rows([[3, "11"], [200, "23"]], [[7, True]]),
            ["the last 200 rows of table public.large of acme_x are not the same on both servers"],
        ),
        (
            Rows([[3, "11"], [200, "22"]], [[7, False]]),
            ["sequence public.s of acme_x stands at [7, False] on the old server and at [7, True] on the new server"],
        ),
    ],
)
def test_differences(source: Rows, found: list[Any]) -> None:
    assert compared().differences(source, ROWS) == found
