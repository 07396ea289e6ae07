# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a database is copied is decided from what it holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._postgresql.plan import (
    BIG_TABLE_BYTES,
    RANGE_BYTES,
    Piece,
    Table,
    is_big,
    make_plan,
    pieces_of,
)

TABLE = Table(oid=1, schema="public", name="messages", bytes=BIG_TABLE_BYTES, pages=4096, estimate=10)


def inventory(**changes: Any) -> dict[str, Any]:
    table = {"oid": 1, "schema": "public", "name": "t", "bytes": 8192, "pages": 1, "estimate": -1, "condition": ""}
    return {
        "tables": [table, {**table, "oid": 2, "name": "big", "bytes": BIG_TABLE_BYTES, "pages": 4096, "estimate": 7}],
        "sequences": [["public", "t_id_seq"]],
        "extensions": [{"name": "plpgsql", "version": "1.0"}],
        "event_triggers": 0,
        "large_objects": 3,
        "public_schema": True,
        **changes,
    }


FACTS = {"encoding": "UTF8", "size_bytes": 12345}
COLUMNS = {"2": {"columns": ["id", "body"], "binary": True}}


@pytest.mark.parametrize(
    ("table", "encoding", "big"),
    [
        (TABLE, "UTF8", True),
        (replace(TABLE, bytes=BIG_TABLE_BYTES - 1), "UTF8", False),
        (replace(TABLE, condition="WHERE mine"), "UTF8", False),
        (replace(TABLE, name="Nachrichtenübersicht"), "UTF8", True),
        (replace(TABLE, name="Nachrichtenübersicht"), "LATIN1", False),
        (TABLE, "LATIN1", True),
    ],
)
def test_is_big(table: Table, encoding: str, big: bool) -> None:
    assert is_big(table, encoding) is big


@pytest.mark.parametrize(
    ("size", "pages", "version_num", "pieces"),
    [
        (RANGE_BYTES, 100, 170000, [Piece(0, None)]),
        (RANGE_BYTES + 1, 101, 170000, [Piece(0, 50), Piece(50, None)]),
        (RANGE_BYTES * 3, 100, 140000, [Piece(0, 33), Piece(33, 66), Piece(66, None)]),
        (RANGE_BYTES * 3, 100, 130021, [Piece(0, None)]),
        # Rows that are large lie outside of the pages: there may be fewer pages than ranges.
        (RANGE_BYTES * 9, 2, 170000, [Piece(0, 1), Piece(1, None)]),
        (RANGE_BYTES * 9, 0, 170000, [Piece(0, None)]),
    ],
)
def test_pieces(size: int, pages: int, version_num: int, pieces: list[Piece]) -> None:
    assert pieces_of(replace(TABLE, bytes=size, pages=pages), version_num) == pieces


def test_plan_with_a_big_table() -> None:
    plan = make_plan("acme_x", FACTS, inventory(), COLUMNS, 170000)
    assert [big.table.name for big in plan.big_tables] == ["big"]
    assert plan.big_tables[0].columns == ["id", "body"]
    assert not plan.in_one_stream
    assert plan.tables[0].estimate == 0
    assert plan.summary() == {
        "name": "acme_x",
        "tables": 2,
        "sequences": 1,
        "large_objects": 3,
        "bytes": 12345,
        "pipes": 2,
    }


def test_plan_in_one_stream() -> None:
    assert make_plan("x", FACTS, inventory(tables=[]), {}, 170000).in_one_stream


def test_a_table_without_columns_is_left_to_pg_dump() -> None:
    plan = make_plan("x", FACTS, inventory(), {"2": {"columns": [], "binary": True}}, 170000)
    assert plan.big_tables == []


@pytest.mark.parametrize(
    ("changes", "privileged"),
    [
        ({"extensions": [{"name": "hstore"}, {"name": "plpgsql"}]}, ["extension hstore"]),
        ({"event_triggers": 1}, ["event triggers"]),
    ],
)
def test_what_only_an_administrator_may_create_is_not_in_one_stream(
    changes: dict[str, Any], privileged: list[str]
) -> None:
    plan = make_plan("x", FACTS, inventory(tables=[], **changes), {}, 170000)
    assert plan.privileged == privileged
    assert not plan.in_one_stream
