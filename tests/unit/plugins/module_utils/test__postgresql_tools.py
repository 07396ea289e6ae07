# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client tools are those of one release, wherever they lie."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._postgresql import tools
from ansible_collections.waba.migration.plugins.module_utils._postgresql.tools import ToolFinder, parse_version


def install(directory: Path, version: str, *names: str) -> Path:
    directory.mkdir(parents=True)
    for name in names:
        tool = directory / name
        tool.write_text(version)
        tool.chmod(0o755)
    return directory


def version_of(path: str) -> str:
    return Path(path).read_text()


ALL = ("psql", "pg_dump", "pg_restore")


@pytest.mark.parametrize(
    ("output", "version"),
    [
        ("psql (PostgreSQL) 17.5", "17.5"),
        ("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", "15.18"),
        ("pg_restore (PostgreSQL) 19beta1", "19beta1"),
    ],
)
def test_parse_version(output: str, version: str) -> None:
    assert parse_version(output) == version


def test_parse_version_of_something_else() -> None:
    with pytest.raises(DatabaseError, match="answered --version with 'what'"):
        parse_version("what\n")


def test_the_newest_packaged_tools_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "9.6/bin", "9.6.24", *ALL)
    install(tmp_path / "17/bin", "17.5", *ALL)
    install(tmp_path / "15/bin", "15.18", *ALL)
    monkeypatch.setattr(tools, "VERSIONED_DIRECTORIES", (f"{str(tmp_path)[1:]}/*/bin",))
    finder = ToolFinder(None, version_of)

    assert finder.first().versions == {"psql": "17.5", "pg_dump": "17.5", "pg_restore": "17.5"}
    found = finder.of_major(15)
    assert found is not None
    assert found.path("pg_dump") == str(tmp_path / "15/bin/pg_dump")


def test_the_path_comes_after_the_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "VERSIONED_DIRECTORIES", ())
    monkeypatch.setenv("PATH", f"{tmp_path}/none:{install(tmp_path / 'local', '16.9', *ALL)}")
    assert ToolFinder(None, version_of).first().directory == str(tmp_path / "local")


def test_an_incomplete_set_is_not_enough(tmp_path: Path) -> None:
    finder = ToolFinder(str(install(tmp_path / "bin", "17.5", "psql", "pg_dump")), version_of)
    assert finder.first().versions["pg_restore"] is None
    assert finder.of_major(17) is None
    assert f"pg_dump 17.5 in {tmp_path}/bin, no pg_restore in {tmp_path}/bin" in finder.describe()


def test_a_given_directory_is_the_only_one(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="There is no psql in /nowhere"):
        ToolFinder("/nowhere", version_of).first()
