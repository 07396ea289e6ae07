# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""database_replica, database_cut and database_way_back as a test calls them, and what both servers have of it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.waba.migration.plugins.module_utils._fingerprint_hold import Place, release
from ansible_collections.waba.migration.plugins.modules import database_cut, database_replica, database_way_back
from fingerprint_module import server
from postgresql_cluster import MARKER, Cluster

NAME = "waba_migration_test"
CONTENT = """
CREATE TABLE messages (id bigserial PRIMARY KEY, body text);
CREATE INDEX ON messages (body);
INSERT INTO messages (body) SELECT md5(g::text) FROM generate_series(1, 5000) g;
CREATE TABLE settings (name text PRIMARY KEY, value text);
INSERT INTO settings VALUES ('a', '1');
CREATE SEQUENCE unused;
CREATE SEQUENCE ahead;
"""
WRITES = """
INSERT INTO messages (body) SELECT 'new' FROM generate_series(1, 5);
UPDATE messages SET body = 'changed' WHERE id % 500 = 0;
DELETE FROM messages WHERE id % 700 = 0;
UPDATE settings SET value = (value::bigint + 1)::text;
SELECT nextval('ahead');
"""


class ReplicaModules:
    """Runs the modules between two servers and returns what they say."""

    def __init__(self, source: Cluster, target: Cluster, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
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
            "owner": "wa",
            "marker": MARKER,
            "require_slot_limit": False,
            "timeout": 20,
            **options,
        }

    def cut(self, *databases: str, **options: Any) -> dict[str, Any]:
        return self._run(database_cut.main, {**self._common(databases), "idle_timeout": 1, **options})

    def way_back(self, state: str, *databases: str, **options: Any) -> dict[str, Any]:
        self._led_back = sorted({*self._led_back, *databases})
        return self._run(database_way_back.main, self.way_back_arguments(state, *databases, **options))

    def way_back_arguments(self, state: str, *databases: str, **options: Any) -> dict[str, Any]:
        return {**self._common(databases), "state": state, "require_slot_limit": False, "timeout": 20, **options}

    def follow(self, *databases: str) -> None:
        """Databases that are level."""
        for state in ("seeded", "following"):
            result = self(state, *databases)
            assert not result["failed"], result["msg"]
        assert result["state"] == "following"

    def left(self) -> dict[str, list[str]]:
        """What the servers themselves say that there is of it, and files and sessions of ours."""
        source, target = self.source, self.target
        names = [name for name in source.databases() if name.startswith("live_")]
        new_names = [name for name in target.databases() if name.startswith("live_")]
        ours = "SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'waba.migration%'"
        found = {
            "slots": source.sql("SELECT slot_name FROM pg_replication_slots"),
            "roles": source.sql("SELECT rolname FROM pg_roles WHERE rolreplication AND rolname <> 'postgres'"),
            "publications": [
                name for name in names for _each in source.sql("SELECT pubname FROM pg_publication", name)
            ],
            "subscriptions": target.sql("SELECT subname FROM pg_subscription"),
            "origins": target.sql("SELECT roname FROM pg_replication_origin"),
            "slots back": target.sql("SELECT slot_name FROM pg_replication_slots"),
            "roles back": target.sql("SELECT rolname FROM pg_roles WHERE rolreplication AND rolname <> 'postgres'"),
            "publications back": [
                name for name in new_names for _each in target.sql("SELECT pubname FROM pg_publication", name)
            ],
            "subscriptions back": source.sql("SELECT subname FROM pg_subscription"),
            "origins back": source.sql("SELECT roname FROM pg_replication_origin"),
            "hidden": [name for name in target.databases() if name.endswith(".incomplete")],
            "sessions": [*source.sql(ours), *target.sql(ours)],
            "files": [path.name for path in self.directory.rglob("waba-migration-*")],
        }
        return {what: things for what, things in found.items() if things}

    def remove(self) -> None:
        release(Place(str(self.hold_path)))
        if self._led_back:
            assert not self.way_back("absent", *self._led_back)["failed"]
        if self._databases:
            assert not self("abandoned", *self._databases)["failed"]

    def _common(self, databases: tuple[str, ...]) -> dict[str, Any]:
        return {
            "name": NAME,
            "source": server(self.source),
            "target": server(self.target),
            "databases": list(databases),
            "bin_directory": str(self.source.binaries),
            "_ansible_remote_tmp": str(self.directory),
            "_ansible_tmpdir": None,
        }

    def _run(self, main: Callable[[], None], arguments: dict[str, Any]) -> dict[str, Any]:
        self._capsys.readouterr()
        with patch_module_args(arguments), pytest.raises(SystemExit):
            main()
        result: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        return {"failed": False, "msg": "", **result}


@contextmanager
def writer(cluster: Cluster, names: list[str]) -> Iterator[None]:
    """A client that never stops writing."""
    stopped = threading.Event()

    def write(name: str) -> None:
        while not stopped.is_set():
            cluster.sql(WRITES, name)
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


def until(condition: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "what the test waits for did not happen"
        time.sleep(0.02)


@contextmanager
def meanwhile(action: Callable[[], object]) -> Iterator[None]:
    """Do something at the same time."""
    thread = threading.Thread(target=action)
    thread.start()
    try:
        yield
    finally:
        thread.join()


@contextmanager
def stuck(cluster: Cluster, database: str, statement: str) -> Iterator[None]:
    """A transaction that has run this statement and does not end."""

    def stay() -> None:
        with pytest.raises(AssertionError, match="canceling statement"):
            cluster.sql(f"BEGIN; {statement}; SELECT pg_sleep(61)", database)

    sleeping = "FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%pg_sleep(61)'"
    with meanwhile(stay):
        until(lambda: cluster.sql(f"SELECT pid {sleeping}"))
        yield
        cluster.sql(f"SELECT pg_cancel_backend(pid) {sleeping}")
