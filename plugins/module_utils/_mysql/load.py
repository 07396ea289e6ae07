# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy one database: definitions, rows through parallel pipes, then the indexes that could wait. Private."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import during, in_parallel
from ansible_collections.waba.migration.plugins.module_utils._copy_progress import Progress
from ansible_collections.waba.migration.plugins.module_utils._database import CopyRequest
from ansible_collections.waba.migration.plugins.module_utils._mysql import commands
from ansible_collections.waba.migration.plugins.module_utils._mysql.definitions import Definition, deferrable, split
from ansible_collections.waba.migration.plugins.module_utils._mysql.plan import BigTable, Plan, Table
from ansible_collections.waba.migration.plugins.module_utils._mysql.sql import identifier
from ansible_collections.waba.migration.plugins.module_utils._mysql.target import incomplete_name
from ansible_collections.waba.migration.plugins.module_utils._mysql.workplace import Workplace

SOURCE = "source"
TARGET = "target"
# Fewer tables take less time than a further pipe needs to start; more might not fit into a tool's arguments.
TABLES_WORTH_A_PIPE = 50
TABLES_A_PIPE = 2000
LENIENT_TARGET = "lenient"


class Loader:
    """Fills one hidden database on the target."""

    def __init__(
        self, workplace: Workplace, request: CopyRequest, progress: Progress, slots: threading.Semaphore, plan: Plan
    ) -> None:
        self._workplace = workplace
        self._request = request
        self._progress = progress
        self._slots = slots
        self._plan = plan
        self._hidden = incomplete_name(plan.database)
        self._definitions: dict[str, Definition] = {}

    def load(self) -> None:
        self.create_tables()
        self._fill()
        self._build_all_indexes()

    def create_tables(self) -> None:
        parts = parts_of(self._plan.tables, self._request.jobs)
        creating = [partial(self._create_tables, part) for part in parts]
        in_parallel(self._workplace.children, creating, self._request.jobs)

    def _fill(self) -> None:
        small = [table for table in self._plan.tables if not self._plan.is_big(table)]
        pieces = [(big, condition) for big in self._plan.big_tables for condition in big.pieces]
        pieces.sort(key=lambda pair: pair[0].table.bytes / len(pair[0].pieces), reverse=True)
        steps: list[Callable[[], None]] = [partial(self._piece, big, condition) for big, condition in pieces]
        steps += [partial(self._small_tables, part) for part in parts_of(small, self._request.jobs)]
        in_parallel(self._workplace.children, steps, self._request.jobs)

    def _build_all_indexes(self) -> None:
        indexes = [partial(self._build_indexes, big.table) for big in self._plan.big_tables]
        in_parallel(self._workplace.children, indexes, self._request.jobs)
        self._progress.advance(tables=len(self._plan.big_tables))

    def _create_tables(self, tables: Sequence[Table]) -> None:
        database, inventory = self._plan.database, self._plan.inventory
        counted = {row["table"]: row["name"] for row in inventory.columns if "auto_increment" in row["extra"]}
        with self._slots, during(self._copying("the tables' definitions")), self._workplace.session(
            SOURCE
        ) as source, self._workplace.session(TARGET, self._hidden) as target:
            for table in tables:
                create = source.rows(f"SHOW CREATE TABLE {identifier(database, table.name)}")[0][1]
                waiting: list[str] = []
                if self._plan.is_big(table):
                    indexes = inventory.indexes.get(table.name, [])
                    waiting = deferrable(indexes, counted.get(table.name), table.name in inventory.in_foreign_keys)
                definition = self._definitions[table.name] = split(create, waiting)
                target.execute(definition.create)

    def _small_tables(self, tables: Sequence[Table]) -> None:
        names = [table.name for table in tables]
        dump = commands.dump_tables(self._workplace.tools, self._workplace.options(SOURCE), self._plan.database, names)
        self._pipe("the small tables", dump)
        self._progress.advance(tables=len(tables), rows=sum(table.estimate for table in tables))

    def _piece(self, big: BigTable, condition: str | None) -> None:
        options, name = self._workplace.options(SOURCE), big.table.name
        dump = commands.dump_piece(self._workplace.tools, options, self._plan.database, name, condition)
        self._pipe(f"table {name}", dump, LENIENT_TARGET if big.lenient else TARGET)
        self._progress.advance(rows=big.table.estimate // len(big.pieces))

    def _pipe(self, what: str, dump: Sequence[str], service: str = TARGET) -> None:
        load = commands.load(self._workplace.tools, self._workplace.options(service), self._hidden)
        with self._slots, during(self._copying(what)):
            self._workplace.children.pipe(dump, load)

    def _build_indexes(self, table: Table) -> None:
        definition = self._definitions[table.name]
        if not definition.indexes:
            return
        with self._slots, during(self._copying(f"the indexes of table {table.name}")), self._workplace.session(
            TARGET, self._hidden
        ) as session:
            session.execute(definition.add_indexes(identifier(table.name)))

    def _copying(self, what: str) -> str:
        where = f"from {self._request.source} to {self._request.target}"
        return f"Copying {what} of the database {self._plan.database} {where}"


def parts_of(tables: Sequence[Table], jobs: int) -> list[Sequence[Table]]:
    """Parts of about equal numbers, so that many tables keep all pipes busy and few need only one."""
    count = max(min(jobs, len(tables) // TABLES_WORTH_A_PIPE), -(-len(tables) // TABLES_A_PIPE))
    size = -(-len(tables) // max(count, 1))
    return [tables[start : start + size] for start in range(0, len(tables), size)] if tables else []
