# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables are cut by their primary key so that each row is in exactly one piece."""

from __future__ import annotations

import pytest
from ansible_collections.waba.migration.plugins.module_utils._mysql.definitions import Index
from ansible_collections.waba.migration.plugins.module_utils._mysql.plan import (
    RANGE_BYTES,
    Table,
    pieces_of,
    range_column,
)


def table(size: int) -> Table:
    return Table("t", "BASE TABLE", "InnoDB", "utf8mb4_bin", size, 0, 10, None)


@pytest.mark.parametrize(
    ("size", "column", "bounds", "pieces"),
    [
        (RANGE_BYTES, "id", (1, 100), [None]),
        (3 * RANGE_BYTES, None, (1, 100), [None]),
        (3 * RANGE_BYTES, "id", None, [None]),
        (3 * RANGE_BYTES, "id", (1, 2), [None]),
        (2 * RANGE_BYTES, "id", (0, 100), ["`id` < 50", "`id` >= 50"]),
        (
            RANGE_BYTES * 2 + 1,
            "i`d",
            (-30, 2**64 - 1),
            [
                "`i``d` < 6148914691236517185",
                "`i``d` >= 6148914691236517185 AND `i``d` < 12297829382473034400",
                "`i``d` >= 12297829382473034400",
            ],
        ),
    ],
    ids=["small", "no number", "empty", "narrow", "two", "three"],
)
def test_pieces(size: int, column: str | None, bounds: tuple[int, int] | None, pieces: list[str | None]) -> None:
    assert pieces_of(table(size), column, bounds) == pieces


@pytest.mark.parametrize(
    ("indexes", "types", "column"),
    [
        ([Index("PRIMARY", "BTREE", ("id", "d"))], {"id": "bigint", "d": "date"}, "id"),
        ([Index("PRIMARY", "BTREE", ("name",))], {"name": "varchar"}, None),
        ([Index("u", "BTREE", ("id",))], {"id": "int"}, None),
        ([], {}, None),
    ],
)
def test_range_column(indexes: list[Index], types: dict[str, str], column: str | None) -> None:
    assert range_column(indexes, types) == column
