# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at both servers: what has to be done for each database, and what forbids it. Private; may change at any time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import during, in_parallel
from ansible_collections.waba.migration.plugins.module_utils._copy_run import DATABASES_AT_ONCE
from ansible_collections.waba.migration.plugins.module_utils._database import CopyRequest, DatabaseError, Server
from ansible_collections.waba.migration.plugins.module_utils._mysql import catalog, refusals
from ansible_collections.waba.migration.plugins.module_utils._mysql.connection import MARIADB
from ansible_collections.waba.migration.plugins.module_utils._mysql.floats import has_floats, with_all_digits
from ansible_collections.waba.migration.plugins.module_utils._mysql.inventory import read_inventory
from ansible_collections.waba.migration.plugins.module_utils._mysql.plan import (
    BigTable,
    Inventory,
    Plan,
    Table,
    is_big,
    pieces_of,
    range_column,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.programs import with_new_definers
from ansible_collections.waba.migration.plugins.module_utils._mysql.releases import Release
from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._mysql.workplace import Workplace

# A row that may be larger than this share of what the target takes might not fit any more once it is written as text.
PACKET_SHARE = 4


class Planner:
    """Reads the source's databases and compares them with what the target can hold."""

    def __init__(
        self,
        workplace: Workplace,
        request: CopyRequest,
        accounts: Collection[tuple[str, str]],
        target: Release,
        session_for: Callable[[str], Session],
        most_pieces: int | None = None,
    ) -> None:
        self._workplace = workplace
        self._request = request
        self._accounts = accounts
        self._target = target
        self._session_for = session_for
        self._most_pieces = most_pieces

    def plans(self, present: Mapping[str, Mapping[str, Any]]) -> list[Plan]:
        databases = [{**present[name], "number": number} for number, name in enumerate(self._request.databases)]
        steps = [partial(self._plan, facts) for facts in databases]
        return in_parallel(self._workplace.children, steps, DATABASES_AT_ONCE)

    def _plan(self, facts: Mapping[str, Any]) -> Plan:
        name = facts["name"]
        with during(f"Reading the database {name} on {self._request.source}"):
            session = self._session_for(name)
            inventory = read_inventory(session, name)
            big_tables = [
                big
                for big in (self._big_table(session, name, table, inventory) for table in inventory.tables)
                if big is not None
            ]
        return Plan(
            database=name,
            facts=facts,
            inventory=inventory,
            big_tables=big_tables,
            accounts=self._accounts,
            replaced_definers=with_new_definers(inventory.programs, self._accounts),
        )

    def _big_table(self, session: Session, database: str, table: Table, inventory: Inventory) -> BigTable | None:
        """The table's own pipes, or None when it goes through one with others."""
        columns = [row for row in inventory.columns if row["table"] == table.name]
        lenient = self._target.flavour == MARIADB and any("generated" in row["extra"] for row in columns)
        floats = has_floats(columns)
        if not (is_big(table) or lenient or floats):
            return None
        pieces = self._pieces(session, database, table, inventory)
        if floats:
            pieces = [with_all_digits(table.name, columns, condition) for condition in pieces]
        return BigTable(table, pieces, lenient)

    def _pieces(self, session: Session, database: str, table: Table, inventory: Inventory) -> list[str | None]:
        types = {row["name"]: row["type"] for row in inventory.columns if row["table"] == table.name}
        column = range_column(inventory.indexes.get(table.name, []), types)
        if column is None:
            return [None]
        found = session.document(catalog.bounds(database, table.name, column))
        bounds = None if found["lowest"] is None else (int(found["lowest"]), int(found["highest"]))
        return pieces_of(table, column, bounds, self._most_pieces)


def refusals_of(
    plans: Sequence[Plan], source: Mapping[str, Any], target: Mapping[str, Any], session: Session, idle_source: bool
) -> list[str]:
    """Everything that the target cannot hold; the session is one on the target."""
    collations = known_collations(session)
    engines = {row["name"]: row for row in session.documents(catalog.ENGINES)}
    names = [plan.database for plan in plans]
    names += [table.name for plan in plans for table in plan.tables]
    names += [view for plan in plans for view in plan.inventory.named("view")]
    found = refusals.letter_case(source["lower_case_table_names"], target["lower_case_table_names"], names)
    for plan in plans:
        found += refusals.things(plan.database, plan.facts["collate"], plan.inventory, collations, engines)
        found += refusals.flavour_features(plan.database, plan.inventory, source["release"], target["release"])
        found += refusals.not_transactional(plan.database, plan.inventory, engines, idle_source)
    return found


def known_collations(session: Session) -> set[str]:
    names = {row["name"] for row in session.documents(catalog.COLLATIONS)}
    if session.rows(catalog.HAS_FULL_COLLATIONS) != [["0"]]:
        names |= {row["name"] for row in session.documents(catalog.FULL_COLLATIONS)}
    return names


def has_large_rows(plans: Sequence[Plan], packet: int) -> bool:
    """Whether a row may be larger than the target takes in one statement."""
    limit = packet // PACKET_SHARE
    for plan in plans:
        roomy = {row["table"] for row in plan.inventory.columns if row["bytes"] > limit}
        if any(table.bytes > limit and table.name in roomy for table in plan.tables):
            return True
    return False


def rights_of(session: Session, facts: Mapping[str, Any]) -> refusals.Rights:
    """What an account may on its server."""
    return refusals.Rights(
        facts["user"], session.documents(catalog.PRIVILEGES), session.documents(catalog.DATABASE_PRIVILEGES)
    )


def check_rights(rights: refusals.Rights, server: Server, databases: Sequence[str]) -> None:
    lacking = refusals.rights(rights, databases)
    if lacking:
        raise DatabaseError(f"On {server} {'; '.join(lacking)}. Grant it to the account itself, not through a role.")
