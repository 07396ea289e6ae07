# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what a database holds. Private to this collection; may change at any time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._mysql import catalog
from ansible_collections.waba.migration.plugins.module_utils._mysql.definitions import Index
from ansible_collections.waba.migration.plugins.module_utils._mysql.plan import (
    BASE_TABLE,
    VIEW,
    Inventory,
    Program,
    Table,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session


def read_inventory(session: Session, database: str) -> Inventory:
    found = tables_of(documents_of(session, catalog.tables_of(database), database))
    foreign_keys = documents_of(session, catalog.foreign_keys_of(database), database)
    return Inventory(
        tables=[table for table in found if table.kind == BASE_TABLE],
        others=[table for table in found if table.kind not in (BASE_TABLE, VIEW)],
        programs=read_programs(session, database),
        columns=documents_of(session, catalog.columns_of(database), database),
        indexes=indexes_of(documents_of(session, catalog.indexes_of(database), database)),
        in_foreign_keys=frozenset(name for key in foreign_keys for name in (key["table"], key["referenced"])),
    )


def read_programs(session: Session, database: str) -> list[Program]:
    return [
        Program(kind, row["name"], row["definer"], row["table"])
        for kind, statement in catalog.programs_of(database).items()
        for row in documents_of(session, statement, database)
    ]


def definitions_of(columns: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """By table or view, what its columns are."""
    found: dict[str, list[str]] = {}
    for column in columns:
        found.setdefault(column["table"], []).append(column["definition"])
    return {name: ", ".join(parts) for name, parts in found.items()}


def documents_of(session: Session, statement: str, database: str) -> list[dict[str, Any]]:
    """Rows of exactly this database: MariaDB's catalogue finds those whose names differ in case as well."""
    return [row for row in session.documents(statement) if row["schema"] == database]


def tables_of(rows: list[dict[str, Any]]) -> list[Table]:
    return [
        Table(
            name=row["name"],
            kind=row["type"],
            engine=row["engine"] or "",
            collation=row["collation"] or "",
            bytes=row["data_bytes"],
            index_bytes=row["index_bytes"],
            estimate=row["rows"],
            auto_increment=row["auto_increment"],
        )
        for row in rows
    ]


def indexes_of(rows: list[dict[str, Any]]) -> Mapping[str, list[Index]]:
    columns: dict[tuple[str, str], list[str | None]] = {}
    kinds: dict[tuple[str, str], str] = {}
    for row in rows:
        key = row["table"], row["name"]
        columns.setdefault(key, []).append(row["column"])
        kinds[key] = row["kind"]
    found: dict[str, list[Index]] = {}
    for (table, name), parts in columns.items():
        found.setdefault(table, []).append(Index(name, kinds[table, name], tuple(parts)))
    return found
