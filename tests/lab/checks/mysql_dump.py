# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dumps by mysqldump or mariadb-dump: how they are taken, and how they are read back."""

from __future__ import annotations

import re
from collections.abc import Iterator

from labctl.layout import DatabaseEngine

from checks.dump import Dump, Row, Table

PROGRAMS = {
    "mysql": ("mysqldump", "--no-defaults", "--set-gtid-purged=OFF"),
    "mariadb": ("mariadb-dump", "--no-defaults", "--skip-ssl"),
}
OPTIONS = (
    "--single-transaction", "--quick", "--order-by-primary", "--skip-extended-insert",
    "--complete-insert", "--hex-blob", "--routines", "--events", "--triggers", "--skip-dump-date",
)  # fmt: skip
"""One row a line, binary values in hexadecimal digits, and the same text each time."""
ACCOUNT_TABLES = {
    "mysql": ("user", "global_grants", "role_edges"),
    "mariadb": ("global_priv", "roles_mapping"),
}
PRIVILEGE_TABLES = ("db", "tables_priv", "columns_priv", "procs_priv", "proxies_priv")

_CREATE = re.compile(r"^CREATE TABLE `(.*)` \($")
_COLUMN = re.compile(r"^  `((?:[^`]|``)+)` (.*?),?$")
_KEY = re.compile(r"^  PRIMARY KEY \((.*)\),?$")
_END = re.compile(r"^\) ENGINE=\w+(?: AUTO_INCREMENT=(\d+))?")
_INSERT = re.compile(r"^INSERT INTO `((?:[^`]|``)+)` \(.*?\) VALUES \((.*)\);$")
_VALUE = re.compile(r"'(?:[^'\\]|\\.)*'|[^,]+")
_NAME = re.compile(r"`((?:[^`]|``)+)`")


def command(engine: DatabaseEngine, name: str) -> tuple[str, ...]:
    """What dumps a database."""
    return (*_program(engine), "--databases", name)


def roles_command(engine: DatabaseEngine) -> tuple[str, ...]:
    """What dumps the server's accounts: the tables that hold them."""
    return (*_program(engine), "mysql", *ACCOUNT_TABLES[engine.name], *PRIVILEGE_TABLES)


def _program(engine: DatabaseEngine) -> tuple[str, ...]:
    return (*PROGRAMS[engine.name], *OPTIONS)


def _values(text: str) -> Row:
    return tuple(value[1:-1] if value.startswith("'") else value for value in _VALUE.findall(text))


def parse(text: str) -> Dump:
    """Reads a plain dump. A table's AUTO_INCREMENT is a sequence of the table's name."""
    dump = Dump()
    columns: dict[str, tuple[str, ...]] = {}
    keys: dict[str, tuple[str, ...]] = {}
    rows: dict[str, list[Row]] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        create, insert = _CREATE.match(line), _INSERT.match(line)
        if create:
            name, rows[create[1]] = create[1], []
            columns[name], keys[name], counter = _definition(lines)
            if counter:
                dump.sequences[name] = counter
        elif insert:
            rows[insert[1]].append(_values(insert[2]))
    for name, names in columns.items():
        dump.tables[name] = Table.keyed(names, rows[name], keys[name])
    return dump


def _definition(lines: Iterator[str]) -> tuple[tuple[str, ...], tuple[str, ...], int]:
    """A table's columns, its key, and the next number that it gives out, 0 for a table that gives out none."""
    columns: list[str] = []
    key: tuple[str, ...] = ()
    counts = False
    for line in lines:
        column, primary, end = _COLUMN.match(line), _KEY.match(line), _END.match(line)
        if column:
            columns.append(column[1])
            counts = counts or "AUTO_INCREMENT" in column[2]
        elif primary:
            key = tuple(_NAME.findall(primary[1]))
        elif end:
            return tuple(columns), key, int(end[1] or 1) if counts else 0
    raise ValueError("the dump ends within a table's definition")
