# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: pristine copies are databases made from templates."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence

from labctl import docker
from labctl.databases.server import FOREIGN_DATABASES, FOREIGN_OWNER, FOREIGN_ROWS, Database, Server, settings_of
from labctl.layout import ACME
from labctl.waiting import wait_until

PRISTINE_PREFIX = "lab_pristine_"
"""Copies of number A's databases. The name must not begin with the client's own prefix."""

SCRAM_ITERATIONS = 4096
PSQL = ("psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--field-separator", "\t")
REPLICATION_ROLES = "SELECT rolname FROM pg_roles WHERE rolreplication AND rolname <> 'postgres';"
SUBSCRIPTIONS = "SELECT datname, subname FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid;"
SENDERS = "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active;"
SLOTS = "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active;"
SLOTS_LEFT = "SELECT slot_name FROM pg_replication_slots;"
SLOTS_SECONDS = 30
COUNT_ALL = r"""SELECT format('SELECT current_database(), %L, count(*) FROM %I.%I;', tablename, schemaname, tablename)
FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') \gexec"""
"""Writes a question for each table, and asks them."""
LISTING = (
    "SELECT datname, pg_get_userbyid(datdba), pg_database_size(oid) FROM pg_database"
    " WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY datname"
)


def scram_verifier(password: str, salt: bytes | None = None) -> str:
    """What PostgreSQL stores for a password (RFC 5803), so that the server's statement log never sees the password."""
    salt = os.urandom(16) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ITERATIONS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    stored = hashlib.sha256(client).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    encoded = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${SCRAM_ITERATIONS}:{encoded[0]}${encoded[1]}:{encoded[2]}"


def quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def in_each(databases: Sequence[str], text: str) -> str:
    """The same for each of these databases, by one client."""
    return "".join(f"\\connect {quoted(name)}\n{text}\n" for name in databases)


def listed(rows: list[list[str]]) -> list[Database]:
    """The answer to LISTING."""
    return [Database(name, owner, int(size)) for name, owner, size in rows]


class PostgreSQL(Server):
    """A PostgreSQL server."""

    def client(self, database: str) -> tuple[str, ...]:
        return (*PSQL, "--set", "ON_ERROR_STOP=1", "--dbname", database or "postgres")

    def missing(self) -> str:
        ready = docker.call("exec", self.container, "pg_isready", "--quiet", "--host", "127.0.0.1")
        return "" if ready.code == 0 else "it refuses connections"

    def databases(self) -> list[Database]:
        return listed(self.sql(f"{LISTING};", tried=f"Listing the databases of {self.host}"))

    def names(self) -> list[str]:
        rows = self.sql(
            "SELECT datname FROM pg_database ORDER BY datname;", tried=f"Listing the databases of {self.host}"
        )
        return [name for (name,) in rows]

    def tables(self, database: str) -> list[str]:
        rows = self.sql(
            "SELECT tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema');",
            tried=f"Listing the tables of {database}",
            database=database,
        )
        return [name for (name,) in rows]

    def counts(self, databases: Sequence[str]) -> dict[tuple[str, str], int]:
        rows = self.sql(in_each(databases, COUNT_ALL), tried=f"Counting the rows of {self.host}")
        return {(database, table): int(count) for database, table, count in rows}

    def settings(self) -> dict[str, str]:
        rows = self.sql("SELECT name, setting FROM pg_settings;", tried=f"Reading the settings of {self.host}")
        return settings_of(rows)

    def ensure_accounts(self, secrets: dict[str, str]) -> None:
        user = ACME.database_user
        if [user] in self.sql("SELECT rolname FROM pg_roles;", tried="Looking for number A's database account"):
            return
        verifier = scram_verifier(secrets["acme_database_password"])
        self.sql(
            f"CREATE ROLE {quoted(user)} LOGIN CREATEDB PASSWORD '{verifier}';\n"
            f"CREATE ROLE {FOREIGN_OWNER} LOGIN PASSWORD '{scram_verifier(os.urandom(16).hex())}';",
            tried=f"Creating the accounts of {self.host}",
        )

    def create_foreign(self, name: str) -> None:
        self.sql(
            f"CREATE DATABASE {quoted(name)} OWNER {FOREIGN_OWNER};", tried=f"Creating the foreign database {name}"
        )
        self.sql(
            "CREATE TABLE keep (id bigint PRIMARY KEY, note text NOT NULL);\n"  # noqa: S608 (of constants)
            f"INSERT INTO keep SELECT n, 'not part of any move ' || n FROM generate_series(1, {FOREIGN_ROWS}) AS n;",
            tried=f"Filling the foreign database {name}",
            database=name,
        )

    def drop(self, names: list[str]) -> None:
        self.sql("\n".join(map(_drop, names)), tried=f"Removing databases of {self.host}")

    def keep_pristine(self) -> None:
        kept = [database.name for database in self.databases() if database.name.startswith(PRISTINE_PREFIX)]
        statements = [_drop(name) for name in kept]
        statements += [_copy(name, PRISTINE_PREFIX + name, "postgres") for name in self.client_databases()]
        self.sql("\n".join(statements), tried="Keeping pristine copies of number A's databases")

    def end_replication(self) -> None:
        """No database can be dropped that follows, or that another one follows."""
        for database, name in self.sql(SUBSCRIPTIONS, tried=f"Listing the subscriptions of {self.host}"):
            self.sql(
                f"ALTER SUBSCRIPTION {quoted(name)} DISABLE;\n"
                f"ALTER SUBSCRIPTION {quoted(name)} SET (slot_name = NONE);\n"
                f"DROP SUBSCRIPTION {quoted(name)};",
                tried=f"Removing the subscription of {database}",
                database=database,
            )
        wait_until(
            self._drop_slots,
            tried=f"Removing the slots of {self.host}",
            timeout=SLOTS_SECONDS,
            remedy="Look at pg_stat_replication there for who uses them.",
        )

    def _drop_slots(self) -> str:
        """Which of them are left. Who follows may come back once more."""
        tried = f"Removing the slots of {self.host}"
        left = self.sql(SLOTS_LEFT, tried=tried)
        if left:
            self.sql(f"{SENDERS}\n{SLOTS}", tried=tried)
        return ", ".join(name for (name,) in left)

    def restore_pristine(self) -> None:
        self.end_replication()
        found = self.databases()
        kept = [
            database.name.removeprefix(PRISTINE_PREFIX)
            for database in found
            if database.name.startswith(PRISTINE_PREFIX)
        ]
        statements = [
            _drop(database.name)
            for database in found
            if database.name not in FOREIGN_DATABASES and not database.name.startswith(PRISTINE_PREFIX)
        ]
        statements += [_copy(PRISTINE_PREFIX + name, name, ACME.database_user) for name in kept]
        roles = self.sql(REPLICATION_ROLES, tried=f"Listing the accounts of {self.host}")
        statements += [f"DROP ROLE {quoted(role)};" for (role,) in roles]
        self.sql("\n".join(statements), tried="Bringing number A's databases back")

    def empty(self) -> None:
        self.end_replication()
        statements = [_drop(database.name) for database in self.databases()]
        roles = self.sql(
            "SELECT rolname FROM pg_roles WHERE rolname <> 'postgres' AND rolname NOT LIKE 'pg\\_%';",
            tried=f"Listing the accounts of {self.host}",
        )
        for (role,) in roles:
            statements += [f"DROP OWNED BY {quoted(role)} CASCADE;", f"DROP ROLE {quoted(role)};"]
        if statements:
            self.sql("\n".join(statements), tried=f"Emptying {self.host}")


def _drop(name: str) -> str:
    return f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE);"


def _copy(source: str, target: str, owner: str) -> str:
    return f"CREATE DATABASE {quoted(target)} TEMPLATE {quoted(source)} OWNER {quoted(owner)} STRATEGY FILE_COPY;"
