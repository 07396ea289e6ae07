# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two MySQL or MariaDB servers."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mysql_server import CLIENT, DUMP, MARIADB, PASSWORD, Instance, new_instance

from benchmark.inside.data import DATABASES, ROWS, TABLES, batches
from benchmark.inside.rig import JOBS
from benchmark.inside.steps import Step

# The tests' servers do not wait for the disk. These are the stock settings again.
STOCK = ["--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=128M"]
STOCK += ["--sync-binlog=0"] if MARIADB else ["--sync-binlog=1", "--innodb-doublewrite=ON"]
# MySQL logs changes, row by row, unless told otherwise. MariaDB has to be told.
LOGGED = ["--log-bin=binary", "--binlog-format=ROW"] if MARIADB else []
DEEP = "max_recursive_iterations" if MARIADB else "cte_max_recursion_depth"
NUMBERS = "WITH RECURSIVE s (n) AS (SELECT {} UNION ALL SELECT n + 1 FROM s WHERE n < {}) "


class MySQLRig:
    """Both servers, below one directory."""

    engine = "mysql"
    owner = "acme"

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._old = new_instance(directory / "old", 1, *STOCK, *LOGGED)
        self._new: Instance | None = None

    def fill(self, gigabytes: float) -> None:
        for table in TABLES:
            self._old.sql(f"CREATE DATABASE {table.database} CHARACTER SET utf8mb4")
            self._old.sql(
                f"CREATE TABLE {table.name} (id bigint AUTO_INCREMENT PRIMARY KEY, {table.columns})", table.database
            )
            # As long as PostgreSQL's.
            values = table.values.format(hash="SHA2(n, 256)")
            for first, last in batches(table.rows(gigabytes)):
                self._old.sql(
                    f"SET sql_log_bin = 0; SET {DEEP} = {ROWS + 1}; "
                    f"INSERT INTO {table.name} {NUMBERS.format(first, last)} SELECT n, {values} FROM s",
                    table.database,
                )
            for index in table.indexes:
                self._old.sql(f"SET sql_log_bin = 0; {index}", table.database)
            self._old.sql(f"ANALYZE NO_WRITE_TO_BINLOG TABLE {table.name}", table.database)

    def bytes_on_disk(self) -> int:
        return sum(
            path.stat().st_size for name in DATABASES for path in (self._old.directory / "data" / name).glob("*.ibd")
        )

    def releases(self) -> dict[str, str]:
        return {"server": self._old.sql("SELECT VERSION()")[0]}

    def new_target(self) -> None:
        self._drop_new()
        self._new = new_instance(self._directory / "new", 2, *STOCK, *LOGGED)

    def stop(self) -> None:
        self._drop_new()
        self._old.stop()

    def settle(self) -> None:
        self._old.sql("FLUSH LOGS")

    def ask(self, new: bool, database: str, statement: str) -> str:
        return self._instance(new).sql(statement, database)[0]

    def address(self, new: bool) -> dict[str, Any]:
        instance = self._instance(new)
        place = {"host": "127.0.0.1", "port": instance.port, "user": "root", "password": PASSWORD}
        return {"driver": "pymysql", **place, "ca": str(instance.certificate)}

    def module_server(self, new: bool) -> dict[str, Any]:
        instance = self._instance(new)
        place = {"login_host": "127.0.0.1", "login_port": instance.port, "login_user": "root"}
        return {**place, "login_password": PASSWORD, "ca_path": str(instance.certificate)}

    def module_options(self) -> dict[str, Any]:
        return {}

    def guide(self, directory: Path) -> list[Step]:
        dump = directory / "dump.sql"
        return [
            Step("dump", [DUMP, self._options(directory, False), "--databases", *DATABASES], writes=dump),
            Step("restore", [CLIENT, self._options(directory, True)], reads=dump),
        ]

    def peer(self, directory: Path) -> list[Step]:
        dump = str(directory / "dump")

        def command(tool: str, new: bool, more: Sequence[str]) -> list[str]:
            options = self._options(directory, new)
            return [tool, options, "--threads", str(JOBS), "--ssl", *more]

        return [
            Step("dump", command("mydumper", False, ["--outputdir", dump, "--regex", "^acme_"])),
            Step("restore", command("myloader", True, ["--directory", dump])),
        ]

    def _options(self, directory: Path, new: bool) -> str:
        """A file with the way in, as an operator has it, since passwords are on no command line."""
        instance = self._instance(new)
        path = directory / ("new.cnf" if new else "old.cnf")
        password = PASSWORD.replace("\\", "\\\\").replace('"', '\\"')
        lines = ["host=127.0.0.1", f"port={instance.port}", "user=root", f'password="{password}"']
        path.touch(mode=0o600)
        path.write_text("\n".join(["[client]", *lines, f"ssl-ca={instance.certificate}", ""]), encoding="utf-8")
        return f"--defaults-file={path}"

    def _instance(self, new: bool) -> Instance:
        if not new:
            return self._old
        assert self._new
        return self._new

    def _drop_new(self) -> None:
        if self._new:
            self._new.stop()
            shutil.rmtree(self._new.directory)
            self._new = None
