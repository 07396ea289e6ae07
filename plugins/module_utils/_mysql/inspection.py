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
from ansible_collections.waba.migration.plugins.module_utils._database import InspectRequest
from ansible_collections.waba.migration.plugins.module_utils._database_names import (
    AUTH_STORE,
    classify,
    holds_auth_schema,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql import catalog, obstacles
from ansible_collections.waba.migration.plugins.module_utils._mysql.connection import (
    FRESH_STATISTICS,
    MARIADB,
    PINNED_SETTINGS,
    READ_ONLY,
    Service,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.inventory import read_inventory
from ansible_collections.waba.migration.plugins.module_utils._mysql.ledger import DATABASE, Ledger
from ansible_collections.waba.migration.plugins.module_utils._mysql.obstacles import ServerFacts
from ansible_collections.waba.migration.plugins.module_utils._mysql.plan import Inventory
from ansible_collections.waba.migration.plugins.module_utils._mysql.refusals import Rights, not_carried, used_collations
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_server import database_obstacles, facts_of
from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._mysql.target import databases_on
from ansible_collections.waba.migration.plugins.module_utils._mysql.workplace import Workplace
from ansible_collections.waba.migration.plugins.module_utils._replica import Obstacle, obstacles_summary

SERVICE = "server"
DATABASES_AT_ONCE = 4
COMMON_FACTS = ("name", "encoding", "collate", "size_bytes", "sessions", "comment")
# What a server of this engine has not.
ABSENT_FACTS: dict[str, Any] = {
    "owner": None,
    "ctype": None,
    "provider": None,
    "sequences": [],
    "extensions": [],
    "large_objects": 0,
}
# The pid file has been written a moment after the server took its start time.
START_TOLERANCE = 5


def inspect(workplace: Workplace, request: InspectRequest) -> dict[str, Any]:
    workplace.add(SERVICE, Service(request.server, PINNED_SETTINGS, (READ_ONLY, FRESH_STATISTICS)))
    with workplace.session(SERVICE) as session:
        server = workplace.server_facts(SERVICE, session)
        workplace.prefer_tools_of(server["release"])
        with during(f"Reading the catalogue of {request.server}"):
            rights = Rights(server["user"], session.documents(catalog.PRIVILEGES), [])
            present = databases_on(session, Ledger(session))
            accounts = read_accounts(session, rights)
            uptime = int(session.rows(catalog.UPTIME)[0][1])
            facts = facts_of(session, server)
    ours = classify(
        [name for name in present if name != DATABASE], request.prefix, not server["lower_case_table_names"]
    )
    reader = DatabaseReader(workplace, request, facts)
    described = [partial(reader.describe, present[name], store) for name, store in ours.ours.items()]
    foreign = [partial(reader.describe_foreign, present[name]) for name in ours.foreign]
    databases = in_parallel(workplace.children, described, DATABASES_AT_ONCE)
    lacking = obstacles.of_source(facts, sorted(reader.obstacles))
    lacking += obstacles.users_in_log(facts, sorted(reader.obstacles), sorted(present), [])
    for name in sorted(reader.obstacles):
        lacking += reader.obstacles[name]
    return {
        "server": {**server_summary(server, rights), "free_bytes": free_bytes(server, uptime)},
        "databases": databases,
        "live_obstacles": obstacles_summary(lacking),
        "foreign": in_parallel(workplace.children, foreign, DATABASES_AT_ONCE),
        "missing": ours.missing,
        "tools": dict(workplace.tools.versions),
        "roles": accounts,
    }


class DatabaseReader:
    """Connects anew for each database, so that several are read at the same time."""

    def __init__(self, workplace: Workplace, request: InspectRequest, facts: ServerFacts) -> None:
        self._workplace = workplace
        self._request = request
        self._facts = facts
        # What keeps a database from being followed; only those that were looked into.
        self.obstacles: dict[str, list[Obstacle]] = {}

    def describe(self, facts: Mapping[str, Any], store: str) -> dict[str, Any]:
        name = facts["name"]
        if store == AUTH_STORE and not self._request.look_into_auth:
            return {**{fact: facts[fact] for fact in COMMON_FACTS}, **ABSENT_FACTS, **unread(store)}
        with during(self._reading(name)), self._workplace.session(SERVICE) as session:
            inventory = read_inventory(session, name)
            rows = self._rows(session, name, inventory)
            self.obstacles[name] = database_obstacles(session, name, self._facts)
        auth_schema = _holds_auth_schema(inventory, name)
        return {
            **{fact: facts[fact] for fact in COMMON_FACTS},
            **ABSENT_FACTS,
            "store": store,
            "auth": store == AUTH_STORE or auth_schema,
            "auth_schema": auth_schema,
            "tables": [
                {"schema": name, "name": table.name, "rows": count, "bytes": table.bytes}
                for table, count in zip(inventory.tables, rows)
            ],
            "collations": sorted(used_collations(inventory)),
            "engines": sorted({table.engine for table in inventory.tables}),
            "programs": [
                {"kind": program.kind, "name": program.name, "definer": program.definer}
                for program in inventory.programs
            ],
            "obstacles": not_carried(name, inventory),
        }

    def describe_foreign(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        name = facts["name"]
        with during(self._reading(name)), self._workplace.session(SERVICE) as session:
            inventory = read_inventory(session, name)
        return {
            "name": name,
            "owner": None,
            "size_bytes": facts["size_bytes"],
            "comment": facts["comment"],
            "auth_schema": _holds_auth_schema(inventory, name),
        }

    def _reading(self, name: str) -> str:
        return f"Reading the database {name} on {self._request.server}"

    def _rows(self, session: Session, database: str, inventory: Inventory) -> list[int]:
        if not self._request.count_rows:
            return [table.estimate for table in inventory.tables]
        counted: dict[int, int] = {}
        for statement in catalog.row_counts([(database, table.name) for table in inventory.tables]):
            counted.update({int(place): int(count) for place, count in session.rows(statement)})
        return [counted[place] for place in range(len(inventory.tables))]


def unread(store: str) -> dict[str, Any]:
    """What is said of the database with users and tokens when it is not to be looked into."""
    nothing: dict[str, Any] = {"tables": [], "collations": [], "engines": [], "programs": [], "obstacles": []}
    return {"store": store, "auth": True, "auth_schema": None, **nothing}


def server_summary(server: Mapping[str, Any], rights: Rights) -> dict[str, Any]:
    release = server["release"]
    return {
        "engine": "mysql",
        "flavour": release.flavour,
        "version": release.version,
        "version_num": release.number,
        "data_directory": server["data_directory"].rstrip("/"),
        "superuser": "SUPER" in rights.everywhere,
        "createdb": "CREATE" in rights.everywhere,
        "in_recovery": bool(server["read_only"]),
        "max_connections": server["max_connections"],
        "ssl": bool(server["ssl_cipher"]),
        "lower_case_table_names": server["lower_case_table_names"],
        "sql_mode": server["sql_mode"],
        "gtid_mode": server.get("gtid_mode"),
        "log_bin": bool(server["log_bin"]),
        "default_authentication": default_authentication(server),
        "max_allowed_packet": server["max_allowed_packet"],
    }


def default_authentication(server: Mapping[str, Any]) -> str:
    if server["release"].flavour == MARIADB:
        return "mysql_native_password"
    named = server.get("default_authentication_plugin") or server["authentication_policy"].split(",")[0].lstrip("*:")
    # The policy names none where any may be chosen and the built-in one is taken.
    return named or "caching_sha2_password"


def read_accounts(session: Session, rights: Rights) -> list[dict[str, Any]]:
    """An account that may not look has nothing to say about others."""
    if "SELECT" not in rights.everywhere:
        return []
    return [
        {
            "name": row["user"],
            "host": row["host"],
            "superuser": bool(row["superuser"]),
            "createdb": bool(row["createdb"]),
            "createrole": bool(row["createrole"]),
            "login": True,
        }
        for row in session.documents(catalog.ACCOUNTS)
    ]


def free_bytes(server: Mapping[str, Any], uptime: int) -> int | None:
    """Free space where the server keeps its data, when that is certainly a directory of this host.

    A directory of the same name proves nothing: the server's pid file has to be there, as old as the server says to be.
    """
    try:
        written = Path(server["pid_file"]).stat().st_mtime
        state = os.statvfs(server["data_directory"])
    except OSError:
        return None
    if abs(written - (server["now"] - uptime)) > START_TOLERANCE:
        return None
    return state.f_bavail * state.f_frsize


def _holds_auth_schema(inventory: Inventory, name: str) -> bool:
    return holds_auth_schema([(name, table.name) for table in inventory.tables])
