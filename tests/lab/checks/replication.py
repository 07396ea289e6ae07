# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What databases that followed the old ones may leave on the servers, by the servers' own word."""

from __future__ import annotations

from labctl import databases
from labctl.databases.server import Server
from labctl.layout import ACME, POSTGRESQL

from checks import dumps
from checks.damage import NEW_SERVER
from checks.scene import Scene
from checks.verdict import listed

ON_A_SERVER = """
SELECT 'the slot ' || slot_name FROM pg_replication_slots
UNION ALL SELECT 'a sender to ' || coalesce(application_name, 'nobody') FROM pg_stat_replication
UNION ALL SELECT 'the account ' || rolname FROM pg_roles WHERE rolreplication AND rolname <> 'postgres'
UNION ALL SELECT 'the subscription ' || subname FROM pg_subscription
UNION ALL SELECT 'the origin ' || roname FROM pg_replication_origin
UNION ALL SELECT 'the database ' || datname FROM pg_database WHERE datname LIKE '%.incomplete';
"""
IN_A_DATABASE = "SELECT 'the publication ' || pubname FROM pg_publication;"


def _has(server: Server, question: str, database: str = "") -> list[str]:
    where = f"{database} on {server.host}" if database else server.host
    return [f"{where} has {what}" for (what,) in server.sql(question, "Looking for replication", database)]


def nothing_left(scene: Scene) -> str:
    if scene.session.state.database_engine is not POSTGRESQL:
        return ""
    old, new = (databases.server(scene.lab, scene.session.state, host) for host in (ACME.database_host, NEW_SERVER))
    found = [*_has(old, ON_A_SERVER), *_has(new, ON_A_SERVER)]
    for name in dumps.acme_databases():
        found += _has(old, IN_A_DATABASE, name)
    return listed(found)
