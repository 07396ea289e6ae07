# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where two servers stand: who is connected, how far the log has come, how rows are compared. Private."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._copy_target import describe_sessions
from ansible_collections.waba.migration.plugins.module_utils._postgresql import fingerprint_sql, replica_sql
from ansible_collections.waba.migration.plugins.module_utils._postgresql.session import Session


def busy(session: Session, databases: Sequence[str], replication_account: str) -> str:
    """Who is connected to the databases, empty when nobody is."""
    found = session.query(replica_sql.sessions_on(databases, replication_account))
    return "; ".join(f"{name}: {describe_sessions(sessions)}" for name, sessions in found.items())


def last_position(session: Session) -> str:
    """Everything that was committed is before it."""
    session.query(replica_sql.LAST_POSITION)
    return str(session.query(replica_sql.FLUSHED_POSITION))


def choose_method(source: Session, target: Session) -> dict[str, Any]:
    """A hash of rows that both servers compute alike."""
    facts = []
    for session in (source, target):
        found = {**session.query(fingerprint_sql.SERVER), "probe": None}
        if found["version_num"] >= fingerprint_sql.EXTENDED_HASHES:
            found["probe"] = session.query(fingerprint_sql.PROBE)
        facts.append(found)
    return fingerprint_sql.choose_method(*facts)
