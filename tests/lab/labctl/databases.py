# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's two database servers: accounts, foreign databases, and pristine copies to go back to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from typing import NamedTuple

from labctl import docker
from labctl.layout import ACME, Lab

PRISTINE_PREFIX = "lab_pristine_"
"""Copies of number A's databases. The name must not begin with the client's own prefix."""

FOREIGN_DATABASES = ("acme_archive", "acme2messageStore", "messageStore")
"""Belong to somebody else, although their names look alike."""

FOREIGN_OWNER = "somebody_else"

SCRAM_ITERATIONS = 4096
PSQL = (
    "psql",
    "--no-psqlrc",
    "--quiet",
    "--tuples-only",
    "--no-align",
    "--field-separator",
    "\t",
    "--dbname",
    "postgres",
)
LISTING = (
    "SELECT datname, pg_get_userbyid(datdba), pg_database_size(oid) FROM pg_database"
    " WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY datname"
)


class Database(NamedTuple):
    """One database of a server."""

    name: str
    owner: str
    size: int


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


def sql(lab: Lab, host: str, text: str, tried: str, database: str = "postgres") -> list[list[str]]:
    """Runs SQL as the server's superuser over its local socket; returns rows of unaligned text."""
    output = docker.execute(
        lab.container(host), "setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups",
        *PSQL, "--set", "ON_ERROR_STOP=1", "--dbname", database,
        tried=tried,
        stdin=text.encode(),
    )  # fmt: skip
    return rows_of(output)


def rows_of(output: str) -> list[list[str]]:
    """What psql printed, a list a line."""
    return [line.split("\t") for line in output.splitlines() if line]


def listed(rows: list[list[str]]) -> list[Database]:
    """The answer to LISTING."""
    return [Database(name, owner, int(size)) for name, owner, size in rows]


def databases(lab: Lab, host: str) -> list[Database]:
    """Every database but the server's own."""
    return listed(sql(lab, host, f"{LISTING};", tried=f"Listing the databases of {host}"))


def ensure_old_server(lab: Lab, secrets: dict[str, str]) -> None:
    """Number A's account, and databases that are none of its business."""
    user = ACME.database_user
    roles = sql(lab, "db-old", "SELECT rolname FROM pg_roles;", tried="Looking for number A's database account")
    if [user] not in roles:
        verifier = scram_verifier(secrets["acme_database_password"])
        sql(
            lab,
            "db-old",
            f"CREATE ROLE {quoted(user)} LOGIN CREATEDB PASSWORD '{verifier}';\n"
            f"CREATE ROLE {FOREIGN_OWNER} LOGIN PASSWORD '{scram_verifier(os.urandom(16).hex())}';",
            tried="Creating the accounts of db-old",
        )
    present = {database.name for database in databases(lab, "db-old")}
    for name in FOREIGN_DATABASES:
        if name in present:
            continue
        sql(
            lab,
            "db-old",
            f"CREATE DATABASE {quoted(name)} OWNER {FOREIGN_OWNER};",
            tried=f"Creating the foreign database {name}",
        )
        sql(
            lab,
            "db-old",
            "CREATE TABLE keep (id bigint PRIMARY KEY, note text NOT NULL);\n"
            "INSERT INTO keep SELECT n, 'not part of any move ' || n FROM generate_series(1, 100) AS n;",
            tried=f"Filling the foreign database {name}",
            database=name,
        )


def client_databases(lab: Lab) -> list[str]:
    """Number A's databases on db-old: those with its prefix that its account owns."""
    return [database.name for database in databases(lab, "db-old") if _is_acme(database)]


def _is_acme(database: Database) -> bool:
    return database.name.startswith(ACME.prefix) and database.owner == ACME.database_user


def keep_pristine(lab: Lab) -> list[str]:
    """Copies number A's databases aside. Its client must be stopped. Returns the databases' names."""
    names = client_databases(lab)
    kept = [database.name for database in databases(lab, "db-old") if database.name.startswith(PRISTINE_PREFIX)]
    statements = [_drop(name) for name in kept]
    statements += [_copy(name, PRISTINE_PREFIX + name, "postgres") for name in names]
    sql(lab, "db-old", "\n".join(statements), tried="Keeping pristine copies of number A's databases")
    return names


def restore_pristine(lab: Lab) -> None:
    """Replaces whatever number A has on db-old by the pristine copies."""
    found = databases(lab, "db-old")
    kept = [
        database.name.removeprefix(PRISTINE_PREFIX) for database in found if database.name.startswith(PRISTINE_PREFIX)
    ]
    statements = [
        _drop(database.name)
        for database in found
        if database.name not in FOREIGN_DATABASES and not database.name.startswith(PRISTINE_PREFIX)
    ]
    statements += [_copy(PRISTINE_PREFIX + name, name, ACME.database_user) for name in kept]
    sql(lab, "db-old", "\n".join(statements), tried="Bringing number A's databases back")


def drop_client_databases(lab: Lab) -> None:
    """Removes number A's databases, to set it up anew."""
    statements = [_drop(name) for name in client_databases(lab)]
    sql(lab, "db-old", "\n".join(statements), tried="Removing number A's databases")


def empty_new_server(lab: Lab) -> None:
    """Removes every database and account that a migration has left on db-new."""
    statements = [_drop(database.name) for database in databases(lab, "db-new")]
    roles = sql(
        lab,
        "db-new",
        "SELECT rolname FROM pg_roles WHERE rolname <> 'postgres' AND rolname NOT LIKE 'pg\\_%';",
        tried="Listing the accounts of db-new",
    )
    for (role,) in roles:
        statements += [f"DROP OWNED BY {quoted(role)} CASCADE;", f"DROP ROLE {quoted(role)};"]
    if statements:
        sql(lab, "db-new", "\n".join(statements), tried="Emptying db-new")


def _drop(name: str) -> str:
    return f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE);"


def _copy(source: str, target: str, owner: str) -> str:
    return f"CREATE DATABASE {quoted(target)} TEMPLATE {quoted(source)} OWNER {quoted(owner)} STRATEGY FILE_COPY;"
