# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take replication away from both servers, whatever is left of it. Private; may change at any time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from functools import partial
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import during
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._mysql import catalog, obstacles, replica_sql
from ansible_collections.waba.migration.plugins.module_utils._mysql.ledger import Ledger
from ansible_collections.waba.migration.plugins.module_utils._mysql.load import TARGET
from ansible_collections.waba.migration.plugins.module_utils._mysql.planning import rights_of
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_ledger import ReplicaLedger
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_server import (
    CHANGE,
    channel_on,
    facts_of,
    keep_to_itself,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_words import (
    ANY_HOST,
    APPLIER_HOST,
    may_only_replicate,
    words_for,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._mysql.target import (
    TargetServer,
    databases_on,
    incomplete_name,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.watch import Watch
from ansible_collections.waba.migration.plugins.module_utils._mysql.workplace import Workplace
from ansible_collections.waba.migration.plugins.module_utils._replica import Leavings, ReplicaRequest


class Rest(ABC):
    """What is left on one of the servers."""

    service: str

    def __init__(self, workplace: Workplace, name: str) -> None:
        self._workplace = workplace
        self._name = name

    @abstractmethod
    def find(self) -> Leavings: ...

    @abstractmethod
    def remove(self, found: Leavings) -> None: ...

    def watched(self) -> Watch:
        """A server that does not answer any more is not waited for."""
        pings = {self._workplace.server(self.service): self._workplace.ping(self.service)}
        return Watch(self._workplace.children, pings)

    def recover(self) -> None:
        """Be able to start processes again, after all were ended because the other server does not answer."""
        self._workplace.stop_everything()

    def _facts(self, session: Session) -> dict[str, Any]:
        return self._workplace.server_facts(self.service, session)


class SourceRest(Rest):
    """On the server that is followed the account, and what is sent to it."""

    service = CHANGE

    def find(self) -> Leavings:
        with self._workplace.session(CHANGE) as session:
            facts = self._facts(session)
            if not facts_of(session, facts).makes_accounts:
                # Then there is none of its own.
                return Leavings()
            words = words_for(facts["release"], self._name)
            if session.rows(replica_sql.account_exists(words.user, ANY_HOST)) == [["0"]]:
                return Leavings()
            ours = may_only_replicate([row[0] for row in session.rows(words.show_grants())])
        return Leavings(account=words.user if ours else None)

    def remove(self, found: Leavings) -> None:
        if not found.account:
            return
        server = self._workplace.server(CHANGE)
        with during(f"Removing replication from {server}"), self._workplace.session(CHANGE) as session:
            facts = self._facts(session)
            keep_to_itself(session, rights_of(session, facts))
            session.execute(words_for(facts["release"], self._name).drop_account())
            senders = replica_sql.senders_of(session.rows(catalog.PROCESSES), found.account)
            if senders:
                self._workplace.kill(CHANGE, senders)


class TargetRest(Rest):
    """On the new server the channel, who applies its changes, and databases that have no final name yet."""

    service = TARGET

    def __init__(self, workplace: Workplace, request: ReplicaRequest) -> None:
        super().__init__(workplace, request.name)
        self._request = request

    def find(self) -> Leavings:
        with self._workplace.session(TARGET) as session:
            facts = self._facts(session)
            words = words_for(facts["release"], self._name)
            entries = ReplicaLedger(session).entries(self._name)
            # Who may not even look has made none, and is told so with all that stands against a seed.
            looks = bool(entries) or obstacles.sees_channels(facts["release"], rights_of(session, facts))
            channel = channel_on(session, words) if looks else None
            applier = session.rows(replica_sql.account_exists(words.user, APPLIER_HOST)) != [["0"]]
            present = databases_on(session, Ledger(session))
        wanted = {*self._request.databases, *entries}
        hidden = [incomplete_name(name) for name in sorted(wanted)]
        own = [name for name in hidden if name in present and self._is_ours(present[name]["comment"])]
        # A cut that was killed right at its end had begun to show them.
        own += [
            name
            for name in sorted(wanted)
            if name in present and present[name]["half_done"] and self._is_ours(present[name]["comment"])
        ]
        return Leavings(
            subscriptions=sorted(entries),
            databases=own,
            channel=self._name if channel else None,
            applier=words.user if applier else None,
        )

    def remove(self, found: Leavings) -> None:
        with during(f"Removing replication from {self._request.target}"), self._workplace.session(TARGET) as session:
            facts = self._facts(session)
            words = words_for(facts["release"], self._name)
            if found.channel:
                session.execute(words.stop(), words.forget())
            if found.applier:
                session.execute(*words.drop_applier())
            ledger = ReplicaLedger(session)
            positions = {entry.gtid_position for entry in ledger.entries(self._name).values()} - {None}
            if positions and not session.rows(words.status()):
                # Or another server's changes would seem to be here, though its databases are gone.
                session.execute(*words.forget_positions(positions.pop() or ""))
            if found.databases:
                target = TargetServer(session, self._request, partial(self._workplace.kill, TARGET))
                target.end_sessions_on(found.databases)
                target.drop(found.databases)
            ledger.forget(self._name)

    def _is_ours(self, comment: str | None) -> bool:
        return comment is not None and (comment == self._request.marker or self._request.is_ours(comment))


def find_everything(source: Rest, target: Rest) -> Leavings:
    return _together(source.find(), target.find())


def remove_everything(source: Rest, target: Rest) -> Leavings:
    """Both servers, even if one of them cannot be reached."""
    troubles: list[DatabaseError] = []

    def clean(side: Rest) -> Leavings:
        try:
            with side.watched():
                found = side.find()
                side.remove(found)
        except DatabaseError as error:
            troubles.append(error)
            return Leavings()
        return found

    here = clean(target)
    if troubles:
        source.recover()
    there = clean(source)
    if troubles:
        raise DatabaseError(
            f"{' '.join(str(trouble) for trouble in troubles)} What could be reached was removed. Run this again when "
            "the server is there."
        ) from troubles[0]
    return _together(there, here)


def _together(there: Leavings, here: Leavings) -> Leavings:
    return replace(here, account=there.account, publications=there.publications)
