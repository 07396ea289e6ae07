# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps databases from being moved is said before anything is written."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._mysql import refusals
from ansible_collections.waba.migration.plugins.module_utils._mysql.plan import Inventory, Table
from ansible_collections.waba.migration.plugins.module_utils._mysql.refusals import Rights, like_pattern
from ansible_collections.waba.migration.plugins.module_utils._mysql.releases import Release

ENGINES: dict[str, dict[str, Any]] = {
    "InnoDB": {"usable": True, "transactional": True},
    "MyISAM": {"usable": True, "transactional": False},
    "FEDERATED": {"usable": False, "transactional": False},
}


def mysql(version: str) -> Release:
    return Release("mysql", version)


def mariadb(version: str) -> Release:
    return Release("mariadb", version)


def inventory(
    *tables: Table, columns: list[dict[str, Any]] | None = None, others: list[Table] | None = None
) -> Inventory:
    return Inventory(list(tables), others or [], [], columns or [], {}, frozenset())


def table(name: str, engine: str = "InnoDB", collation: str = "utf8mb4_bin", kind: str = "BASE TABLE") -> Table:
    return Table(name, kind, engine, collation, 1, 0, 0, None)


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        (mysql("8.0.33"), mysql("9.7.4"), None),
        (mysql("9.7.5"), mysql("9.7.4"), None),
        (mysql("5.7.44"), mysql("8.4.0"), None),
        (mysql("8.4.1"), mysql("8.0.36"), "MySQL cannot be moved to an older release"),
        (mysql("5.6.51"), mysql("8.4.1"), "the source runs MySQL 5.6.51; 5.7 is the oldest known here"),
        (mysql("5.7.44"), mysql("5.7.44"), "the target runs MySQL 5.7.44; 8.0 is the oldest known here"),
        (mariadb("10.6.1"), mariadb("11.8.9"), None),
        (mariadb("11.8.9"), mariadb("11.4.3"), "MariaDB cannot be moved to an older release"),
        (mariadb("10.11.3"), mysql("9.7.4"), "MariaDB cannot be moved to MySQL"),
        (mysql("8.0.33"), mariadb("11.8.9"), "MySQL 8 and newer cannot be moved to MariaDB"),
        (mysql("5.7.44"), mariadb("11.8.9"), None),
    ],
)
def test_releases(source: Release, target: Release, reason: str | None) -> None:
    found = refusals.releases(source, target)
    assert len(found) == (1 if reason else 0)
    assert (reason or "") in "".join(found)


@pytest.mark.parametrize(
    ("source", "target", "names", "refused"),
    [
        (0, 0, ["Ab"], False),
        (0, 1, ["Ab", "c"], True),
        (0, 1, ["ab", "c"], False),
        (0, 2, ["Ab"], False),
        (1, 0, ["ab"], True),
        (1, 1, ["ab"], False),
        (1, 2, ["ab"], False),
        (2, 0, ["Ab"], True),
        (2, 1, ["Ab"], True),
        (2, 2, ["Ab"], False),
    ],
)
def test_letter_case(source: int, target: int, names: list[str], refused: bool) -> None:
    assert bool(refusals.letter_case(source, target, names)) is refused


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        (inventory(table("t")), None),
        (inventory(table("t", collation="utf8_general_ci")), None),
        (
            inventory(table("t", collation="utf8mb4_0900_ai_ci")),
            "collations that the target does not know: utf8mb4_0900",
        ),
        (
            inventory(table("t"), columns=[{"collation": "x_ci"}, {"collation": None}]),
            "collations that the target does not know: x_ci",
        ),
        (inventory(table("t", "FEDERATED")), "storage engines that the target does not have: FEDERATED"),
        (inventory(others=[table("s", kind="SEQUENCE")]), "does not carry as they are: s (sequence)"),
    ],
)
def test_things(held: Inventory, reason: str | None) -> None:
    found = refusals.things("db", "utf8mb4_bin", held, {"utf8mb4_bin", "utf8mb3_general_ci"}, ENGINES)
    assert len(found) == (1 if reason else 0)
    assert (reason or "") in "".join(found)


@pytest.mark.parametrize(("source", "refused"), [(mysql("5.7.44"), True), (mariadb("10.6.1"), False)])
def test_json_columns_between_flavours(source: Release, refused: bool) -> None:
    held = inventory(columns=[{"table": "t", "name": "j", "type": "json", "collation": None}])
    assert bool(refusals.flavour_features("db", held, source, mariadb("11.8.9"))) is refused


@pytest.mark.parametrize(
    ("engine", "idle", "refused"), [("MyISAM", False, True), ("MyISAM", True, False), ("InnoDB", False, False)]
)
def test_not_transactional(engine: str, idle: bool, refused: bool) -> None:
    assert bool(refusals.not_transactional("db", inventory(table("t", engine)), ENGINES, idle)) is refused


def rights(everywhere: list[str], **by_database: list[str]) -> Rights:
    rows = [{"grantee": "'wa'@'%'", "privilege": right, "grantable": False} for right in everywhere]
    others = [{"grantee": "'other'@'%'", "privilege": "PROCESS", "grantable": True}]
    patterns = [
        {"grantee": "'wa'@'%'", "pattern": pattern, "privilege": right}
        for pattern, found in by_database.items()
        for right in found
    ]
    return Rights("wa@%", rows + others, patterns)


def test_rights_on_the_source() -> None:
    assert refusals.rights(rights(["SELECT", "SHOW VIEW", "TRIGGER", "EVENT"]), ["a"]) == []
    assert refusals.rights(rights(["SELECT"]), ["a"]) == [
        "wa@% lacks SHOW VIEW, TRIGGER, EVENT on a and might not see all of it",
    ]
    enough = rights([], a=["SELECT", "SHOW VIEW", "TRIGGER", "EVENT", "EXECUTE"])
    assert refusals.rights(enough, ["a"]) == []
    assert refusals.rights(enough, ["ab"]) == [
        "wa@% lacks SELECT, SHOW VIEW, TRIGGER, EVENT, EXECUTE on ab and might not see all of it"
    ]


def test_rights_on_the_target() -> None:
    missing = rights(["CREATE"]).missing_on_target()
    assert "CREATE" not in missing
    assert missing[-1] == "GRANT OPTION"


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [("acme\\_%", "acme_waweb", "acmeXwaweb"), ("a_c", "abc", "ac"), ("a.c", "a.c", "abc"), ("%", "x\ny", None)],
)
def test_patterns(pattern: str, matching: str, other: str | None) -> None:
    import re

    assert re.compile(like_pattern(pattern), re.DOTALL).fullmatch(matching)
    assert other is None or not re.compile(like_pattern(pattern), re.DOTALL).fullmatch(other)
