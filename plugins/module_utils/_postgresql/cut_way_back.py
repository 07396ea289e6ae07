# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cut does for a way back: from which moment on changes of the new databases can be fetched. Private."""

from __future__ import annotations

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import during
from ansible_collections.waba.migration.plugins.module_utils._cut_limits import OLD_ALIVE
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._postgresql import obstacles, replica_sql
from ansible_collections.waba.migration.plugins.module_utils._postgresql.cut_database import CutDatabase
from ansible_collections.waba.migration.plugins.module_utils._postgresql.load import TARGET
from ansible_collections.waba.migration.plugins.module_utils._postgresql.replica_undo import drop_slots
from ansible_collections.waba.migration.plugins.module_utils._postgresql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._postgresql.sql import identifier
from ansible_collections.waba.migration.plugins.module_utils._postgresql.target import incomplete_name
from ansible_collections.waba.migration.plugins.module_utils._postgresql.workplace import Workplace
from ansible_collections.waba.migration.plugins.module_utils._replica import CutRequest, slot_name


def way_back_of(workplace: Workplace, request: CutRequest) -> NoWayBack:
    return CutWayBack(workplace, request, request.way_back) if request.way_back else NoWayBack()


class NoWayBack:
    """Nobody has asked for one."""

    def refuse(self, session: Session) -> None:
        """Refuse what would be missing in the window."""

    def publish(self, database: CutDatabase) -> None:
        """Before the window, as it waits for whoever is cleaning up a table at that moment."""

    def make_room(self, session: Session) -> None:
        """Remove what a cut that was killed has left."""

    def begin(self, database: CutDatabase) -> None:
        """From this moment on the new server keeps changes."""

    def leave(self) -> str:
        """Undo that, since a way that nobody will go would keep the server's log. Returns what there is to say."""
        return ""


class CutWayBack(NoWayBack):
    """A publication and a slot in each database while it still has its hidden name."""

    def __init__(self, workplace: Workplace, request: CutRequest, name: str) -> None:
        self._workplace = workplace
        self._server = request.target
        self._databases = request.databases
        self._name = name
        self._slots = {database: slot_name(name, database) for database in request.databases}

    def refuse(self, session: Session) -> None:
        hidden = [incomplete_name(database) for database in self._databases]
        with during(f"Asking {self._server} for what a way back needs"):
            facts = session.query(replica_sql.source_facts([*hidden, *self._databases]))
        found = obstacles.of_source(facts, len(hidden), require_slot_limit=False)
        if found:
            raise DatabaseError(
                f"No way back can be prepared on {self._server}: {'; '.join(map(str, found))}. {OLD_ALIVE}"
            )

    def publish(self, database: CutDatabase) -> None:
        session = database.target
        with during(f"Publishing {database.name} on {self._server}"):
            tables = session.query(replica_sql.PUBLISHED_TABLES)
            published = session.query(replica_sql.published(self._name))
            if published is not None and published != tables:
                session.execute(f"DROP PUBLICATION {identifier(self._name)}")
            if published != tables:
                session.execute(replica_sql.create_publication(self._name, tables))

    def make_room(self, session: Session) -> None:
        with during(f"Looking at the slots of the way back on {self._server}"):
            session.query(replica_sql.drop_inactive(list(self._slots.values())))

    def begin(self, database: CutDatabase) -> None:
        beginning = (
            f"Beginning the way back from {database.name} on {self._server}, which waits until each transaction that "
            "is open there has ended (see pg_stat_activity),"
        )
        with during(beginning):
            database.target.query(replica_sql.begin_slot(self._slots[database.name]))

    def leave(self) -> str:
        self._workplace.stop_everything()
        try:
            drop_slots(lambda: self._workplace.session(TARGET), self._server, list(self._slots.values()))
        except DatabaseError as trouble:
            return f" The slots of the way back could not be dropped: {trouble}"
        return ""
