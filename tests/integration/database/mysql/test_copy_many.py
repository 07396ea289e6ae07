# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many tables, and a row as large as a client ever makes one. Takes long, so that only one flavour does it."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.waba.migration.plugins.module_utils._database import CopyRequest, CopyResult
from mysql_server import Instance, assert_same


def test_many_tables_and_a_row_of_100_megabytes(
    source: Instance,
    target: Instance,
    request_for: Callable[..., CopyRequest],
    copy: Callable[[CopyRequest], CopyResult],
) -> None:
    source.sql("CREATE DATABASE acme_many")
    tables = "; ".join(
        f"CREATE TABLE t{n} (id int PRIMARY KEY, t varchar(20), KEY (t)); INSERT INTO t{n} VALUES (1, '{n}')"
        for n in range(3000)
    )
    source.script(f"USE acme_many; {tables}")
    source.sql("CREATE TABLE large (id int PRIMARY KEY, b longblob)", "acme_many")
    source.sql("INSERT INTO large VALUES (1, REPEAT(UNHEX('00FF0A5C27F09F8E89'), 11650845)), (2, 'small')", "acme_many")
    packet = target.sql("SELECT @@global.max_allowed_packet")

    result = copy(request_for("acme_many"))

    assert len(result.databases[0].tables) == 3001
    length = "SELECT LENGTH(b), SHA2(b, 256) FROM large ORDER BY id"
    assert target.sql(length, "acme_many") == source.sql(length, "acme_many")
    assert_same(source, target, "acme_many", but_for=["large"])
    assert target.sql("SELECT @@global.max_allowed_packet") == packet
    source.sql("DROP DATABASE acme_many")
