# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Positions in a log, what a channel says, and what a schema lacks."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._mysql.connection import MARIADB, MYSQL
from ansible_collections.waba.migration.plugins.module_utils._mysql.cut_database import choose, keys_from
from ansible_collections.waba.migration.plugins.module_utils._mysql.fingerprint_sql import Column, HashedTable
from ansible_collections.waba.migration.plugins.module_utils._mysql.plan import BigTable, Inventory, Plan, Table
from ansible_collections.waba.migration.plugins.module_utils._mysql.releases import Release
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_dumps import streams_of
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_sql import (
    Channel,
    Position,
    bytes_after,
    channel_of,
    lock,
    log_status,
    long_statements,
    senders_of,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_state import (
    Schema,
    schema_differences,
    troubles_of,
)

SIZES = {"b.000001": 1000, "b.000002": 500, "b.000003": 204}
GOOD = Channel("x", "b.000003", Position("b.000003", 204), True, True, False, True, 0, "", 0)


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (Position("b.000003", 204), 0),
        (Position("b.000003", 4), 200),
        (Position("b.000001", 900), 100 + 496 + 200),
        (Position("b.000003", 300), 0),
        (Position("b.000000", 4), None),
    ],
)
def test_bytes_after(position: Position, expected: int | None) -> None:
    """Each file begins with four bytes that are no change."""
    assert bytes_after(SIZES, position) == expected


def row(**values: str) -> list[str]:
    places = {"received": 5, "applied": 9, "io": 10, "sql": 11, "do_db": 12, "offset": 21}
    places.update(io_errno=34, io_error=35, sql_errno=36)
    found = ["x"] * 60
    defaults = {"received": "b.000003", "applied": "b.000003", "io": "Yes", "sql": "Yes", "do_db": "d", "offset": "204"}
    for name, value in {**defaults, "io_errno": "0", "io_error": "", "sql_errno": "0", **values}.items():
        found[places[name]] = value
    return found


@pytest.mark.parametrize(
    ("values", "changes"),
    [
        ({}, {}),
        ({"io": "Connecting", "io_errno": "2003", "io_error": "no"}, (False, True, False, True, 2003, "no", 0)),
        ({"io": "No", "sql": "No"}, (False, False, True, True, 0, "", 0)),
        ({"sql": "No", "sql_errno": "1062", "do_db": ""}, (True, False, False, False, 0, "", 1062)),
    ],
)
def test_channel(values: dict[str, str], changes: Any) -> None:
    expected = Channel("x", "b.000003", GOOD.applied, *changes) if changes else GOOD
    assert channel_of([row(**values)]) == expected


def test_channel_that_is_not_there_and_one_that_has_not_begun() -> None:
    assert channel_of([]) is None
    begun = channel_of([row(applied="", offset="4")])
    assert begun
    assert begun.applied == Position("b.000003", 4)


@pytest.mark.parametrize(
    ("channel", "flavour", "found"),
    [
        (GOOD, MYSQL, []),
        (None, MYSQL, []),
        (channel_of([row(sql="No", sql_errno="1062")]), MYSQL, ["changes cannot be applied (error 1062)"]),
        (channel_of([row(sql="No", sql_errno="1146", do_db="")]), MYSQL, []),
        (
            channel_of([row(sql="No", sql_errno="1146", do_db="")]),
            MARIADB,
            ["the new server was started anew", "changes cannot be applied (error 1146)"],
        ),
        (channel_of([row(io="No", io_errno="1236")]), MYSQL, ["the old server has deleted changes"]),
        (channel_of([row(received="b.000000")]), MARIADB, ["the old server has deleted changes"]),
        (channel_of([row(io="Connecting", io_errno="2003")]), MYSQL, []),
    ],
)
def test_what_does_not_mend_itself(channel: Channel | None, flavour: str, found: list[str]) -> None:
    troubles = troubles_of(channel, SIZES, flavour)
    assert [text.startswith(start) for text, start in zip(troubles, found)] == [True] * len(found)
    assert len(troubles) == len(found)


def test_schema_differences() -> None:
    there = Schema({"a": "id int", "b": "id int", "new": "x"}, {"tables": 3})
    here = Schema({"a": "id int", "b": "id bigint", "gone": "x"}, {"tables": 3, "indexes of b": 1})
    assert schema_differences(there, here) == [
        "the table new was created after the seed and does not follow",
        "b has other columns",
        "gone is gone",
        "indexes of b: 0 on the source and 1 on the target",
    ]
    assert schema_differences(there, there) == []


@pytest.mark.parametrize(
    ("release", "statement"),
    [
        (Release(MYSQL, "5.7.44"), "SHOW MASTER STATUS"),
        (Release(MYSQL, "8.0.33"), "SHOW MASTER STATUS"),
        (Release(MYSQL, "8.4.0"), "SHOW BINARY LOG STATUS"),
        (Release(MARIADB, "11.8.2"), "SHOW MASTER STATUS"),
    ],
)
def test_last_position(release: Release, statement: str) -> None:
    assert log_status(release) == statement


def test_senders() -> None:
    processes = [
        ["3", "waba_acme", "db-new:5", "NULL", "Binlog Dump", "1", "", "NULL"],
        ["4", "other", "db-new:5", "NULL", "Binlog Dump", "1", "", "NULL"],
        ["5", "waba_acme", "db-new:5", "NULL", "Query", "1", "", "NULL"],
        ["6", "waba_acme", "db-new:5", "NULL", "Binlog Dump GTID", "1", "", "NULL"],
    ]
    assert senders_of(processes, "waba_acme") == [3, 6]


def test_long_statements() -> None:
    """Whose number is no number of seconds, or who waits for a statement, is not meant."""
    processes = [
        ["1", "wa", "db:1", "acme_x", "Query", "1", "Sending data", "SELECT"],
        ["2", "wa", "db:2", "acme_x", "Query", "0", "Sending data", "SELECT"],
        ["3", "wa", "db:3", "acme_x", "Sleep", "500", "", "NULL"],
        ["4", "other", "db:4", "NULL", "Binlog Dump", "500", "", "NULL"],
        ["5", "system user", "", "NULL", "Query", "500", "Waiting for an event", "NULL"],
        ["6", "event_scheduler", "localhost", "NULL", "Daemon", "500", "", "NULL"],
        ["7", "wa", "db:5", "acme_x", "Execute", "NULL", "", "NULL"],
    ]
    assert long_statements(processes, 1) == ["connection 1 of wa for 1 s"]


def test_lock_ends_with_its_host() -> None:
    assert lock(3)[0] == "SET SESSION lock_wait_timeout = 3, SESSION wait_timeout = 15"


def table(name: str, size: int = 10) -> Table:
    return Table(name, "BASE TABLE", "InnoDB", "", size, 0, 0, None)


def test_as_few_dump_programs_as_possible() -> None:
    names = ["small", "big", "split", "with_floats"]
    tables = [table(name) for name in names]
    big = [BigTable(tables[1], [None]), BigTable(tables[2], ["id < 5", "id >= 5"]), BigTable(tables[3], ["f"], True)]
    plan = Plan("acme_x", {}, Inventory(tables, [], [], [], {}, frozenset()), big)
    assert [
        ([each.name for each in stream.tables], stream.condition, stream.lenient, stream.share)
        for stream in streams_of(plan, 2)
    ] == [
        (["small", "big"], None, False, 1),
        (["split"], "id < 5", False, 2),
        (["split"], "id >= 5", False, 2),
        (["with_floats"], "f", True, 1),
    ]


def hashed(name: str, size: int, *types: str) -> HashedTable:
    return HashedTable(name, size, [Column(f"c{number}", each, 0) for number, each in enumerate(types)])


def test_what_is_compared_in_the_window() -> None:
    tables = [hashed("a", 2**20, "int"), hashed("b", 2**20 + 1, "int", "date"), hashed("c", 2**21, "varchar")]
    rows = [
        {"table": "a", "index": "PRIMARY", "column": "c0"},
        {"table": "b", "index": "PRIMARY", "column": "c0"},
        {"table": "b", "index": "PRIMARY", "column": "c1"},
        {"table": "c", "index": "PRIMARY", "column": "c0"},
    ]
    keys = keys_from(rows, tables)
    assert keys == {"a": ["c0"], "b": ["c0", "c1"]}
    assert choose(tables, keys).tables() == [("a", "whole"), ("b", "last rows"), ("c", "nothing")]
    many = [hashed(f"t{number}", 2**20, "int") for number in range(9)]
    assert [how for _name, how in choose(many, {}).tables()] == ["whole"] * 8 + ["nothing"]
