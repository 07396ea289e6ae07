# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at a server and at the databases of one client. Private to this collection; may change at any time."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import during, in_parallel
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError, InspectRequest
from ansible_collections.waba.migration.plugins.module_utils._database_names import (
    AUTH_STORE,
    classify,
    holds_auth_schema,
)
from ansible_collections.waba.migration.plugins.module_utils._postgresql import catalog, obstacles, replica_sql
from ansible_collections.waba.migration.plugins.module_utils._postgresql.connection import READ_ONLY_SETTINGS
from ansible_collections.waba.migration.plugins.module_utils._postgresql.plan import Table, tables_of
from ansible_collections.waba.migration.plugins.module_utils._postgresql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._postgresql.sql import printable
from ansible_collections.waba.migration.plugins.module_utils._postgresql.workplace import (
    MAINTENANCE_DATABASE,
    Workplace,
)
from ansible_collections.waba.migration.plugins.module_utils._replica import Obstacle, obstacles_summary

SERVICE = "server"
DATABASES_AT_ONCE = 4
SERVER_FACTS = (
    "version",
    "version_num",
    "data_directory",
    "superuser",
    "createdb",
    "in_recovery",
    "max_connections",
    "ssl",
)
COMMON_FACTS = ("name", "owner", "encoding", "collate", "ctype", "provider", "size_bytes", "sessions", "comment")


def inspect(workplace: Workplace, request: InspectRequest) -> dict[str, Any]:
    workplace.add(SERVICE, request.server, READ_ONLY_SETTINGS)
    with workplace.session(SERVICE) as session:
        server = workplace.server_facts(SERVICE, session)
        workplace.prefer_tools_of(server["version_num"] // 10000)
        present = {facts["name"]: facts for facts in session.query(catalog.DATABASES)}
        roles = session.query(catalog.ROLES)
        replication = session.query(replica_sql.source_facts(list(present)))
    names = classify([name for name in present if name != MAINTENANCE_DATABASE], request.prefix)
    reader = DatabaseReader(workplace, request)
    ours = [partial(reader.describe, present[name], store) for name, store in names.ours.items()]
    foreign = [partial(reader.describe_foreign, present[name]) for name in names.foreign]
    databases = in_parallel(workplace.children, ours, DATABASES_AT_ONCE)
    lacking = obstacles.of_source(replication, len(reader.obstacles), require_slot_limit=True)
    for name in sorted(reader.obstacles):
        lacking += reader.obstacles[name]
    return {
        "server": {**server_summary(server), "free_bytes": free_bytes(server)},
        "databases": databases,
        "live_obstacles": obstacles_summary(lacking),
        "foreign": in_parallel(workplace.children, foreign, DATABASES_AT_ONCE),
        "missing": names.missing,
        "tools": dict(workplace.tools.versions),
        "roles": roles,
    }


class DatabaseReader:
    """Connects to one database after the other."""

    def __init__(self, workplace: Workplace, request: InspectRequest) -> None:
        self._workplace = workplace
        self._request = request
        # What keeps a database from being followed; only those that were looked into.
        self.obstacles: dict[str, list[Obstacle]] = {}

    def describe(self, facts: Mapping[str, Any], store: str) -> dict[str, Any]:
        name = facts["name"]
        if store == AUTH_STORE and not self._request.look_into_auth:
            return {**{fact: facts[fact] for fact in COMMON_FACTS}, **unread(store)}
        if not facts["connectable"]:
            raise DatabaseError(f"{self._request.server.user} may not connect to {name} on {self._request.server}.")
        with during(self._reading(name)), self._workplace.session(SERVICE, name, facts["encoding"]) as session:
            inventory = session.query(catalog.INVENTORY)
            auth_schema = _holds_auth_schema(session)
            tables = tables_of(inventory)
            rows = self._rows(session, tables)
            self.obstacles[name] = obstacles.of_database(name, session.query(replica_sql.DATABASE_FACTS))
        return {
            **{fact: facts[fact] for fact in COMMON_FACTS},
            "store": store,
            "auth": store == AUTH_STORE or auth_schema,
            "auth_schema": auth_schema,
            "tables": [
                {
                    "schema": printable(table.schema),
                    "name": printable(table.name),
                    "rows": count,
                    "bytes": table.bytes,
                }
                for table, count in zip(tables, rows)
            ],
            "sequences": [printable(".".join(names)) for names in inventory["sequences"]],
            "extensions": inventory["extensions"],
            "large_objects": inventory["large_objects"],
        }

    def describe_foreign(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        name = facts["name"]
        auth_schema = None
        if facts["connectable"]:
            with during(self._reading(name)), self._workplace.session(SERVICE, name, facts["encoding"]) as session:
                auth_schema = _holds_auth_schema(session)
        return {
            "name": name,
            "owner": facts["owner"],
            "size_bytes": facts["size_bytes"],
            "comment": facts["comment"],
            "auth_schema": auth_schema,
        }

    def _reading(self, name: str) -> str:
        return f"Reading the database {name} on {self._request.server}"

    def _rows(self, session: Session, tables: list[Table]) -> list[int]:
        if not self._request.count_rows:
            return [table.estimate for table in tables]
        statements = catalog.row_counts([(table.schema, table.name, table.condition) for table in tables])
        return [count for statement in statements for count in session.query(statement)]


def unread(store: str) -> dict[str, Any]:
    """What is said of the database with users and tokens when it is not to be looked into."""
    nothing: dict[str, Any] = {"tables": [], "sequences": [], "extensions": [], "large_objects": 0}
    return {"store": store, "auth": True, "auth_schema": None, **nothing}


def server_summary(server: Mapping[str, Any]) -> dict[str, Any]:
    return {"engine": "postgresql", **{fact: server[fact] for fact in SERVER_FACTS}}


def free_bytes(server: Mapping[str, Any]) -> int | None:
    """Free space where the server keeps its data, when that is certainly a directory of this host.

    A directory of the same name proves nothing: the server's pid file has to name its port and the time of its start.
    """
    directory = server["data_directory"]
    if not directory:
        return None
    try:
        lines = Path(directory, "postmaster.pid").read_text(encoding="utf-8").splitlines()
        state = os.statvfs(directory)
    except OSError:
        return None
    if not is_same_server(lines, server):
        return None
    return state.f_bavail * state.f_frsize


def is_same_server(pid_file: list[str], server: Mapping[str, Any]) -> bool:
    if len(pid_file) < 4:
        return False
    started, port = pid_file[2].strip(), pid_file[3].strip()
    # The file has been written a moment before the server took its start time.
    return started.isdigit() and port == str(server["port"]) and abs(int(started) - int(server["started"])) <= 2


def _holds_auth_schema(session: Session) -> bool:
    return holds_auth_schema(list(session.query(catalog.ALL_TABLE_NAMES)))
