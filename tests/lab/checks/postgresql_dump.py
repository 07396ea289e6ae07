# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dumps by pg_dump: how they are taken, and how they are read back."""

from __future__ import annotations

import re

from checks.dump import Dump, Row, Table

_SCHEMA = r"(?:public\.)?"
_COPY = re.compile(rf"^COPY {_SCHEMA}(\S+) \((.*)\) FROM stdin;$")
_SEQUENCE = re.compile(rf"^SELECT pg_catalog\.setval\('{_SCHEMA}([^']+)', (\d+), (true|false)\);$")
_TABLE = re.compile(rf"^ALTER TABLE ONLY {_SCHEMA}(\S+)$")
_KEY = re.compile(r"^\s+ADD CONSTRAINT \S+ PRIMARY KEY \((.*)\);$")


def command(name: str, *server: str) -> tuple[str, ...]:
    """What dumps a database, without what a live move has on it from seed to end, which has a check of its own."""
    return ("pg_dump", "--no-publications", "--no-subscriptions", *server, name)


def roles_command(*server: str) -> tuple[str, ...]:
    """What dumps the server's accounts."""
    return ("pg_dumpall", *server, "--roles-only")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip('"') for name in text.split(", "))


def parse(text: str) -> Dump:
    """Reads a plain dump. Objects of the schema public go by their bare names."""
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
        dump.tables[name] = Table.keyed(names, rows[name], keys.get(name, ()))
    return dump
