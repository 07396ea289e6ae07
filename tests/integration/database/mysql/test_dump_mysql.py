# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dumps of real databases of MySQL or MariaDB: complete and private, or not there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError, DumpRequest
from ansible_collections.waba.migration.plugins.module_utils._mysql import commands
from ansible_collections.waba.migration.plugins.module_utils._mysql.engine import MySQL
from mysql_server import DUMP, Instance, assert_same

Request = Callable[..., DumpRequest]

SMALL = "acme_small"
CONTENT = """
CREATE DATABASE acme_small CHARACTER SET latin1;
USE acme_small;
CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, f float, b longblob, u varchar(20) CHARACTER SET utf8mb4);
INSERT INTO t (f, b, u) VALUES (0.5, UNHEX('00ff27'), '🎉''');
CREATE VIEW v AS SELECT id FROM t;
CREATE FUNCTION twice(x int) RETURNS int DETERMINISTIC RETURN x * 2;
CREATE TRIGGER before_insert BEFORE INSERT ON t FOR EACH ROW SET NEW.u = COALESCE(NEW.u, 'set');
CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 03:00:00' DO DELETE FROM t;
"""


@pytest.fixture
def request_for(source: Instance, tmp_path: Path) -> Request:
    """A request to dump the named databases."""

    def make(*databases: str, **options: Any) -> DumpRequest:
        values: dict[str, Any] = {
            "server": source.server,
            "databases": list(databases),
            "directory": str(tmp_path / "dumps"),
            "free_space_factor": 1.5,
            "jobs": 2,
            "bin_directory": None,
            "temporary_directory": str(tmp_path),
            **options,
        }
        return DumpRequest(**values)

    return make


def test_dumps_can_be_restored(
    source: Instance, target: Instance, stores: list[str], request_for: Request, tmp_path: Path
) -> None:
    source.script(CONTENT)
    result = MySQL().dump(request_for(SMALL, *stores))

    assert [dump.name for dump in result.dumps] == [SMALL, *stores]
    assert result.plan.losses == [f"{DUMP} keeps six digits of FLOAT columns: acme_small.t.f"]
    assert [path.name for path in tmp_path.iterdir()] == ["dumps"]
    assert (tmp_path / "dumps").stat().st_mode & 0o7777 == 0o700
    for dump in result.dumps:
        content = Path(dump.path).read_bytes()
        assert (dump.bytes, dump.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert Path(dump.path).stat().st_mode & 0o7777 == 0o600
        target.restore(Path(dump.path))
        assert_same(source, target, dump.name)
    source.sql(f"DROP DATABASE {SMALL}")


def test_no_room(request_for: Request, stores: list[str], tmp_path: Path) -> None:
    request = request_for(*stores, free_space_factor=1e9)
    for attempt in (MySQL().plan_dump, MySQL().dump):
        with pytest.raises(DatabaseError, match=rf"^{tmp_path} has \d+ bytes free; \d+ are needed for dumps of 8 "):
            attempt(request)
    assert list(tmp_path.iterdir()) == []


def test_rights(source: Instance, request_for: Request, stores: list[str]) -> None:
    source.sql("CREATE USER dumper@'%' IDENTIFIED BY 'r'; GRANT SELECT ON `acme\\_waweb`.* TO dumper@'%'")
    server = replace(source.server, user="dumper", password="r")
    with pytest.raises(DatabaseError, match="dumper@% lacks SHOW VIEW, TRIGGER, EVENT, EXECUTE on acme_waweb"):
        MySQL().plan_dump(request_for("acme_waweb", server=server))
    source.sql("GRANT SHOW VIEW, TRIGGER, EVENT, EXECUTE ON `acme\\_waweb`.* TO dumper@'%'")
    MySQL().dump(request_for("acme_waweb", server=server))
    source.sql("DROP USER dumper@'%'")


def test_one_that_fails(
    request_for: Request, stores: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is shown, not even what was complete."""
    original = commands.dump_database

    def with_a_missing_one(tools: Any, options: str, database: str) -> list[str]:
        return original(tools, options, "acme_missing" if database == "acme_configStore" else database)

    monkeypatch.setattr(commands, "dump_database", with_a_missing_one)
    with pytest.raises(DatabaseError, match=rf"Dumping the database acme_configStore of .* failed: {DUMP} ended with"):
        MySQL().dump(request_for(*stores))
    assert list((tmp_path / "dumps").iterdir()) == []


def test_one_without_an_end(
    source: Instance, request_for: Request, stores: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dump program that is content with less. Its last line is the only proof of the end."""
    original = commands.dump_database

    def without_comments(*arguments: Any) -> list[str]:
        tool, options, *more = original(*arguments)
        return [tool, options, "--skip-comments", *more]

    monkeypatch.setattr(commands, "dump_database", without_comments)
    with pytest.raises(DatabaseError, match=r"The dump of the database acme_waweb of .* has no end"):
        MySQL().dump(request_for("acme_waweb"))
