# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stock dumps of the databases: taken with pg_dump by the test itself, kept as they are, read back as rows."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from labctl import docker, project
from labctl.databases import sql
from labctl.files import make_private_directory, write_private
from labctl.layout import ACME, BETA, KNOWN_DATABASES, Lab

AT_ONCE = 2
DUMP_SECONDS = 120.0
ROLES = "_roles"
_RANDOM = re.compile(rb"^\\(?:un)?restrict .*\n", re.MULTILINE)
"""pg_dump guards its output with a word that is another one each time."""
_COPY = re.compile(r"^COPY (\S+) \((.*)\) FROM stdin;$")
_SEQUENCE = re.compile(r"^SELECT pg_catalog\.setval\('([^']+)', (\d+), (true|false)\);$")
_TABLE = re.compile(r"^ALTER TABLE ONLY (\S+)$")
_KEY = re.compile(r"^\s+ADD CONSTRAINT \S+ PRIMARY KEY \((.*)\);$")

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows as pg_dump writes them, by primary key."""

    columns: tuple[str, ...]
    rows: dict[Row, Row]


@dataclass
class Dump:
    """What a dump of one database holds."""

    tables: dict[str, Table] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)

    def count(self) -> int:
        return sum(len(table.rows) for table in self.tables.values())


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip('"') for name in text.split(", "))


def parse(text: str) -> Dump:
    """Reads a plain dump. A table without a primary key is keyed by whole rows."""
    columns: dict[str, tuple[str, ...]] = {}
    rows: dict[str, list[Row]] = {}
    keys: dict[str, tuple[str, ...]] = {}
    dump = Dump()
    altered = ""
    lines = iter(text.split("\n"))
    for line in lines:
        copy = _COPY.match(line)
        if copy:
            columns[copy[1]], rows[copy[1]] = _names(copy[2]), []
            for row in lines:
                if row == "\\.":
                    break
                rows[copy[1]].append(tuple(row.split("\t")))
            continue
        sequence, table, key = _SEQUENCE.match(line), _TABLE.match(line), _KEY.match(line)
        if sequence:
            # The next value that it gives out, whether or not it has given one out already.
            dump.sequences[sequence[1]] = int(sequence[2]) + (sequence[3] == "true")
        elif table:
            altered = table[1]
        elif key:
            keys[altered] = _names(key[1])
    for name, names in columns.items():
        places = [names.index(column) for column in keys.get(name, names)]
        dump.tables[name] = Table(names, {tuple(row[place] for place in places): row for row in rows[name]})
    return dump


def digest(content: bytes) -> str:
    return hashlib.sha256(_RANDOM.sub(b"", content)).hexdigest()


def acme_databases() -> tuple[str, ...]:
    return tuple(ACME.prefix + store for store in KNOWN_DATABASES)


def beta_databases() -> tuple[str, ...]:
    return tuple(BETA.prefix + store for store in KNOWN_DATABASES)


def _as_postgres(lab: Lab, host: str, *command: str) -> bytes:
    return docker.run(
        "exec", "--user", "postgres", lab.container(host), *command,
        tried=f"Taking a dump on {host}", timeout=DUMP_SECONDS,
    ).output  # fmt: skip


def _in_beta_project(lab: Lab, *command: str) -> bytes:
    return project.compose(
        lab, BETA, "exec", "--no-TTY", "--user", "postgres", "db", *command,
        tried="Taking a dump of number B", timeout=DUMP_SECONDS,
    ).encode()  # fmt: skip


def take(lab: Lab, host: str, names: tuple[str, ...], directory: Path, server: tuple[str, ...] = ()) -> dict[str, str]:
    """Dumps databases of a server, or its roles, into a directory. Returns the digest of each."""
    make_private_directory(directory)

    def one(name: str) -> tuple[str, str]:
        if host == BETA.database_host:
            content = _in_beta_project(
                lab, "pg_dump", "--username", BETA.database_user, "--port", str(BETA.database_port), name
            )
        elif name == ROLES:
            content = _as_postgres(lab, host, "pg_dumpall", *server, "--roles-only")
        else:
            content = _as_postgres(lab, host, "pg_dump", *server, name)
        write_private(directory / f"{name}.sql", content)
        return name, digest(content)

    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        return dict(pool.map(one, names))


def read(directory: Path, name: str) -> Dump:
    return parse((directory / f"{name}.sql").read_text(encoding="utf-8"))


def counted(lab: Lab, host: str, names: tuple[str, ...]) -> dict[str, int]:
    """Rows by database and table, counted by the server."""
    found: dict[str, int] = {}
    for name in names:
        tables = sql(
            lab,
            host,
            "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema');",
            tried=f"Listing the tables of {name}",
            database=name,
        )
        counts = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for (table,) in tables)  # noqa: S608 (quoted)
        for table, count in sql(lab, host, f"{counts};", tried=f"Counting the rows of {name}", database=name):
            found[f"{name} {table}"] = int(count)
    return found


def server_names(lab: Lab, host: str) -> list[str]:
    """Every database of a server."""
    rows = sql(lab, host, "SELECT datname FROM pg_database ORDER BY datname;", tried=f"Listing the databases of {host}")
    return [name for (name,) in rows]


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Names whose digests are not the same."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
