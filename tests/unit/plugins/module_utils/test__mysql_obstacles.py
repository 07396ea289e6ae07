# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server of MySQL or MariaDB lacks, each with the statement that mends it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._mysql.connection import MARIADB, MYSQL
from ansible_collections.waba.migration.plugins.module_utils._mysql.obstacles import (
    LARGEST_KEYLESS,
    ServerFacts,
    anonymous,
    of_database,
    of_leaving,
    of_source,
    of_target,
    of_way_back,
    own_account,
    password,
    users_in_log,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.refusals import Rights
from ansible_collections.waba.migration.plugins.module_utils._mysql.releases import Release

NEW = Release(MYSQL, "8.4.0")
OLD = Release(MYSQL, "5.7.44")
MARIA = Release(MARIADB, "11.8.2")
SOURCE_RIGHTS = ("RELOAD", "PROCESS", "REPLICATION CLIENT", "REPLICATION SLAVE")
TARGET_RIGHTS = ("REPLICATION_SLAVE_ADMIN", "REPLICATION_APPLIER", "CREATE USER", "REPLICATION CLIENT")
MARIA_RIGHTS = ("SUPER", "SLAVE MONITOR")
OLD_RIGHTS = (*TARGET_RIGHTS, "SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER")
# Of the new server's administrator, who has the old one follow.
LED_BACK = (*SOURCE_RIGHTS[1:], "CREATE USER", "SELECT")
GOOD = {"log_bin": "ON", "binlog_format": "ROW", "server_id": "1", "binlog_expire_logs_seconds": "2592000"}


def rights(*names: str) -> Rights:
    return Rights("wa@%", [{"grantee": "'wa'@'%'", "privilege": name, "grantable": True} for name in names], [])


def facts(release: Release = NEW, granted: tuple[str, ...] = SOURCE_RIGHTS, **more: Any) -> ServerFacts:
    logged, ignored = more.pop("logged", ()), more.pop("ignored", ())
    return ServerFacts(release, rights(*granted), {**GOOD, **more}, logged, ignored)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (facts(), []),
        (facts(MARIA, ("RELOAD", "PROCESS", "BINLOG MONITOR", "REPLICATION SLAVE")), []),
        (facts(log_bin="OFF", binlog_format="MIXED"), [("log_bin", "log_bin = binlog", True)]),
        (facts(binlog_format="MIXED"), [("binlog_format", "SET PERSIST binlog_format = 'ROW'", False)]),
        (facts(MARIA, binlog_format="MIXED"), [("binlog_format", "SET GLOBAL binlog_format = 'ROW'", False)]),
        (facts(OLD, server_id="0"), [("server_id", "SET GLOBAL server_id = 1", False)]),
        (
            facts(binlog_expire_logs_seconds="86399"),
            [("expire", "SET PERSIST binlog_expire_logs_seconds = 259200", False)],
        ),
        (facts(binlog_expire_logs_seconds="0"), []),
        (facts(binlog_expire_logs_seconds="0", expire_logs_days="1"), []),
        (facts(logged=["acme_x"]), []),
        (facts(logged=["other"]), [("log_filter", None, True)]),
        (facts(ignored=["acme_x"]), [("log_filter", None, True)]),
        (facts(granted=SOURCE_RIGHTS[1:]), [("rights", "GRANT RELOAD ON *.* TO 'wa'@'%'", False)]),
    ],
)
def test_source(source: ServerFacts, found: list[tuple[str, str | None, bool]]) -> None:
    obstacles = of_source(source, ["acme_x"])
    assert [(each.what, each.statement, each.restart) for each in obstacles] == found


def test_old_expiry_in_days() -> None:
    old = ServerFacts(OLD, rights(*SOURCE_RIGHTS), {"log_bin": "ON", "binlog_format": "ROW", "expire_logs_days": "0.5"})
    assert [each.statement for each in of_source(old, [])] == ["SET GLOBAL expire_logs_days = 3"]


@pytest.mark.parametrize("name", ["acme_nasty Ünï", "a,b", "a>b", "a%"])
def test_names_that_mean_something_in_a_filter(name: str) -> None:
    assert [each.what for each in of_source(facts(), [name])] == ["names"]


@pytest.mark.parametrize(
    ("databases", "more", "found"),
    [
        (["acme_x"], {}, ["acme_waweb", "users2"]),
        (["acme_x", "acme_waweb", "users2"], {}, []),
        (["acme_x"], {"ignored": ["acme_waweb", "users2"]}, []),
        (["acme_x"], {"logged": ["acme_x"]}, []),
        (["acme_x"], {"logged": ["acme_x", "users2"]}, ["users2"]),
    ],
)
def test_users_in_log(databases: list[str], more: dict[str, Any], found: list[str]) -> None:
    """By the name or by the tables, whatever the other one is."""
    present = ["acme_x", "acme_waweb", "users2", "harmless"]
    granted = (*SOURCE_RIGHTS, "SHOW DATABASES")
    obstacles = users_in_log(facts(granted=granted, **more), databases, present, ["users2"])
    assert [(each.database, each.statement) for each in obstacles] == [
        (name, f"binlog_ignore_db = {name}") for name in found
    ]


@pytest.mark.parametrize(
    ("granted", "statements"),
    [
        ((), ["GRANT SHOW DATABASES ON *.* TO 'wa'@'%'"]),
        (("SHOW DATABASES",), []),
        (("SELECT",), []),
    ],
)
def test_who_is_not_shown_all_databases(granted: tuple[str, ...], statements: list[str]) -> None:
    """What is not there for the account may be there all the same."""
    found = users_in_log(facts(granted=granted), ["acme_x"], ["acme_x"], [])
    assert [(each.what, each.database, each.statement) for each in found] == [
        ("own_log", None, statement) for statement in statements
    ]
    assert users_in_log(facts(granted=granted, logged=["acme_x"]), ["acme_x"], ["acme_x"], []) == []


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ({}, []),
        ({"engine": "MyISAM"}, ["ALTER TABLE `acme_x`.`t` ENGINE = InnoDB"]),
        ({"table": "keyless", "bytes": LARGEST_KEYLESS}, []),
        (
            {"table": "keyless", "bytes": LARGEST_KEYLESS + 1},
            [
                "ALTER TABLE `acme_x`.`keyless` ADD COLUMN my_row_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT "
                "INVISIBLE PRIMARY KEY"
            ],
        ),
    ],
)
def test_database(table: dict[str, Any], found: list[str]) -> None:
    described = {"table": "t", "engine": "InnoDB", "bytes": 10, **table}
    assert [each.statement for each in of_database("acme_x", [described], ["t"], NEW)] == found


@pytest.mark.parametrize(
    ("source", "target", "found"),
    [
        (facts(), facts(granted=TARGET_RIGHTS, server_id="2"), []),
        (facts(), facts(granted=("SUPER",), server_id="2"), []),
        (facts(), facts(granted=TARGET_RIGHTS), [("server_id", "SET PERSIST server_id = 2")]),
        (
            facts(),
            facts(granted=TARGET_RIGHTS[:2], server_id="2"),
            [
                ("rights", "GRANT CREATE USER ON *.* TO 'wa'@'%'"),
                ("rights", "GRANT REPLICATION CLIENT ON *.* TO 'wa'@'%'"),
            ],
        ),
        (
            facts(MARIA),
            facts(MARIA, ("SUPER", "REPLICATION CLIENT"), server_id="2"),
            [("rights", "GRANT REPLICA MONITOR ON *.* TO 'wa'@'%'")],
        ),
        (
            facts(server_uuid="u"),
            facts(granted=TARGET_RIGHTS, server_id="2", server_uuid="u"),
            [("server_uuid", None)],
        ),
        (
            facts(gtid_mode="ON"),
            facts(granted=TARGET_RIGHTS, server_id="2", gtid_mode="OFF"),
            [("gtid_mode", "SET PERSIST gtid_mode = OFF_PERMISSIVE")],
        ),
        (facts(gtid_mode="OFF"), facts(granted=TARGET_RIGHTS, server_id="2", gtid_mode="ON"), []),
        (
            facts(MARIA),
            facts(MARIA, MARIA_RIGHTS, server_id="2", gtid_strict_mode="ON"),
            [("gtid_strict_mode", "SET GLOBAL gtid_strict_mode = OFF")],
        ),
        (facts(OLD), facts(MARIA, ("SUPER",), server_id="2"), [("release", None)]),
        (facts(), facts(Release(MYSQL, "8.0.25"), TARGET_RIGHTS, server_id="2"), [("release", None)]),
        (facts(MARIA), facts(Release(MARIADB, "10.6.20"), ("SUPER",), server_id="2"), [("release", None)]),
    ],
)
def test_target(source: ServerFacts, target: ServerFacts, found: list[tuple[str, str | None]]) -> None:
    obstacles = of_target(source, target)
    assert [(each.what, each.statement) for each in obstacles] == found
    assert all(each.server == "target" for each in obstacles)


@pytest.mark.parametrize(
    ("granted", "length", "number"),
    [((), 32, 0), ((), 33, 1), (("CREATE USER",), 33, 1), (("CREATE USER", "SELECT"), 33, 0)],
)
def test_own_password(granted: tuple[str, ...], length: int, number: int) -> None:
    assert len(password(facts(granted=granted), length, 32)) == number


@pytest.mark.parametrize(
    ("granted", "statements"),
    [
        (("CREATE USER", "SELECT"), []),
        (
            ("CREATE USER",),
            ["GRANT CREATE USER, SELECT, REPLICATION SLAVE ON *.* TO 'wa'@'%' WITH GRANT OPTION"],
        ),
    ],
)
def test_own_account(granted: tuple[str, ...], statements: list[str]) -> None:
    found = own_account(facts(granted=granted))
    assert [(each.what, each.statement) for each in found] == [("own_account", statement) for statement in statements]


@pytest.mark.parametrize(
    ("new", "old", "found"),
    [
        (facts(granted=LED_BACK), facts(granted=OLD_RIGHTS, server_id="2"), []),
        (
            facts(granted=LED_BACK, binlog_expire_logs_seconds="3600"),
            facts(granted=OLD_RIGHTS, server_id="2"),
            [("expire", "SET PERSIST binlog_expire_logs_seconds = 259200", "source")],
        ),
        (
            facts(granted=LED_BACK[:3]),
            facts(granted=OLD_RIGHTS[1:], server_id="2"),
            [
                (
                    "rights",
                    "GRANT CREATE USER, SELECT, REPLICATION SLAVE ON *.* TO 'wa'@'%' WITH GRANT OPTION",
                    "source",
                ),
                ("rights", "GRANT REPLICATION_SLAVE_ADMIN ON *.* TO 'wa'@'%'", "target"),
            ],
        ),
        (
            facts(granted=LED_BACK),
            facts(granted=OLD_RIGHTS[:-1], server_id="2"),
            [
                (
                    "rights",
                    "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER ON *.* TO 'wa'@'%' WITH GRANT OPTION",
                    "target",
                )
            ],
        ),
        (
            facts(granted=LED_BACK),
            facts(Release(MYSQL, "8.0.40"), OLD_RIGHTS, server_id="2"),
            [("release", None, "target")],
        ),
        (
            facts(granted=LED_BACK, gtid_mode="ON"),
            facts(granted=OLD_RIGHTS, server_id="2", gtid_mode="OFF"),
            [("gtid_mode", "SET PERSIST gtid_mode = OFF_PERMISSIVE", "target")],
        ),
        (facts(MARIA, MARIA_RIGHTS), facts(MARIA, MARIA_RIGHTS, server_id="2"), [("release", None, "source")]),
    ],
)
def test_way_back(new: ServerFacts, old: ServerFacts, found: list[tuple[str, str | None, str]]) -> None:
    """The new server is the source."""
    there = of_way_back(new, old, ["acme_x"])
    assert [(each.what, each.statement, each.server) for each in there] == found


def test_way_back_is_told_with_the_servers_in_their_places() -> None:
    [found] = of_way_back(facts(granted=LED_BACK), facts(granted=OLD_RIGHTS), ["acme_x"])
    assert found.text.startswith("Both servers have the server_id 1, so that the old one takes changes for its own.")
    [found] = of_leaving(facts(granted=LED_BACK, binlog_expire_logs_seconds="3600"), ["acme_x"])
    assert found.text.endswith("deleted after 3600 s, and the old server may be away for longer than that")


@pytest.mark.parametrize(
    ("source", "target", "found"),
    [
        ("OFF", "ON", True),
        ("OFF_PERMISSIVE", "ON", True),
        ("ON", "ON", False),
        ("OFF", "OFF", False),
        ("ON", "OFF", False),
    ],
)
def test_who_has_to_give_identifiers(source: str, target: str, found: bool) -> None:
    assert anonymous(facts(gtid_mode=source), facts(gtid_mode=target)) is found
