# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How two PostgreSQL servers are hashed alike, and tables are put together into statements."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._postgresql.fingerprint_sql import (
    BIG_TABLE_BYTES,
    HashedTable,
    batches,
    choose_method,
    hash_large_objects,
    hash_tables,
)


def facts(version_num: int, probe: str | None = "1") -> dict[str, Any]:
    return {"version_num": version_num, "probe": probe}


@pytest.mark.parametrize(
    ("source", "target", "method", "digits"),
    [
        (facts(170005), facts(170005), "hashtext", 3),
        (facts(130000), facts(180000), "hashtext", 3),
        (facts(110000), facts(110009), "hashtext", 3),
        (facts(110000), facts(120000), "hashtext", 0),
        (facts(100006, None), facts(170005), "md5", 0),
        (facts(100006, None), facts(100023, None), "md5", 3),
        (facts(170005, "1"), facts(170005, "2"), "md5", 3),
    ],
)
def test_method_is_what_both_servers_have_in_common(
    source: dict[str, Any], target: dict[str, Any], method: str, digits: int
) -> None:
    assert choose_method(source, target) == {"hash": method, "extra_float_digits": digits}


def table(name: str, size: int = 0) -> HashedTable:
    return HashedTable("public", name, size, "", [["id", "bigint", ""]])


def test_big_tables_are_hashed_first_and_alone() -> None:
    small = [table(f"t{number}") for number in range(401)]
    big = [table("big", BIG_TABLE_BYTES), table("biggest", 2 * BIG_TABLE_BYTES)]
    found = [[each.name for each in batch] for batch in batches([*big, *small])]
    assert found[:2] == [["biggest"], ["big"]]
    assert [len(batch) for batch in found[2:]] == [200, 200, 1]
    assert batches([]) == []


def test_statement_quotes_names_and_keeps_conditions() -> None:
    odd = HashedTable(
        'a"b', "c d", 0, "WHERE mine", [['e"f', "integer", ""], ["g", "text", "text"], ["h", "bytea", "bytes"]]
    )
    statement = hash_tables([odd, HashedTable("public", "none", 0, "", [])], "hashtext")
    assert 'FROM ONLY "a""b"."c d" WHERE mine' in statement
    assert 'ROW("e""f", CASE WHEN octet_length("g") < 4194304 THEN "g"::text COLLATE "C"' in statement
    assert "ELSE encode(sha256(\"h\"), 'hex') END)::text" in statement
    assert 'hashtextextended(ROW()::text, 0)::numeric), 0)::text AS h FROM ONLY "public"."none"' in statement


def test_the_older_hash_uses_no_newer_function() -> None:
    columns = [["a", "integer", ""], ["b", "text", "text"], ["c", "bytea", "bytes"]]
    for statement in (hash_tables([HashedTable("s", "t", 0, "", columns)], "md5"), hash_large_objects("md5")):
        assert "hashtextextended" not in statement
        assert "sha256" not in statement
        assert "md5(" in statement
