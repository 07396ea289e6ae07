# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords lie in files that only we can read, and these files go away."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError, Server
from ansible_collections.waba.migration.plugins.module_utils._postgresql.connection import Connections, password_line

SERVER = Server("db-old", 5432, "wa", "s3cret", "disable")


def test_files(tmp_path: Path) -> None:
    with Connections(str(tmp_path)) as connections:
        connections.add("source", SERVER, {"search_path": "", "statement_timeout": "0"})
        service = Path(connections.environment()["PGSERVICEFILE"])
        lines = service.read_text().splitlines()
        password_file = connections.directory / "source.pass"

        assert lines[:5] == ["[source]", "host=db-old", "port=5432", "user=wa", f"passfile={password_file}"]
        assert "options=-c search_path= -c statement_timeout=0" in lines
        assert "sslmode=disable" in lines
        assert not any("s3cret" in line for line in lines)
        assert password_file.read_text() == "*:*:*:*:s3cret\n"
        assert {stat.S_IMODE(path.stat().st_mode) for path in (service, password_file)} == {0o600}
        assert stat.S_IMODE(connections.directory.stat().st_mode) == 0o700
        assert "s3cret" not in str(connections.environment())
        assert connections.address("source", "it's") == "service='source' dbname='it\\'s'"
    assert list(tmp_path.iterdir()) == []


def test_files_go_away_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError), Connections(str(tmp_path)) as connections:
        connections.add("source", Server("a\nb", 1, "u", "p", "disable"), {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("password", "line"),
    [("a:b", "*:*:*:*:a\\:b\n"), ("a\\b", "*:*:*:*:a\\\\b\n"), ("ü #'", "*:*:*:*:ü #'\n")],
)
def test_password_line(password: str, line: str) -> None:
    assert password_line(Server("h", 1, "u", password)) == line


@pytest.mark.parametrize("password", ["a\nb", "a\0b"])
def test_impossible_password(password: str) -> None:
    with pytest.raises(DatabaseError) as error:
        password_line(Server("db-old", 5432, "u", password))
    assert str(error.value) == "The password for db-old:5432 must not have a line break or a NUL character."


def test_the_password_is_in_no_description() -> None:
    assert "s3cret" not in f"{SERVER!r} {SERVER}"
