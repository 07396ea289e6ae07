# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take replication away from both servers, whatever is left of it. Private; may change at any time."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import ToolError, during
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError, Server
from ansible_collections.waba.migration.plugins.module_utils._postgresql import catalog, replica_sql
from ansible_collections.waba.migration.plugins.module_utils._postgresql.load import TARGET
from ansible_collections.waba.migration.plugins.module_utils._postgresql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._postgresql.sql import identifier
from ansible_collections.waba.migration.plugins.module_utils._postgresql.target import (
    END_INTERVAL,
    END_SECONDS,
    TargetDatabases,
    incomplete_name,
)
from ansible_collections.waba.migration.plugins.module_utils._postgresql.workplace import (
    MAINTENANCE_DATABASE,
    Workplace,
)
from ansible_collections.waba.migration.plugins.module_utils._replica import Leavings, ReplicaRequest
from ansible_collections.waba.migration.plugins.module_utils._way_back import WayBackRequest

# The source for what is written there: publications, slots and the account. Everything else only reads it.
CHANGE = "change"


class Rest(ABC):
    """What is left on one of the servers."""

    service: str

    def __init__(self, workplace: Workplace, request: ReplicaRequest | WayBackRequest) -> None:
        self._workplace = workplace
        self._name = request.name

    @abstractmethod
    def find(self) -> Leavings: ...

    @abstractmethod
    def remove(self, found: Leavings) -> None: ...

    def _session(self, database: str = MAINTENANCE_DATABASE) -> Session:
        return self._workplace.session(self.service, database)


class SourceRest(Rest):
    """On the server that changes come from publications, slots, and the account."""

    service = CHANGE

    def __init__(self, workplace: Workplace, request: ReplicaRequest | WayBackRequest) -> None:
        super().__init__(workplace, request)
        self._request = request

    def find(self) -> Leavings:
        with self._session() as session:
            self._workplace.server_facts(CHANGE, session)
            slots = session.query(replica_sql.slots_of(self._name))
            asked = sorted({*self._request.databases, *slots.values()})
            present = session.query(replica_sql.databases(asked))
            comment = session.query(replica_sql.account(self._name))
        published = []
        for name in sorted(present):
            with during(f"Reading {name} on {self._request.source}"), self._session(name) as session:
                if session.query(replica_sql.published(self._name)) is not None:
                    published.append(name)
        account = self._name if comment == replica_sql.ACCOUNT_COMMENT else None
        return Leavings(publications=published, slots=sorted(slots), account=account)

    def remove(self, found: Leavings) -> None:
        """The slots first: they are what the server keeps its changes for."""
        with during(f"Removing replication from {self._request.source}"):
            if found.slots:
                drop_slots(self._session, self._request.source, found.slots)
            for name in found.publications:
                with self._session(name) as session:
                    session.execute(f"DROP PUBLICATION IF EXISTS {identifier(self._name)}")
            if found.account:
                with self._session() as session:
                    session.execute(f"DROP ROLE IF EXISTS {identifier(found.account)}")


class SubscriberRest(Rest):
    """On the server that changes go to subscriptions."""

    service = TARGET

    def __init__(self, workplace: Workplace, request: ReplicaRequest | WayBackRequest) -> None:
        super().__init__(workplace, request)
        self._server = request.target

    def find(self) -> Leavings:
        with self._session() as session:
            self._workplace.server_facts(TARGET, session)
            return Leavings(subscriptions=sorted(session.query(replica_sql.subscriptions(self._name))))

    def remove(self, found: Leavings) -> None:
        with during(f"Removing replication from {self._server}"):
            for database in found.subscriptions:
                with self._session(database) as session:
                    session.execute(*replica_sql.drop_subscription(self._name))


class TargetRest(SubscriberRest):
    """On the new server subscriptions, and databases that have no final name yet."""

    def __init__(self, workplace: Workplace, request: ReplicaRequest) -> None:
        super().__init__(workplace, request)
        self._request = request

    def find(self) -> Leavings:
        with self._session() as session:
            self._workplace.server_facts(TARGET, session)
            subscribed = session.query(replica_sql.subscriptions(self._name))
            hidden = [incomplete_name(name) for name in self._request.databases]
            present = session.query(replica_sql.databases(hidden))
        own = [name for name in hidden if name in present and self._is_ours(name, present[name], name in subscribed)]
        return Leavings(subscriptions=sorted(subscribed), databases=own)

    def remove(self, found: Leavings) -> None:
        super().remove(found)
        if found.databases:
            with during(f"Removing databases that follow from {self._server}"), self._session() as session:
                target = TargetDatabases(session, self._server)
                target.end_sessions_on(found.databases)
                target.drop(found.databases)

    def _is_ours(self, name: str, facts: dict[str, Any], subscribed: bool) -> bool:
        """One without a comment is ours while it is empty: a seed was killed right after it had created it."""
        comment = facts["comment"]
        if comment is None and not subscribed:
            return self._is_empty(name)
        return subscribed or comment == self._request.marker or self._request.is_ours(comment)

    def _is_empty(self, name: str) -> bool:
        looking = f"Looking into the database {name} on {self._server}"
        with during(looking), self._session(name) as session:
            return bool(session.query(catalog.IS_EMPTY))


def drop_slots(open_session: Callable[[], Session], server: Server, slots: Sequence[str]) -> None:
    """Drop slots whoever is using them."""
    deadline = time.monotonic() + END_SECONDS
    left = len(slots)
    while left:
        # Who follows may come back between the two looks, and then the second one fails and ends its session.
        with suppress(ToolError), open_session() as session:
            session.query(replica_sql.end_senders(slots))
            left = session.query(replica_sql.drop_inactive(slots))
        if left and time.monotonic() > deadline:
            raise DatabaseError(
                f"The slots {', '.join(slots)} on {server} are in use and cannot be dropped. Look at "
                "pg_stat_replication there for who is using them."
            )
        if left:
            time.sleep(END_INTERVAL)


def find_everything(source: SourceRest, target: SubscriberRest) -> Leavings:
    there, here = source.find(), target.find()
    return Leavings(there.publications, there.slots, there.account, here.subscriptions, here.databases)


def remove_everything(source: SourceRest, target: SubscriberRest) -> Leavings:
    """Both servers, even if one of them cannot be reached."""
    troubles: list[DatabaseError] = []

    def clean(side: Rest) -> Leavings:
        try:
            found = side.find()
            side.remove(found)
        except DatabaseError as error:
            troubles.append(error)
            return Leavings()
        return found

    here, there = clean(target), clean(source)
    if troubles:
        raise DatabaseError(
            f"{' '.join(str(trouble) for trouble in troubles)} What could be reached was removed. Run this again when "
            "the server is there: slots that stay make their server keep its changes."
        ) from troubles[0]
    return Leavings(there.publications, there.slots, there.account, here.subscriptions, here.databases)
