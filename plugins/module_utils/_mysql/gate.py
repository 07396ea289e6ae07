# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare what both servers hold. Private; may change at any time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.waba.migration.plugins.module_utils._copy_gate import number_differences, row_differences
from ansible_collections.waba.migration.plugins.module_utils._mysql import catalog
from ansible_collections.waba.migration.plugins.module_utils._mysql.inventory import documents_of, tables_of
from ansible_collections.waba.migration.plugins.module_utils._mysql.plan import BASE_TABLE, VIEW, Program
from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session

# MySQL 8 changed the names of these collations, and nothing else of them.
_OLD_UTF8 = re.compile(r"^utf8_")


@dataclass(frozen=True)
class Truth:
    """What one server holds of a database: rows and counters by table, numbers of everything else."""

    rows: list[int]
    counters: Mapping[str, int]
    structure: Mapping[str, int]


def read_truth(session: Session, database: str, tables: Sequence[str]) -> Truth:
    """The tables of a database, by the names that are expected in it."""
    counted: dict[int, int] = {}
    for statement in catalog.row_counts([(database, name) for name in tables]):
        counted.update({int(place): int(count) for place, count in session.rows(statement)})
    # After the count: of a table that nobody has opened yet, the catalogue may show an older counter.
    counters, structure = read_structure(session, database)
    return Truth(rows=[counted[place] for place in range(len(tables))], counters=counters, structure=structure)


def read_structure(session: Session, database: str) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Counters by table, and numbers of everything else but rows."""
    present = tables_of(documents_of(session, catalog.tables_of(database), database))
    base = [table for table in present if table.kind == BASE_TABLE]
    columns = documents_of(session, catalog.columns_of(database), database)
    views = {table.name for table in present if table.kind == VIEW}
    indexes = documents_of(session, catalog.indexes_of(database), database)
    constraints = documents_of(session, catalog.constraints_of(database), database)
    structure = Counter(["tables"] * len(base))
    structure.update(f"collation {modern(table.collation)} of table {table.name}" for table in base)
    structure.update(
        f"columns of {column['table']} with {modern(column['collation'] or 'no collation')}"
        for column in columns
        if column["table"] not in views
    )
    structure.update(f"indexes of {table}" for table, _name in {(row["table"], row["name"]) for row in indexes})
    structure.update(f"constraints of {row['table']} of the kind {row['kind']}" for row in constraints)
    return {table.name: table.auto_increment for table in base if table.auto_increment is not None}, structure


def differences(tables: Sequence[str], source: Truth, target: Truth) -> list[str]:
    """Sentences about everything that is not equal; empty when all is."""
    found = row_differences(tables, source.rows, target.rows)
    found += [
        f"AUTO_INCREMENT of table {table} stands at {source.counters.get(table, 1)} on the source "
        f"and at {target.counters.get(table, 1)} on the target"
        for table in sorted({*source.counters, *target.counters})
        if source.counters.get(table, 1) != target.counters.get(table, 1)
    ]
    return found + number_differences(source.structure, target.structure)


def program_differences(source: Iterable[Program], target: Iterable[Program]) -> list[str]:
    return number_differences(_numbers(source), _numbers(target))


def _numbers(programs: Iterable[Program]) -> Mapping[str, int]:
    return Counter(
        f"triggers of {program.table}" if program.table else f"{program.kind} {program.name}" for program in programs
    )


def modern(collation: str) -> str:
    return _OLD_UTF8.sub("utf8mb3_", collation)
