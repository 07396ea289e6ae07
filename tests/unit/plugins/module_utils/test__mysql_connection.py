# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords lie in option files that only we can read, in the words of each flavour, and these files go away."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError, Server
from ansible_collections.waba.migration.plugins.module_utils._mysql.connection import (
    Connections,
    Service,
    option_file,
    ssl_options,
)

SERVER = Server("db-old", 3306, "wa", "s3cret", "disable")


def test_files(tmp_path: Path) -> None:
    with Connections(str(tmp_path)) as connections:
        connections.add("source", Service(SERVER, {"time_zone": "'+00:00'"}, ("SET SESSION TRANSACTION READ ONLY",)))
        path = Path(connections.options("source").split("=")[1])
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        lines = path.read_text().splitlines()
        assert lines[:6] == [
            "[client]",
            'host="db-old"',
            'protocol="TCP"',
            'port="3306"',
            'user="wa"',
            'password="s3cret"',
        ]
        assert "init-command=\"SET SESSION time_zone = '+00:00'; SET SESSION TRANSACTION READ ONLY\"" in lines
        assert "s3cret" not in connections.options("source") + str(connections.environment())
        assert 'loose-print-query-on-error="0"' in lines
        connections.speak("mariadb")
        assert 'ssl="0"' in path.read_text().splitlines()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("password", "line"),
    [("a#b", 'password="a#b"'), ("a\\b", 'password="a\\\\b"'), ("a\"b' ü", 'password="a\\"b\' ü"')],
)
def test_password(password: str, line: str) -> None:
    assert line in option_file(Service(Server("h", 1, "u", password, "disable"), {"a": "1"}), "mysql").splitlines()


@pytest.mark.parametrize("password", ["a\nb", "a\0b", "a\rb"])
def test_impossible_password(password: str) -> None:
    with pytest.raises(DatabaseError) as error:
        option_file(Service(Server("db-old", 3306, "u", password, "disable"), {"a": "1"}), "mysql")
    assert str(error.value) == "The password for db-old:3306 must not have a line break or a NUL character."


@pytest.mark.parametrize(
    ("mode", "mysql", "mariadb"),
    [
        (
            "verify-full",
            {"ssl-mode": "VERIFY_IDENTITY", "ssl-ca": "CA"},
            {"ssl": "1", "ssl-verify-server-cert": "1", "ssl-ca": "CA"},
        ),
        (
            "verify-ca",
            {"ssl-mode": "VERIFY_CA", "ssl-ca": "CA"},
            {"ssl": "1", "ssl-verify-server-cert": "1", "ssl-ca": "CA"},
        ),
        ("require", {"ssl-mode": "REQUIRED"}, {"ssl": "1", "ssl-verify-server-cert": "0"}),
        ("disable", {"ssl-mode": "DISABLED", "get-server-public-key": "1"}, {"ssl": "0"}),
    ],
)
def test_ssl_options(mode: str, mysql: dict[str, str], mariadb: dict[str, str], tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.touch()
    server = Server("h", 1, "u", "p", mode, str(authority))
    for flavour, expected in (("mysql", mysql), ("mariadb", mariadb)):
        found = ssl_options(server, flavour)
        assert {key: value.replace(str(authority), "CA") for key, value in found.items()} == expected


def test_socket() -> None:
    text = option_file(Service(Server("/run/mysqld/mysqld.sock", 1, "u", "p", "disable"), {"a": "1"}), "mysql")
    assert 'socket="/run/mysqld/mysqld.sock"' in text
    assert "host=" not in text
