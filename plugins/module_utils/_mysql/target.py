# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases on the target server: made under a hidden name, shown together, dropped when they are ours. Private."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._copy_target import hidden_name
from ansible_collections.waba.migration.plugins.module_utils._database import CopyRequest, DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._mysql import catalog
from ansible_collections.waba.migration.plugins.module_utils._mysql.ledger import INCOMPLETE, Ledger
from ansible_collections.waba.migration.plugins.module_utils._mysql.plan import Plan
from ansible_collections.waba.migration.plugins.module_utils._mysql.refusals import Rights
from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._mysql.sql import (
    account,
    grant_pattern,
    identifier,
)

# A name may have 64 characters, and a file's name has to hold them as well.
LONGEST_NAME = 64
OWNER_HOST = "%"
END_SECONDS = 10.0
END_INTERVAL = 0.02


def incomplete_name(database: str) -> str:
    return hidden_name(database, LONGEST_NAME)


def databases_on(session: Session, marks: Ledger | None) -> dict[str, dict[str, Any]]:
    """All databases but the server's own, with who is in them and, where a ledger is, what we said of them."""
    found = {row["name"]: row for row in session.documents(catalog.DATABASES)}
    entries = marks.entries() if marks else {}
    sizes: dict[str, int] = {}
    for name, size in session.rows(catalog.SIZES):
        sizes[name] = int(size)
    sessions: dict[str, list[dict[str, Any]]] = {}
    for row in session.documents(catalog.SESSIONS):
        address = row["host"].rpartition(":")[0] or row["host"]
        sessions.setdefault(row["database"], []).append(
            {"user": row["user"], "address": address, "application": row["application"]}
        )
    for name, facts in found.items():
        entry = entries.get(name)
        facts["size_bytes"] = sizes.get(name, 0)
        facts["sessions"] = sessions.get(name, [])
        facts["comment"] = entry.marker if entry else None
        facts["half_done"] = bool(entry and entry.state == INCOMPLETE)
    return {name: facts for name, facts in found.items() if name.lower() not in catalog.SYSTEM_DATABASES}


class TargetServer:
    """The administrator's session on the target."""

    def __init__(self, session: Session, request: CopyRequest, kill: Callable[[Sequence[int]], None]) -> None:
        self._session = session
        self._request = request
        self._kill = kill
        self.ledger = Ledger(session)

    def check_rights(self, facts: Mapping[str, Any]) -> Rights:
        server, owner = self._request.target, self._request.owner
        rights = Rights(
            facts["user"],
            self._session.documents(catalog.PRIVILEGES),
            self._session.documents(catalog.DATABASE_PRIVILEGES),
        )
        missing = rights.missing_on_target()
        if missing:
            raise DatabaseError(
                f"{rights.account} lacks {', '.join(missing)} on the target {server}. Grant it on all databases, to "
                "the account itself and not through a role, or use an administrator's account."
            )
        if facts["read_only"]:
            raise DatabaseError(f"The target {server} is read-only (read_only is on) and cannot be written.")
        if (owner, OWNER_HOST) not in self.accounts():
            raise DatabaseError(
                f"The account {account(owner, OWNER_HOST)}, the owner to be, does not exist on the target {server}."
            )
        return rights

    def accounts(self) -> Collection[tuple[str, str]]:
        return {(row["user"], row["host"]) for row in self._session.documents(catalog.ACCOUNTS)}

    def engines(self) -> dict[str, dict[str, Any]]:
        return {row["name"]: row for row in self._session.documents(catalog.ENGINES)}

    def databases(self) -> dict[str, dict[str, Any]]:
        return databases_on(self._session, self.ledger)

    def drop(self, names: Sequence[str]) -> None:
        for name in names:
            self._session.execute(f"DROP DATABASE IF EXISTS {identifier(name)}")
        self.ledger.forget(names)

    def end_sessions_on(self, names: Sequence[str]) -> None:
        """End what goes on although its client is gone, as a long statement does, and see that it has ended."""
        deadline = time.monotonic() + END_SECONDS
        killed: set[int] = set()
        while True:
            running = {int(row[0]) for row in self._session.rows(catalog.PROCESSES) if row[3] in names}
            if not running:
                return
            if running - killed:
                self._kill(sorted(running - killed))
            killed |= running
            if time.monotonic() > deadline:
                raise DatabaseError(f"sessions of the copy on {self._request.target} do not end")
            time.sleep(END_INTERVAL)

    def create(self, name: str, plan: Plan) -> None:
        self.ledger.begin([name], self._request.marker)
        self.create_empty(name, plan)

    def create_empty(self, name: str, plan: Plan) -> None:
        """One that the ledger knows already."""
        self._session.execute(
            f"CREATE DATABASE {identifier(name)} CHARACTER SET {identifier(plan.facts['encoding'])} "
            f"COLLATE {identifier(plan.facts['collate'])}"
        )

    def move_tables(self, plans: Sequence[Plan]) -> None:
        """Give all tables of all databases their names at once, and drop the databases that are empty then."""
        renames = [
            f"{identifier(incomplete_name(plan.database), table.name)} TO {identifier(plan.database, table.name)}"
            for plan in plans
            for table in plan.tables
        ]
        if renames:
            self._session.execute("SET SESSION foreign_key_checks = 1", f"RENAME TABLE {', '.join(renames)}")
        self._session.execute("SET SESSION foreign_key_checks = 0")

    def grant(self, database: str) -> None:
        owner = account(self._request.owner, OWNER_HOST)
        self._session.execute(f"GRANT ALL PRIVILEGES ON {grant_pattern(database)}.* TO {owner}")

    def measure(self, names: Sequence[str]) -> int:
        return sum(int(size) for name, size in self._session.rows(catalog.SIZES) if name in names)
