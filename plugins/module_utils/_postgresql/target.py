# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases on the target server: made under a hidden name, shown together, dropped when they are ours. Private."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._copy_target import hidden_name
from ansible_collections.waba.migration.plugins.module_utils._database import (
    CopyRequest,
    DatabaseError,
    Server,
)
from ansible_collections.waba.migration.plugins.module_utils._postgresql import catalog
from ansible_collections.waba.migration.plugins.module_utils._postgresql.plan import Plan
from ansible_collections.waba.migration.plugins.module_utils._postgresql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._postgresql.sql import (
    IDENTIFIER_BYTES,
    identifier,
    literal,
)

END_SECONDS = 10.0
END_INTERVAL = 0.02


def incomplete_name(database: str) -> str:
    return hidden_name(database, IDENTIFIER_BYTES)


def create_statement(name: str, facts: Mapping[str, Any], owner: str, version_num: int) -> str:
    """CREATE DATABASE with the encoding and the collation of the source's database."""
    clauses = [
        f"OWNER {identifier(owner)}",
        "TEMPLATE template0",
        f"ENCODING {literal(facts['encoding'])}",
        f"LC_COLLATE {literal(facts['collate'])}",
        f"LC_CTYPE {literal(facts['ctype'])}",
    ]
    if version_num >= 150000:
        clauses.append(f"LOCALE_PROVIDER {facts['provider']}")
    if facts["provider"] == "icu":
        clauses.append(f"ICU_LOCALE {literal(facts['locale'])}")
    if facts["provider"] == "builtin":
        clauses.append(f"BUILTIN_LOCALE {literal(facts['locale'])}")
    if facts["icu_rules"]:
        clauses.append(f"ICU_RULES {literal(facts['icu_rules'])}")
    return f"CREATE DATABASE {identifier(name)} " + " ".join(clauses)


class TargetDatabases:
    """Databases of the target through a session that may change them."""

    def __init__(self, session: Session, server: Server) -> None:
        self._session = session
        self._server = server

    def databases(self) -> dict[str, dict[str, Any]]:
        return {facts["name"]: facts for facts in self._session.query(catalog.DATABASES)}

    def drop(self, names: Sequence[str]) -> None:
        """The server refuses to drop a database that somebody is connected to."""
        for name in names:
            self._session.execute(f"DROP DATABASE {identifier(name)}")

    def end_sessions(self, condition: str, interval: float = END_INTERVAL) -> None:
        """End what goes on although its client is gone, as a long statement does, and see that it has ended."""
        own = f"FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND {condition}"
        self._session.query(f"SELECT to_jsonb(count(pg_terminate_backend(pid))) {own}")
        deadline = time.monotonic() + END_SECONDS
        while self._session.query(f"SELECT to_jsonb(count(*)) {own}"):
            if time.monotonic() > deadline:
                raise DatabaseError(f"sessions of the copy on {self._server} do not end")
            time.sleep(interval)

    def end_sessions_on(self, names: Sequence[str], interval: float = END_INTERVAL) -> None:
        self.end_sessions(f"datname IN ({_listed(names)})", interval)

    def end_sessions_of(self, application: str) -> None:
        self.end_sessions(f"application_name = {literal(application)}")

    def show(self, plans: Sequence[Plan]) -> None:
        """Give the databases their settings and, all in one transaction, their names."""
        for plan in plans:
            self._apply_settings(plan)
        renames = [
            f"ALTER DATABASE {identifier(incomplete_name(plan.database))} RENAME TO {identifier(plan.database)}"
            for plan in plans
        ]
        self._session.execute("BEGIN", *renames, "COMMIT")

    def _apply_settings(self, plan: Plan) -> None:
        name = identifier(incomplete_name(plan.database))
        for setting in plan.facts["settings"]:
            parameter, value = setting.split("=", 1)
            # The stored text is what set_config takes; as a literal after SET a list would be taken for one value.
            self._session.execute("BEGIN")
            self._session.query(f"SELECT to_jsonb(set_config({literal(parameter)}, {literal(value)}, true))")
            self._session.execute(f"ALTER DATABASE {name} SET {identifier(parameter)} FROM CURRENT", "COMMIT")
        if plan.facts["connection_limit"] >= 0:
            self._session.execute(f"ALTER DATABASE {name} CONNECTION LIMIT {int(plan.facts['connection_limit'])}")

    def measure(self, names: Sequence[str]) -> int:
        size = "SELECT coalesce(sum(pg_database_size(oid)), 0)::bigint FROM pg_database"
        return int(self._session.query(f"{size} WHERE datname IN ({_listed(names)})"))


class TargetServer(TargetDatabases):
    """The administrator's session on the target."""

    def __init__(self, session: Session, request: CopyRequest, facts: Mapping[str, Any]) -> None:
        super().__init__(session, request.target)
        self._request = request
        self.version_num = int(facts["version_num"])

    def check_rights(self, facts: Mapping[str, Any]) -> None:
        server, owner = self._request.target, self._request.owner
        if facts["in_recovery"]:
            raise DatabaseError(f"The target {server} is a standby and cannot be written.")
        if not facts["createdb"]:
            raise DatabaseError(f"{server.user} may not create databases on the target {server}. Grant it CREATEDB.")
        mode = "SET" if self.version_num >= 160000 else "MEMBER"
        member = self._session.query(
            f"SELECT coalesce((SELECT to_jsonb(pg_has_role(oid, '{mode}')) FROM pg_roles "  # noqa: S608 - quoted
            f"WHERE rolname = {literal(owner)}), 'null')"
        )
        if member is None:
            raise DatabaseError(f"The role {owner}, the owner to be, does not exist on the target {server}.")
        if not member:
            raise DatabaseError(
                f"{server.user} may not act as {owner} on the target {server}. Make it a member of that role."
            )

    def create(self, plan: Plan) -> None:
        name = incomplete_name(plan.database)
        self._session.execute(
            create_statement(name, plan.facts, self._request.owner, self.version_num),
            f"COMMENT ON DATABASE {identifier(name)} IS {literal(self._request.marker)}",
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(literal(name) for name in names) or "NULL"
