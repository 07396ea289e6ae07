# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools have to be of the target's flavour and major release, and not older than it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._mysql.releases import Release, server_release
from ansible_collections.waba.migration.plugins.module_utils._mysql.tools import ToolFinder, tool_release

MYSQL = "mysql  Ver 9.7.4-2 for Linux on x86_64 ((Debian))"
MARIADB = "mariadb from 11.8.9-MariaDB, client 15.2 for debian-linux-gnu (x86_64) using  EditLine wrapper"


@pytest.mark.parametrize(
    ("output", "release"),
    [
        (MYSQL, Release("mysql", "9.7.4")),
        ("mysqldump  Ver 8.0.33 for Linux on x86_64 (MySQL Community Server - GPL)", Release("mysql", "8.0.33")),
        ("mysqldump  Ver 10.13 Distrib 5.7.44, for Linux (x86_64)", Release("mysql", "5.7.44")),
        (MARIADB, Release("mariadb", "11.8.9")),
        ("mariadb-dump from 11.8.9-MariaDB, client 10.20 for debian-linux-gnu (x86_64)", Release("mariadb", "11.8.9")),
        ("mysql  Ver 15.1 Distrib 10.6.12-MariaDB, for debian-linux-gnu (x86_64)", Release("mariadb", "10.6.12")),
    ],
)
def test_tool_release(output: str, release: Release) -> None:
    assert tool_release(output) == release


def test_an_answer_that_is_not_known() -> None:
    with pytest.raises(DatabaseError, match="answered --version with 'what'"):
        tool_release("what\n")


@pytest.mark.parametrize(
    ("version", "comment", "release"),
    [
        ("9.7.4-2", "(Debian)", Release("mysql", "9.7.4")),
        ("8.0.33", "MySQL Community Server - GPL", Release("mysql", "8.0.33")),
        ("11.8.9-MariaDB-0+deb13u1 from Debian", "", Release("mariadb", "11.8.9")),
        ("5.5.5-10.11.3-MariaDB", "", Release("mariadb", "10.11.3")),
        ("10.6.12", "mariadb.org binary distribution", Release("mariadb", "10.6.12")),
    ],
)
def test_server_release(version: str, comment: str, release: Release) -> None:
    assert server_release(version, comment) == release


def finder(tmp_path: Path, **tools: str) -> ToolFinder:
    for name in tools:
        path = tmp_path / name.replace("_", "-")
        path.touch(mode=0o755)
    return ToolFinder(str(tmp_path), lambda path: tools[Path(path).name.replace("-", "_")])


@pytest.mark.parametrize(
    ("target", "fits"),
    [
        (Release("mysql", "9.7.9"), True),
        (Release("mysql", "9.2.0"), True),
        (Release("mysql", "9.8.0"), False),
        (Release("mysql", "8.4.0"), False),
        (Release("mariadb", "9.7.4"), False),
    ],
)
def test_fitting(target: Release, fits: bool, tmp_path: Path) -> None:
    tools = finder(tmp_path, mysql=MYSQL, mysqldump=MYSQL).fitting(target)
    assert (tools is not None) is fits


def test_without_a_dump_program(tmp_path: Path) -> None:
    found = finder(tmp_path, mysql=MYSQL)
    assert found.first().versions == {"mysql": "9.7.4", "mysqldump": None}
    assert found.fitting(Release("mysql", "9.7.4")) is None
    assert found.describe() == f"mysql 9.7.4 (MySQL) in {tmp_path}, no mysqldump in {tmp_path}"


def test_mariadbs_own_names_come_first(tmp_path: Path) -> None:
    found = finder(tmp_path, mysql=MARIADB, mysqldump=MARIADB, mariadb=MARIADB, mariadb_dump=MARIADB)
    assert found.first().client == str(tmp_path / "mariadb")


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="neither mysql nor mariadb in"):
        finder(tmp_path).first()
