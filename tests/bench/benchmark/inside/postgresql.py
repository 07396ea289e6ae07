# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two PostgreSQL servers."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from postgresql_cluster import PASSWORD, Cluster, new_cluster

from benchmark.inside.data import DATABASES, TABLES, batches
from benchmark.inside.rig import JOBS
from benchmark.inside.steps import Step

# Stock settings but for what has databases follow, and what the tests' servers leave to luck.
SETTINGS = {"fsync": "on", "max_connections": "100", "max_replication_slots": "20", "max_wal_senders": "20"}
OLD = {"wal_level": "logical", "max_slot_wal_keep_size": "20GB"}
NEW = {"max_worker_processes": "24", "max_logical_replication_workers": "12"}


class PostgreSQLRig:
    """Both servers, below one directory."""

    engine = "postgresql"
    owner = "wa"

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._old = new_cluster(directory / "old", None, True, **SETTINGS, **OLD)
        self._new: Cluster | None = None

    def fill(self, gigabytes: float) -> None:
        for table in TABLES:
            self._old.sql(f'CREATE DATABASE "{table.database}"')
            self._old.sql(f"CREATE TABLE {table.name} (id bigserial PRIMARY KEY, {table.columns})", table.database)
            values = table.values.format(hash="md5(n::text) || md5('b' || n)")
            for first, last in batches(table.rows(gigabytes)):
                self._old.sql(
                    f"INSERT INTO {table.name} SELECT nextval('{table.name}_id_seq'), {values} "
                    f"FROM generate_series({first}, {last}) n",
                    table.database,
                )
            for index in table.indexes:
                self._old.sql(index, table.database)
            self._old.sql("VACUUM ANALYZE", table.database)

    def bytes_on_disk(self) -> int:
        return sum(int(self._old.sql("SELECT pg_database_size(current_database())", name)[0]) for name in DATABASES)

    def releases(self) -> dict[str, str]:
        return {"server": self._old.sql("SHOW server_version")[0]}

    def new_target(self) -> None:
        self._drop_new()
        self._new = new_cluster(self._directory / "new", None, True, **SETTINGS, **NEW)
        self._new.sql("CREATE ROLE wa LOGIN")

    def stop(self) -> None:
        self._drop_new()
        self._old.stop()

    def settle(self) -> None:
        self._old.sql("CHECKPOINT")

    def ask(self, new: bool, database: str, statement: str) -> str:
        return self._cluster(new).sql(statement, database)[0]

    def address(self, new: bool) -> dict[str, Any]:
        cluster = self._cluster(new)
        place = {"host": "127.0.0.1", "port": cluster.port, "user": "postgres", "password": PASSWORD}
        return {"driver": "psycopg2", **place, "ca": str(cluster.certificate)}

    def module_server(self, new: bool) -> dict[str, Any]:
        cluster = self._cluster(new)
        place = {"login_host": "127.0.0.1", "login_port": cluster.port, "login_user": "postgres"}
        return {**place, "login_password": PASSWORD, "ca_path": str(cluster.certificate)}

    def module_options(self) -> dict[str, Any]:
        return {"bin_directory": str(self._old.binaries)}

    def guide(self, directory: Path) -> list[Step]:
        steps = [
            Step("dump", ["pg_dump", *self._at(False), name], self._environment, writes=directory / f"{name}.sql")
            for name in DATABASES
        ]
        for name in DATABASES:
            steps += [
                self._create("restore", name),
                Step("restore", ["psql", "-X", *self._at(True), name], self._environment, directory / f"{name}.sql"),
            ]
        return steps

    def peer(self, directory: Path) -> list[Step]:
        """pgcopydb, which copies one database at a time. Like ours it does not vacuum what it has copied."""
        steps = []
        for name in DATABASES:
            places = [f"postgresql://postgres@127.0.0.1:{self._cluster(new).port}/{name}" for new in (False, True)]
            options = ["--table-jobs", str(JOBS), "--index-jobs", str(JOBS), "--skip-vacuum", "--dir", directory / name]
            command = ["pgcopydb", "clone", "--source", places[0], "--target", places[1], *map(str, options)]
            steps += [self._create("copy", name), Step("copy", command, self._environment)]
        return steps

    @property
    def _environment(self) -> dict[str, str]:
        return {"PGPASSWORD": PASSWORD}

    def _create(self, part: str, name: str) -> Step:
        return Step(part, ["createdb", *self._at(True), name], self._environment)

    def _at(self, new: bool) -> list[str]:
        return ["-h", "127.0.0.1", "-p", str(self._cluster(new).port), "-U", "postgres"]

    def _cluster(self, new: bool) -> Cluster:
        if not new:
            return self._old
        assert self._new
        return self._new

    def _drop_new(self) -> None:
        if self._new:
            self._new.stop()
            shutil.rmtree(self._new.directory)
            self._new = None
