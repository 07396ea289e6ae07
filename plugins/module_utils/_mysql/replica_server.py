# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both servers as replication sees them. Private to this collection; may change at any time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._mysql import obstacles, replica_sql
from ansible_collections.waba.migration.plugins.module_utils._mysql.connection import PINNED_SETTINGS, Service
from ansible_collections.waba.migration.plugins.module_utils._mysql.inventory import documents_of
from ansible_collections.waba.migration.plugins.module_utils._mysql.obstacles import ServerFacts
from ansible_collections.waba.migration.plugins.module_utils._mysql.planning import rights_of
from ansible_collections.waba.migration.plugins.module_utils._mysql.refusals import Rights
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_words import Words
from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._mysql.target_settings import (
    RIGHTS_WITHOUT_LOG,
    WITHOUT_LOG,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.workplace import Workplace
from ansible_collections.waba.migration.plugins.module_utils._replica import Obstacle, ReplicaRequest

# The source for what is written there, which is the account. Everything else only reads it.
CHANGE = "change"
RIGHTS_ON_LOG = ("REPLICATION CLIENT", "BINLOG MONITOR")
RIGHTS_TO_LOG_NOTHING = ("SUPER", "SYSTEM_VARIABLES_ADMIN", "SESSION_VARIABLES_ADMIN")


def add_services(workplace: Workplace, request: ReplicaRequest, target: str) -> None:
    workplace.add(CHANGE, Service(request.source, PINNED_SETTINGS))
    workplace.add(target, Service(request.target, PINNED_SETTINGS))


def facts_of(session: Session, server: Mapping[str, Any]) -> ServerFacts:
    rights = rights_of(session, server)
    variables = {row[0]: row[1] for row in session.rows(replica_sql.VARIABLES)}
    logged: list[str] = []
    ignored: list[str] = []
    if server["log_bin"] and rights.any_of(*RIGHTS_ON_LOG):
        [status] = session.rows(replica_sql.log_status(server["release"]))
        logged, ignored = ([name for name in status[place].split(",") if name] for place in (2, 3))
    return ServerFacts(server["release"], rights, variables, logged, ignored)


def database_obstacles(session: Session, name: str, facts: ServerFacts) -> list[Obstacle]:
    tables = documents_of(session, replica_sql.tables_of(name), name)
    keyed = {row["table"] for row in documents_of(session, replica_sql.keys_of(name), name)}
    return obstacles.of_database(name, tables, sorted(keyed), facts.release)


def keep_quiet(session: Session, rights: Rights) -> None:
    """Have what follows in no log for people."""
    if rights.any_of(*RIGHTS_TO_LOG_NOTHING):
        session.execute(*replica_sql.LOG_NOTHING)


def keep_to_itself(session: Session, rights: Rights) -> None:
    """Nor in one for other servers. Not on the new one, whose own replicas have to learn what is there."""
    keep_quiet(session, rights)
    if rights.any_of(*RIGHTS_WITHOUT_LOG):
        session.execute(WITHOUT_LOG)


def channel_on(session: Session, words: Words) -> replica_sql.Channel | None:
    return replica_sql.channel_of(words.own(session.rows(words.status())))
