# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statements, names and owners for MySQL and MariaDB servers."""

from __future__ import annotations

import pytest

from labctl.databases.mysql import PLUGINS, MySQL, decoded, native_hash, owner_of, pattern, quoted
from labctl.databases.server import settings_of
from labctl.layout import MARIADB, MYSQL, DatabaseEngine, Lab

GRANTS = [("acme\\_%", "acme"), ("acme\\_archive", "somebody_else"), ("messageStore", "somebody_else")]


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("acme_messageStore", "acme"),
        ("acme_archive", "somebody_else"),
        ("acme2messageStore", ""),
        ("messageStore", "somebody_else"),
        ("waba_migration", ""),
    ],
)
def test_the_owner_is_whom_the_database_is_granted_to(name: str, owner: str) -> None:
    assert owner_of(name, GRANTS) == owner


def test_names_as_the_server_writes_them() -> None:
    assert quoted("a`b") == "`a``b`"
    assert pattern("acme_") == "acme\\_"
    assert decoded("acme_waweb@002eincomplete") == "acme_waweb.incomplete"


def test_the_hash_is_the_servers_own() -> None:
    # From the servers' documentation: PASSWORD('mypass').
    assert native_hash("mypass") == "*6C8989366EAF75BB670AD8EA7A7FC1176A95CEF4"


@pytest.mark.parametrize(("engine", "in_clear"), [(MYSQL, True), (MARIADB, False)])
def test_only_a_server_that_hides_a_password_is_told_it(
    engine: DatabaseEngine, in_clear: bool, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken: list[str] = []

    def speak(self: MySQL, text: str, tried: str, database: str = "") -> list[list[str]]:
        spoken.append(text)
        return []

    monkeypatch.setattr(MySQL, "sql", speak)
    MySQL(lab, "db-old", engine).ensure_accounts({"acme_database_password": "pencil"})
    assert ("'pencil'" in spoken[-1]) == in_clear
    assert "ON `acme\\_%`.* TO 'acme'@'%';" in spoken[-1]


def test_settings_are_those_that_stay(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {
        "SHOW GLOBAL VARIABLES;": [["gtid_executed", "a:1-5"], ["init_connect", ""], ["port", "3306"]],
        f"{PLUGINS};": [["the plugin InnoDB", "ACTIVE"]],
    }
    monkeypatch.setattr(MySQL, "sql", lambda _self, text, _tried: answers[text])
    found = MySQL(lab, "db-old", MYSQL).settings()
    assert found == {"init_connect": "", "port": "3306", "the plugin InnoDB": "ACTIVE"}


def test_a_value_may_have_tabs() -> None:
    assert settings_of([["log_line_prefix", "a", "b"], ["wal_level", "logical"]]) == {
        "log_line_prefix": "a\tb",
        "wal_level": "logical",
    }
