# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of replication as a test calls them, and what both servers of MySQL or MariaDB have of it."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.waba.migration.plugins.module_utils._fingerprint_hold import Place, release
from ansible_collections.waba.migration.plugins.modules import (
    database_cut,
    database_info,
    database_replica,
    database_way_back,
)
from mysql_server import MARIADB, MARKER, PASSWORD, Instance
from replica_module import NAME

NUMBERS = "WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 900)"
CONTENT = f"""
CREATE TABLE messages (id bigint AUTO_INCREMENT PRIMARY KEY, body text, KEY (body(20))) AUTO_INCREMENT = 10;
INSERT INTO messages (body) {NUMBERS} SELECT SHA2(n, 256) FROM s;
CREATE TABLE settings (name varchar(20) PRIMARY KEY, value int);
INSERT INTO settings VALUES ('a', 1);
CREATE TABLE ahead (id int AUTO_INCREMENT PRIMARY KEY);
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent int, FOREIGN KEY (parent) REFERENCES parent (id) ON DELETE CASCADE);
INSERT INTO parent VALUES (1), (2);
INSERT INTO child VALUES (1, 1), (2, 2);
"""
WRITES = """
START TRANSACTION;
INSERT INTO messages (body) VALUES ('new'), ('new'), ('new');
UPDATE messages SET body = 'changed' WHERE id % 100 = 0;
DELETE FROM messages WHERE id % 170 = 0;
UPDATE settings SET value = value + 1;
INSERT INTO ahead VALUES (NULL);
DELETE FROM ahead;
COMMIT;
"""


class ReplicaModules:
    """Runs the modules between two servers and returns what they say."""

    def __init__(self, source: Instance, target: Instance, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.source = source
        self.target = target
        self.directory = directory
        self._capsys = capsys
        self._databases: list[str] = []
        self._led_back: list[str] = []

    @property
    def hold_path(self) -> Path:
        return self.directory / "hold"

    def __call__(self, state: str, *databases: str, **options: Any) -> dict[str, Any]:
        self._databases = sorted({*self._databases, *databases})
        return self._run(database_replica.main, self.arguments(state, *databases, **options))

    def arguments(self, state: str, *databases: str, **options: Any) -> dict[str, Any]:
        return {
            **self._common(databases),
            "state": state,
            "owner": "acme",
            "marker": MARKER,
            "require_own_log": False,
            "timeout": 20,
            **options,
        }

    def cut(self, *databases: str, **options: Any) -> dict[str, Any]:
        return self._run(database_cut.main, {**self._common(databases), "idle_timeout": 1, **options})

    def way_back(self, state: str, *databases: str, **options: Any) -> dict[str, Any]:
        self._led_back = sorted({*self._led_back, *databases})
        return self._run(database_way_back.main, {**self._common(databases), "state": state, "timeout": 20, **options})

    def info(self, **options: Any) -> dict[str, Any]:
        return self._run(
            database_info.main, {"engine": "mysql", **server(self.source), **self._directories(), **options}
        )

    def follow(self, *databases: str) -> None:
        """Databases that are level."""
        for state in ("seeded", "following"):
            result = self(state, *databases)
            assert not result["failed"], result["msg"]
        assert result["state"] == "following"

    def left(self) -> dict[str, list[str]]:
        """What the servers themselves say that there is of it, and files and sessions of ours."""
        source, target = self.source, self.target
        accounts = f"SELECT CONCAT(User, '@', Host) FROM mysql.user WHERE User LIKE '{NAME}%'"
        grants = "SELECT Db FROM mysql.db WHERE Db LIKE '%incomplete'"
        tables = target.sql("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'waba_migration'")
        found = {
            "accounts": source.sql(accounts),
            "senders": source.sql("SELECT USER FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'"),
            "appliers": target.sql(accounts),
            "grants": target.sql(grants),
            "channels": channels(target),
            "filters": filters(target),
            "noted": target.sql("SELECT copy FROM waba_migration.replicas") if "replicas" in tables else [],
            "senders back": target.sql(
                "SELECT USER FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'"
            ),
            "channels back": channels(source),
            "filters back": filters(source),
            "noted back": target.sql("SELECT led_back FROM waba_migration.ways_back") if "ways_back" in tables else [],
            "hidden": [name for name in target.databases() if name.endswith(".incomplete")],
            "files": [path.name for path in self.directory.rglob("waba-migration-*")],
        }
        return {what: things for what, things in found.items() if things}

    def remove(self) -> None:
        release(Place(str(self.hold_path)))
        if self._led_back:
            assert not self.way_back("absent", *self._led_back)["failed"]
        if self._databases:
            result = self("abandoned", *self._databases)
            assert not result["failed"], result["msg"]

    def _common(self, databases: tuple[str, ...]) -> dict[str, Any]:
        return {
            "engine": "mysql",
            "name": NAME,
            "source": server(self.source),
            "target": server(self.target),
            "databases": list(databases),
            **self._directories(),
        }

    def _directories(self) -> dict[str, Any]:
        return {"_ansible_remote_tmp": str(self.directory), "_ansible_tmpdir": None}

    def _run(self, main: Callable[[], None], arguments: dict[str, Any]) -> dict[str, Any]:
        self._capsys.readouterr()
        with patch_module_args(arguments), pytest.raises(SystemExit):
            main()
        result: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        return {"failed": False, "msg": "", **result}


def server(instance: Instance) -> dict[str, Any]:
    return {
        "login_host": "127.0.0.1",
        "login_port": instance.port,
        "login_user": "root",
        "login_password": PASSWORD,
        "ca_path": str(instance.certificate),
    }


def channels(instance: Instance) -> list[str]:
    if MARIADB:
        return [line.split("\t")[0] for line in instance.sql("SHOW ALL SLAVES STATUS")]
    return instance.sql("SELECT CHANNEL_NAME FROM performance_schema.replication_connection_configuration")


def filters(instance: Instance) -> list[str]:
    """Those of a channel that is there no more, and those of the whole server."""
    if MARIADB:
        values = instance.sql(f"SELECT @@{NAME}.replicate_do_db, @@global.replicate_do_db")
        return [value for value in values[0].split("\t") if value not in ("", "NULL")]
    return instance.sql("SELECT DISTINCT CHANNEL_NAME FROM performance_schema.replication_applier_filters")


@contextmanager
def writer(instance: Instance, names: list[str]) -> Iterator[None]:
    """A client that never stops writing."""
    stopped = threading.Event()

    def write(name: str) -> None:
        while not stopped.is_set():
            instance.sql(WRITES, name)
            time.sleep(0.02)

    threads = [threading.Thread(target=write, args=[name]) for name in names]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


@contextmanager
def stuck(instance: Instance, database: str, statement: str) -> Iterator[None]:
    """A session that has run this statement and keeps what it has locked."""
    argv = instance.client_arguments(database)
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as session:
        assert session.stdin
        assert session.stdout
        session.stdin.write(f"{statement};\nSELECT 1;\n".encode())
        session.stdin.flush()
        session.stdout.readline()
        yield


def restart(instance: Instance) -> None:
    instance.stop()
    instance.start()
