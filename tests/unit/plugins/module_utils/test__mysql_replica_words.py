# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each flavour says the same in its own words, and a name cannot be anything else in them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import Server
from ansible_collections.waba.migration.plugins.module_utils._mysql.connection import MARIADB, MYSQL
from ansible_collections.waba.migration.plugins.module_utils._mysql.link import new_password
from ansible_collections.waba.migration.plugins.module_utils._mysql.releases import Release
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_sql import Position
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_words import (
    MARIADB_FIRST,
    MYSQL_NAME,
    may_only_replicate,
    native_hash,
    user_name,
    words_for,
)

MYSQL_WORDS = words_for(Release(MYSQL, "9.7.4"), "waba_acme")
MARIADB_WORDS = words_for(Release(MARIADB, "11.8.2"), "waba_acme")
HERE = Position("binlog.000002", 157)
NAMES = {"acme_x": "acme_x.incomplete", "acme_y": "acme_y.incomplete"}


def link(**changes: Any) -> Server:
    return Server(**{"host": "db-old", "port": 3306, "user": "waba_acme", "password": "it's", **changes})


@pytest.mark.parametrize(
    ("mode", "mysql", "mariadb"),
    [
        ("verify-full", ("SSL = 1", "CERT = 1", "KEY = 0"), ("SSL = 1", "CERT = 1")),
        ("verify-ca", ("SSL = 1", "CERT = 0", "KEY = 0"), ("SSL = 1", "CERT = 1")),
        ("require", ("SSL = 1", "CERT = 0", "KEY = 0"), ("SSL = 1", "CERT = 0")),
        ("disable", ("SSL = 0", "CERT = 0", "KEY = 1"), ("SSL = 0", "CERT = 0")),
    ],
)
def test_protection_of_the_link(mode: str, mysql: tuple[str, ...], mariadb: tuple[str, ...]) -> None:
    server = link(ssl_mode=mode)
    for words, expected in ((MYSQL_WORDS, mysql), (MARIADB_WORDS, mariadb)):
        statement = words.connect(server, "/ca.pem", HERE)
        assert all(text in statement for text in expected)
        assert "'/ca.pem'" in statement
        assert r"PASSWORD = 'it\'s'" in statement


def test_position_and_channel() -> None:
    mysql = MYSQL_WORDS.connect(link(), None, HERE)
    assert mysql.startswith("CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'db-old', SOURCE_PORT = 3306")
    assert mysql.endswith("FOR CHANNEL 'waba_acme'")
    assert "SOURCE_LOG_FILE = 'binlog.000002', SOURCE_LOG_POS = 157, SOURCE_AUTO_POSITION = 0" in mysql
    assert MYSQL_WORDS.apply() == [
        "CHANGE REPLICATION SOURCE TO REQUIRE_ROW_FORMAT = 1, PRIVILEGE_CHECKS_USER = 'waba_acme'@'localhost' "
        "FOR CHANNEL 'waba_acme'"
    ]
    assert MYSQL_WORDS.identify(anonymous=True) == [
        "CHANGE REPLICATION SOURCE TO ASSIGN_GTIDS_TO_ANONYMOUS_TRANSACTIONS = LOCAL FOR CHANNEL 'waba_acme'"
    ]
    assert "TRANSACTIONS = OFF" in MYSQL_WORDS.identify(anonymous=False)[0]
    at_once = MYSQL_WORDS.connect_restricted(link(), None, HERE, anonymous=True)
    assert at_once.startswith("CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'db-old', ")
    assert "TRANSACTIONS = LOCAL, REQUIRE_ROW_FORMAT = 1, PRIVILEGE_CHECKS_USER = 'waba_acme'@'localhost'" in at_once
    assert MARIADB_WORDS.apply() == MARIADB_WORDS.identify(anonymous=False) == []
    mariadb = MARIADB_WORDS.connect(link(), None, HERE)
    assert mariadb.startswith("CHANGE MASTER 'waba_acme' TO MASTER_HOST = 'db-old'")
    assert "MASTER_LOG_FILE = 'binlog.000002', MASTER_LOG_POS = 157, MASTER_USE_GTID = no" in mariadb


def test_filters() -> None:
    """A pattern's own characters are escaped: acme_x would also be acmeXx."""
    assert MYSQL_WORDS.filters(NAMES) == [
        "CHANGE REPLICATION FILTER REPLICATE_DO_DB = (`acme_x.incomplete`, `acme_y.incomplete`), "
        r"REPLICATE_WILD_DO_TABLE = ('acme\\_x.incomplete.%', 'acme\\_y.incomplete.%'), "
        "REPLICATE_REWRITE_DB = ((`acme_x`, `acme_x.incomplete`), (`acme_y`, `acme_y.incomplete`)) "
        "FOR CHANNEL 'waba_acme'"
    ]
    assert MARIADB_WORDS.filters(NAMES) == [
        "SET GLOBAL `waba_acme`.replicate_rewrite_db = 'acme_x->acme_x.incomplete,acme_y->acme_y.incomplete'",
        "SET GLOBAL `waba_acme`.replicate_do_db = 'acme_x.incomplete,acme_y.incomplete'",
        r"SET GLOBAL `waba_acme`.replicate_wild_do_table = 'acme\\_x.incomplete.%,acme\\_y.incomplete.%'",
    ]


def test_own_channel_among_others() -> None:
    rows = [["x"] * MYSQL_NAME + [name] for name in ("other", "waba_acme")]
    assert MYSQL_WORDS.own(rows) == [rows[1]]
    rows = [[name, "state", "first"] for name in ("other", "waba_acme")]
    assert MARIADB_WORDS.own(rows) == [["first"]]
    assert MARIADB_FIRST == 2
    assert MYSQL_WORDS.own([]) == []


def test_password_is_in_no_statement_of_mariadb() -> None:
    """It would write it into its logs. The hash is the one that the server's PASSWORD() gives."""
    assert native_hash("password") == "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19"
    assert "word" not in MARIADB_WORDS.create_account("password", encrypted=True)[0].replace("PASSWORD", "")
    assert MARIADB_WORDS.create_account("x", encrypted=False)[0].endswith("REQUIRE NONE")
    assert MYSQL_WORDS.create_account("x", encrypted=True)[0].endswith("IDENTIFIED BY 'x' REQUIRE SSL")


def test_passwords_are_what_a_policy_asks_for() -> None:
    password = new_password()
    assert len(password) <= MYSQL_WORDS.longest_password
    assert all(re.search(kind, password) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[^a-zA-Z0-9]"))
    assert password != new_password()
    first = MYSQL_WORDS.create_applier(["x.incomplete"], "it's")[0]
    assert first == r"CREATE USER 'waba_acme'@'localhost' IDENTIFIED BY 'it\'s' ACCOUNT LOCK"
    assert MARIADB_WORDS.create_applier(["x.incomplete"], "x") == []


@pytest.mark.parametrize(
    ("grants", "ours"),
    [
        (["GRANT REPLICATION SLAVE ON *.* TO `n`@`%`"], True),
        (["GRANT REPLICATION SLAVE ON *.* TO `n`@`%` IDENTIFIED BY PASSWORD '*6F50' REQUIRE SSL"], True),
        (["GRANT USAGE ON *.* TO `n`@`%`"], True),
        (["GRANT USAGE ON *.* TO `n`@`%`", "GRANT SELECT ON `x`.* TO `n`@`%`"], False),
        (["GRANT REPLICATION SLAVE, SUPER ON *.* TO `n`@`%`"], False),
        (["GRANT REPLICATION SLAVE ON *.* TO `n`@`%`", "GRANT SELECT ON `x`.* TO `n`@`%`"], False),
        ([], False),
    ],
)
def test_account_that_we_made(grants: list[str], ours: bool) -> None:
    assert may_only_replicate(grants) is ours


@pytest.mark.parametrize(
    ("name", "longest", "expected"),
    [("waba_acme", 32, "waba_acme"), ("w" * 32, 32, "w" * 32), ("w" * 33, 32, "w" * 19 + "_")],
)
def test_name_of_the_account(name: str, longest: int, expected: str) -> None:
    """As long as it may be, and another one for each name."""
    found = user_name(name, longest)
    assert len(found) <= longest
    assert found[:20] == expected[:20]
    assert (found == name) == (len(name) <= longest)
    assert user_name(name + "x", longest) != found
