# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a server stands at a moment: who is connected, and how far it has written. Private; may change at any time."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._copy_target import describe_sessions
from ansible_collections.waba.migration.plugins.module_utils._mysql import catalog, replica_sql
from ansible_collections.waba.migration.plugins.module_utils._mysql.releases import Release
from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session


def busy(session: Session, databases: Collection[str]) -> str:
    """Who is connected to databases; empty when nobody is. Who applies another server's changes is not counted."""
    sessions: dict[str, list[dict[str, Any]]] = {}
    for row in session.documents(catalog.SESSIONS):
        if row["database"] in databases and row["user"] != replica_sql.REPLICATION_USER:
            address = row["host"].rpartition(":")[0] or row["host"]
            sessions.setdefault(row["database"], []).append(
                {"user": row["user"], "address": address, "application": row["application"]}
            )
    return "; ".join(f"{name}: {describe_sessions(found)}" for name, found in sorted(sessions.items()))


def last_position(session: Session, release: Release) -> replica_sql.Position:
    return replica_sql.position_of(session.rows(replica_sql.log_status(release)))
