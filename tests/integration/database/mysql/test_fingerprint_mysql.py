# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""database_fingerprint between real servers: whatever differs is named, also while the new client writes."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.waba.migration.plugins.module_utils._database import CopyRequest, CopyResult
from ansible_collections.waba.migration.plugins.modules import database_copy, database_fingerprint
from background_copy import until
from mysql_server import MARKER, PASSWORD, Instance

TWIN = "acme_twin"
NUMBERS = "WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 900) SELECT"
POINT = "ST_GeomFromText('POINT(1 2)')"
# Their text is more than the smallest max_allowed_packet.
MANY_COLUMNS = ", ".join(f"t{number} text" for number in range(140))
MANY_VALUES = ", ".join(["REPEAT('x', 4095)"] * 140)
CONTENT = [
    "SET SESSION sql_mode = 'ALLOW_INVALID_DATES'",
    f"CREATE DATABASE {TWIN} CHARACTER SET utf8mb4",
    f"USE {TWIN}",
    """CREATE TABLE messages (
      id bigint AUTO_INCREMENT PRIMARY KEY, a text, b varchar(90), f float, d double, n decimal(20, 5), j json, k blob,
      bi bit(9), e enum('x', 'o''k'), s set('a', 'b'), dt datetime(6), ts timestamp NULL, z date, t time(3), y year,
      latin varchar(20) CHARACTER SET latin1, wide varchar(20) CHARACTER SET utf16, p point, vb varbinary(20),
      g int GENERATED ALWAYS AS (length(b)) STORED, `odd ``name` int)""",
    "INSERT INTO messages (a, b, f, d, n, j, k, bi, e, s, dt, ts, z, t, y, latin, wide, p, vb) "
    f"""{NUMBERS} CONCAT('a', n), IF(n % 3 = 0, '', NULL), n / 7, 0.1e0 * n, n, '{{"z": [1, null, "é"]}}',
      UNHEX(SHA2(n, 256)), b'101', 'o''k', 'a,b', '2026-11-24 01:02:03.123456', '2026-11-24 01:02:03', '0000-00-00',
      '-12:00:00.5', 2026, 'Ä', '😀', {POINT}, x'00ff27' FROM s""",
    "CREATE TABLE log (t text)",
    "INSERT INTO log VALUES ('twice'), ('twice')",
    "CREATE TABLE large (id int, a longtext, k longblob)",
    "INSERT INTO large VALUES (1, REPEAT('x', 900000), REPEAT(x'00', 900000))",
    "CREATE TABLE counted (id int AUTO_INCREMENT PRIMARY KEY)",
    "CREATE VIEW seen AS SELECT 1 AS one",
]


class Fingerprint:
    """Runs the module between two servers and returns what it says."""

    def __init__(self, source: Instance, target: Instance, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._servers = {"source": source, "target": target}
        self._directory = directory
        self._capsys = capsys

    def __call__(self, state: str, *databases: str, **options: Any) -> dict[str, Any]:
        arguments = {
            "engine": "mysql",
            "state": state,
            **{side: server(instance) for side, instance in self._servers.items()},
            "databases": list(databases),
            "hold_path": str(self._directory / "hold"),
            "_ansible_remote_tmp": str(self._directory),
            "_ansible_tmpdir": None,
            **options,
        }
        self._capsys.readouterr()
        with patch_module_args(arguments), pytest.raises(SystemExit):
            database_fingerprint.main()
        result: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        return {"failed": False, "msg": "", **result}

    def copy_and_hold(self, *databases: str) -> dict[str, Any]:
        """database_copy, which takes the snapshots as its last act."""
        arguments = {
            "engine": "mysql",
            **{side: server(instance) for side, instance in self._servers.items()},
            "databases": list(databases),
            "owner": "acme",
            "marker": MARKER,
            "replace_marker": MARKER,
            "hold_path": str(self._directory / "hold"),
            "_ansible_remote_tmp": str(self._directory),
            "_ansible_tmpdir": None,
        }
        self._capsys.readouterr()
        with patch_module_args(arguments), pytest.raises(SystemExit):
            database_copy.main()
        result: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        assert not result.get("failed"), result
        return result

    def left_behind(self) -> list[str]:
        """Files of the module and sessions of its tools."""
        question = "SELECT DB FROM information_schema.PROCESSLIST WHERE DB LIKE 'acme%'"
        sessions = [line for instance in self._servers.values() for line in instance.sql(question)]
        files = [path.name for path in self._directory.rglob("*") if path.name in ("hold",) or path.suffix == ".cnf"]
        return [*sessions, *files]


def server(instance: Instance) -> dict[str, Any]:
    return {
        "login_host": "127.0.0.1",
        "login_port": instance.port,
        "login_user": "root",
        "login_password": PASSWORD,
        "ca_path": str(instance.certificate),
    }


@pytest.fixture
def fingerprint(
    source: Instance, target: Instance, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[Fingerprint]:
    """Whatever a test held is released."""
    module = Fingerprint(source, target, tmp_path, capsys)
    yield module
    module("released")


@pytest.fixture(scope="module")
def original(source: Instance) -> Iterator[None]:
    source.sql("; ".join(CONTENT))
    yield
    source.sql(f"DROP DATABASE {TWIN}")


@pytest.fixture
def twin(original: None, target: Instance) -> Instance:
    """The same database on both servers."""
    target.sql("; ".join(CONTENT))
    return target


@contextmanager
def writer(instance: Instance) -> Iterator[None]:
    """A client that never stops writing."""
    statement = (
        "INSERT INTO messages (a) VALUES ('new'); UPDATE messages SET a = CONCAT(a, '!') WHERE id % 50 = 0; "
        "DELETE FROM messages WHERE id % 70 = 0; UPDATE log SET t = 'changed'; INSERT INTO counted VALUES ()"
    )
    stopped = threading.Event()

    def write() -> None:
        while not stopped.is_set():
            instance.sql(statement, TWIN)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def test_equal_as_it_was_before_the_first_write(twin: Instance, fingerprint: Fingerprint) -> None:
    held = fingerprint("held", TWIN)
    assert not held["failed"], held["msg"]
    with writer(twin):
        until(lambda: twin.sql("SELECT COUNT(*) FROM counted", TWIN) != ["0"])
        result = fingerprint("compared", TWIN)
    assert not result["failed"], result["msg"]
    assert result["databases"] == [{"name": TWIN, "tables": 4, "rows": 903, "equal": True, "differences": []}]
    assert fingerprint.left_behind() == []
    now = fingerprint("compared", TWIN, require_held=False)
    assert "AUTO_INCREMENT of table counted stands at 1 on the source and at " in now["msg"]


MESSAGES = "table messages has 900 rows on both, but not the same ones"
MUTATIONS = {
    "a changed byte": ("UPDATE messages SET k = INSERT(k, 5, 1, x'00') WHERE id = 500", MESSAGES),
    "a dropped row": (
        "DELETE FROM messages WHERE id = 7",
        "table messages has 900 rows on the source and 899 on the target",
    ),
    "values swapped between two rows": (
        "UPDATE messages SET a = CONCAT('a', 3 - id) WHERE id IN (1, 2)",
        MESSAGES,
    ),
    "nothing instead of an empty text": ("UPDATE messages SET b = NULL WHERE id = 3", MESSAGES),
    "an empty text instead of nothing": ("UPDATE messages SET b = '' WHERE id = 1", MESSAGES),
    "the mark for nothing": ("UPDATE messages SET b = '-' WHERE id = 1", MESSAGES),
    "another case": ("UPDATE messages SET a = 'A1' WHERE id = 1", MESSAGES),
    "another accent": ("UPDATE messages SET latin = 'A' WHERE id = 1", MESSAGES),
    "another emoji": ("UPDATE messages SET wide = '😁' WHERE id = 1", MESSAGES),
    "a digit that the server does not show": ("UPDATE messages SET f = 0.142857 WHERE id = 1", MESSAGES),
    "the last digit of a number": ("UPDATE messages SET d = 0.10000000000000002e0 WHERE id = 1", MESSAGES),
    "a bit": ("UPDATE messages SET bi = b'100' WHERE id = 1", MESSAGES),
    "a value in a document": ("""UPDATE messages SET j = '{"z": [1, null, "e"]}' WHERE id = 1""", MESSAGES),
    "a coordinate": ("UPDATE messages SET p = ST_GeomFromText('POINT(1 3)') WHERE id = 1", MESSAGES),
    "a NUL at the end": ("UPDATE messages SET vb = x'00ff2700' WHERE id = 1", MESSAGES),
    "another date that is none": (
        "SET SESSION sql_mode = ''; UPDATE messages SET z = '2026-00-00' WHERE id = 1",
        MESSAGES,
    ),
    "another pair of equal rows": ("UPDATE log SET t = 'both'", "table log has 2 rows on both, but not the same ones"),
    "the last byte of a large value": (
        "UPDATE large SET k = CONCAT(LEFT(k, 899999), 'x')",
        "table large has 1 rows on both, but not the same ones",
    ),
    "another column type": (
        "ALTER TABLE log MODIFY t mediumtext",
        "table log has the columns t text on the source and t mediumtext on the target",
    ),
    "a missing table": ("DROP TABLE log", "table log is only on the source"),
    "one more table": ("CREATE TABLE more (id int)", "table more is only on the target"),
    "a shifted counter": (
        "ALTER TABLE counted AUTO_INCREMENT = 9",
        "AUTO_INCREMENT of table counted stands at 1 on the source and at 9 on the target",
    ),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_differences_are_named(mutation: str, twin: Instance, fingerprint: Fingerprint) -> None:
    statement, sentence = MUTATIONS[mutation]
    twin.sql(statement, TWIN)
    result = fingerprint("compared", TWIN, require_held=False)
    assert result["failed"]
    assert f"{TWIN}: {sentence}." in result["msg"]
    assert [difference["text"] for difference in result["databases"][0]["differences"]] == [sentence]


def test_the_client_is_not_kept_from_anything(twin: Instance, fingerprint: Fingerprint) -> None:
    fingerprint("held", TWIN)
    twin.sql("SET SESSION lock_wait_timeout = 2; ALTER TABLE log ADD COLUMN more int; TRUNCATE log", TWIN)
    assert "Table definition has changed" in fingerprint("compared", TWIN)["msg"]


def test_killed_holder(twin: Instance, fingerprint: Fingerprint) -> None:
    held = fingerprint("held", TWIN)
    os.kill(held["held"]["pid"], signal.SIGKILL)
    until(lambda: fingerprint.left_behind() == ["hold"])
    assert "held it is gone; something killed it" in fingerprint("compared", TWIN)["msg"]


def test_row_that_cannot_be_hashed(twin: Instance, fingerprint: Fingerprint) -> None:
    """Never taken for equal: a function whose result is too large gives nothing."""
    limit = twin.sql("SELECT @@global.max_allowed_packet")[0]
    twin.sql(f"CREATE TABLE broad ({MANY_COLUMNS}); INSERT INTO broad VALUES ({MANY_VALUES})", TWIN)
    twin.sql("SET GLOBAL max_allowed_packet = 1048576")
    try:
        result = fingerprint("read", TWIN)
    finally:
        twin.sql(f"SET GLOBAL max_allowed_packet = {limit}")
    assert result["failed"]
    assert f"The table broad of the database {TWIN} on 127.0.0.1:{twin.port} has a row that cannot be" in result["msg"]


def test_after_a_copy(
    source: Instance,
    target: Instance,
    stores: list[str],
    request_for: Callable[..., CopyRequest],
    copy: Callable[[CopyRequest], CopyResult],
    fingerprint: Fingerprint,
) -> None:
    copy(request_for(*stores))
    result = fingerprint("compared", *stores, require_held=False)
    assert not result["failed"], result["msg"]
    assert sum(database["rows"] for database in result["databases"]) == 23200


def test_held_by_the_copy(target: Instance, stores: list[str], fingerprint: Fingerprint) -> None:
    """As it was before the client's first write. A second copy gives up what the first one held and replaces it."""
    held = [fingerprint.copy_and_hold(*stores)["held"] for _attempt in range(2)]
    assert held[0]["pid"] != held[1]["pid"]
    assert (held[1]["server"], held[1]["databases"]) == (str(target.server), stores)
    target.sql("DELETE FROM messages", "acme_messageStore")
    result = fingerprint("compared", *stores)
    assert not result["failed"], result["msg"]
    assert sum(database["rows"] for database in result["databases"]) == 23200
    assert fingerprint.left_behind() == []
