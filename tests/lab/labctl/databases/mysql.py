# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MySQL and MariaDB: the pristine copy is one of the stopped server's data directory."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence

from labctl import docker
from labctl.databases.server import FOREIGN_OWNER, FOREIGN_ROWS, Database, Server, settings_of
from labctl.layout import ACME, MYSQL

SYSTEM_DATABASES = ("information_schema", "mysql", "performance_schema", "sys")
DATA = "/var/lib/mysql/data"
PRISTINE = "/var/lib/mysql/pristine"
PLUGINS = "SELECT CONCAT('the plugin ', PLUGIN_NAME), PLUGIN_STATUS FROM information_schema.PLUGINS"
BASE_TABLES = "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE';"
GROWING = frozenset(
    ("gtid_binlog_pos", "gtid_binlog_state", "gtid_current_pos", "gtid_executed", "gtid_purged", "gtid_slave_pos")
)
"""They are listed among the settings, and tell what has been written."""

FRESH_STATISTICS = "/*!80000 SET SESSION information_schema_stats_expiry = 0 */;\n"
"""MySQL alone remembers what it tells of tables for a day."""


CLIENTS = {"mysql": ("mysql", "--no-defaults"), "mariadb": ("mariadb", "--no-defaults", "--skip-ssl")}
"""MariaDB's would ask for a certificate even of a server on the same socket."""


def quoted(identifier: str) -> str:
    return "`" + identifier.replace("`", "``") + "`"


def pattern(name: str) -> str:
    """A name as GRANT reads it, where an underscore stands for any character."""
    return name.replace("_", "\\_")


def decoded(directory: str) -> str:
    """The database that a directory's name stands for."""
    return re.sub("@([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), directory)


def native_hash(password: str) -> str:
    """What MariaDB stores for a password, so that its statement log never sees the password."""
    return "*" + hashlib.sha1(hashlib.sha1(password.encode()).digest()).hexdigest().upper()  # noqa: S324 (its form)


def owner_of(name: str, grants: list[tuple[str, str]]) -> str:
    """The account that a database was granted to by its own name, or else by a pattern; empty when none was."""
    found = [(("%" in granted), user) for granted, user in grants if _matches(granted, name)]
    return min(found)[1] if found else ""


def _matches(granted: str, name: str) -> bool:
    parts = re.findall(r"\\.|.", granted)
    expression = "".join(".*" if part == "%" else "." if part == "_" else re.escape(part[-1]) for part in parts)
    return re.fullmatch(expression, name) is not None


class MySQL(Server):
    """A MySQL or MariaDB server."""

    def client(self, database: str) -> tuple[str, ...]:
        program = CLIENTS[self.engine.name]
        return (*program, "--batch", "--skip-column-names", *([database] if database else []))

    def missing(self) -> str:
        """Asks for an answer, not only for a port: while the data directory is made, another server holds none."""
        asked = docker.call(
            "exec", "-i", "--user", self.engine.system_user, self.container, *self.client(""), stdin=b"SELECT 1;"
        )
        return "" if asked.code == 0 else asked.complaint

    def databases(self) -> list[Database]:
        tried = f"Listing the databases of {self.host}"
        grants = [(granted, user) for granted, user in self._raw("SELECT Db, User FROM mysql.db;", tried)]
        own = [name for name in self.names() if name not in SYSTEM_DATABASES]
        sizes = self._sizes()
        return [Database(name, owner_of(name, grants), sizes[name]) for name in own]

    def _sizes(self) -> dict[str, int]:
        """Bytes on disk, by database. The server itself only estimates them."""
        listing = f"cd {DATA} && du --bytes --summarize -- */"
        output = self.as_system_user("bash", "-c", listing, tried=f"Measuring the databases of {self.host}")
        rows = (line.split("\t") for line in output.decode().splitlines())
        return {decoded(name.rstrip("/")): int(size) for size, name in rows}

    def _raw(self, text: str, tried: str) -> list[list[str]]:
        """Rows as they are: without it the client doubles every backslash."""
        output = self.as_system_user(*self.client(""), "--raw", tried=tried, stdin=text.encode())
        return [line.split("\t") for line in output.decode().splitlines()]

    def names(self) -> list[str]:
        rows = self.sql(
            "SELECT schema_name FROM information_schema.schemata ORDER BY schema_name;",
            f"Listing the databases of {self.host}",
        )
        return [name for (name,) in rows]

    def tables(self, database: str) -> list[str]:
        rows = self.sql(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE';",
            f"Listing the tables of {database}",
            database,
        )
        return [name for (name,) in rows]

    def counts(self, databases: Sequence[str]) -> dict[tuple[str, str], int]:
        tried = f"Counting the rows of {self.host}"
        tables = [(name, table) for name, table in self.sql(BASE_TABLES, tried) if name in databases]
        text = "".join(f"SELECT count(*) FROM {quoted(name)}.{quoted(table)};\n" for name, table in tables)  # noqa: S608 (quoted)
        return {place: int(count) for place, (count,) in zip(tables, self.sql(text, tried), strict=True)}

    def settings(self) -> dict[str, str]:
        tried = f"Reading the settings of {self.host}"
        known = settings_of(self.sql("SHOW GLOBAL VARIABLES;", tried))
        plugins = self.sql(f"{PLUGINS};", tried)
        return {name: value for name, value in known.items() if name not in GROWING} | settings_of(plugins)

    def ensure_accounts(self, secrets: dict[str, str]) -> None:
        user = ACME.database_user
        if [user] in self.sql("SELECT User FROM mysql.user;", "Looking for number A's database account"):
            return
        statements = self._create_account(user, secrets["acme_database_password"], f"{pattern(ACME.prefix)}%")
        statements += self._create_account(FOREIGN_OWNER, os.urandom(16).hex())
        self.sql("\n".join(statements), f"Creating the accounts of {self.host}")

    def _create_account(self, user: str, password: str, granted: str = "") -> list[str]:
        """MySQL keeps a password that it is told out of its logs."""
        secret = f"'{password}'" if self.engine is MYSQL else f"PASSWORD '{native_hash(password)}'"
        grants = [f"GRANT ALL PRIVILEGES ON {quoted(granted)}.* TO '{user}'@'%';"] if granted else []
        return [f"CREATE USER '{user}'@'%' IDENTIFIED BY {secret};", *grants]

    def create_foreign(self, name: str) -> None:
        place = quoted(name)
        self.sql(
            f"CREATE DATABASE {place} CHARACTER SET utf8mb4;\n"  # noqa: S608 (quoted)
            f"GRANT ALL PRIVILEGES ON {quoted(pattern(name))}.* TO '{FOREIGN_OWNER}'@'%';\n"
            f"CREATE TABLE {place}.keep (id bigint PRIMARY KEY, note text NOT NULL);\n"
            f"INSERT INTO {place}.keep WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n"
            f" WHERE n < {FOREIGN_ROWS}) SELECT n, CONCAT('not part of any move ', n) FROM n;",
            f"Creating the foreign database {name}",
        )

    def drop(self, names: list[str]) -> None:
        statements = [f"DROP DATABASE IF EXISTS {quoted(name)};" for name in names]
        self.sql("\n".join(statements), f"Removing databases of {self.host}")

    def keep_pristine(self) -> None:
        self.stop()
        self._replace(PRISTINE, DATA, "Keeping a pristine copy of the old databases")
        self.start()

    def restore_pristine(self) -> None:
        """All of the old server, since the copy is of all of it: accounts and foreign databases too."""
        self.stop("KILL")
        self._replace(DATA, PRISTINE, "Bringing the old databases back")
        self.start()

    def _replace(self, target: str, source: str, tried: str) -> None:
        docker.script(self.container, f"rm -rf {target}\ncp -a {source} {target}\n", tried=tried)

    def empty(self) -> None:
        """A server without its data directory makes a new one, which nothing that a migration did can survive."""
        self.stop("KILL")
        docker.script(self.container, f"rm -rf {DATA}\n", tried=f"Emptying {self.host}")
        self.start()
