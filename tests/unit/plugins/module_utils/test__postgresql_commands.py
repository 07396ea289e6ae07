# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls of the client tools, word by word."""

from __future__ import annotations

import pytest
from ansible_collections.waba.migration.plugins.module_utils._postgresql import commands
from ansible_collections.waba.migration.plugins.module_utils._postgresql.plan import BigTable, Piece, Table
from ansible_collections.waba.migration.plugins.module_utils._postgresql.tools import Tools

TOOLS = Tools("/bin17", {})
LEFT_OUT = ["--no-owner", "--no-privileges", "--no-tablespaces", "--no-publications", "--no-subscriptions"]
PSQL = ["/bin17/psql", "--no-psqlrc", "--no-password", "--no-align", "--tuples-only", "--set", "ON_ERROR_STOP=1"]
DUMP = ["/bin17/pg_dump", *LEFT_OUT, "--no-password", "--lock-wait-timeout=30s", "--snapshot=S", "--dbname=OLD"]
TABLE = Table(oid=1, schema="public", name='my"table', bytes=1, pages=9, estimate=1)
BIG = BigTable(table=TABLE, columns=["id", "a b"], binary=True, pieces=[])


def test_dump() -> None:
    assert commands.dump(TOOLS, "OLD", "S") == DUMP


def test_dump_schema() -> None:
    sections = ["--section=pre-data", "--section=post-data", "--blobs"]
    expected = [*DUMP, *sections, "--format=custom", "--compress=0", "--file=/p/0.schema"]
    assert commands.dump_schema(TOOLS, "OLD", "S", "/p/0.schema") == expected


def test_dump_small_data() -> None:
    expected = [*DUMP, "--section=data", "--blobs", '--exclude-table-data="public"."my""table"']
    assert commands.dump_small_data(TOOLS, "OLD", "S", [BIG]) == expected


def test_restore() -> None:
    expected = ["/bin17/pg_restore", *LEFT_OUT, "--no-password", "--exit-on-error", "--dbname=NEW", "--jobs=2", "/p/0"]
    assert commands.restore(TOOLS, "NEW", "/p/0", "--jobs=2") == expected


def test_load_script() -> None:
    assert commands.load_script(TOOLS, "NEW") == [*PSQL, "--echo-queries", "--dbname=NEW", "--file=-"]


@pytest.mark.parametrize(
    ("piece", "what"),
    [
        (Piece(0, None), '"public"."my""table" ("id", "a b")'),
        (
            Piece(0, 5),
            '(SELECT "id", "a b" FROM ONLY "public"."my""table" '
            "WHERE ctid >= '(0,0)'::tid AND ctid < '(5,0)'::tid)",
        ),
        (Piece(5, None), '(SELECT "id", "a b" FROM ONLY "public"."my""table" WHERE ctid >= \'(5,0)\'::tid)'),
    ],
)
def test_read_piece(piece: Piece, what: str) -> None:
    assert commands.read_piece(TOOLS, "OLD", "0003-1", BIG, piece) == [
        *PSQL,
        "--quiet",
        "--dbname=OLD",
        "--command=BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        "--command=SET TRANSACTION SNAPSHOT '0003-1'",
        f"--command=COPY {what} TO STDOUT (FORMAT binary)",
    ]


def test_write_piece() -> None:
    copy = 'COPY "public"."my""table" ("id", "a b") FROM STDIN (FORMAT text)'
    big = BigTable(table=TABLE, columns=["id", "a b"], binary=False, pieces=[])
    assert commands.write_piece(TOOLS, "NEW", big) == [*PSQL, "--dbname=NEW", f"--command={copy}"]


LISTING = """;
; Archive created at 2026-11-24 09:18:22 UTC
;
10; 2615 17353 SCHEMA - Sp äce postgres
5876; 0 0 COMMENT - SCHEMA "Sp äce" postgres
2; 3079 17100 EXTENSION - hstore
5878; 0 0 COMMENT - EXTENSION hstore
215; 1259 16390 TABLE public SCHEMA postgres
4728; 1259 17362 INDEX public i postgres
4730; 2606 17361 CONSTRAINT public t t_pkey postgres
4731; 2606 17361 FK CONSTRAINT public t t_fkey postgres
5367; 0 0 INDEX ATTACH public p_pkey postgres
4718; 3466 17551 EVENT TRIGGER - watching postgres
5893; 0 0 COMMENT - EVENT TRIGGER watching postgres
"""


def test_sort_entries() -> None:
    entries = commands.sort_entries(LISTING)

    def numbers(lines: list[str]) -> list[int]:
        return [int(line.split(";")[0]) for line in lines]

    assert numbers(entries.schemas) == [10]
    assert numbers(entries.privileged) == [2, 5878, 4718, 5893]
    assert numbers(entries.indexes) == [4728, 4730]
    assert numbers(entries.others) == [5876, 215, 4731, 5367]
    assert entries.attach_indexes
    assert not commands.sort_entries(LISTING.replace("INDEX ATTACH", "TRIGGER")).attach_indexes
