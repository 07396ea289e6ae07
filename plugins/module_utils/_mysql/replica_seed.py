# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seed databases from one moment of the old server, and have them follow from there. Private; may change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import (
    ToolError,
    during,
    in_parallel,
)
from ansible_collections.waba.migration.plugins.module_utils._copy_progress import Progress
from ansible_collections.waba.migration.plugins.module_utils._copy_run import DATABASES_AT_ONCE
from ansible_collections.waba.migration.plugins.module_utils._database import CopyResult, DatabaseError, Server
from ansible_collections.waba.migration.plugins.module_utils._mysql import catalog, gate, obstacles, replica_sql
from ansible_collections.waba.migration.plugins.module_utils._mysql.connection import PINNED_SETTINGS, Service
from ansible_collections.waba.migration.plugins.module_utils._mysql.inventory import definitions_of, documents_of
from ansible_collections.waba.migration.plugins.module_utils._mysql.link import (
    certificate_of,
    channel_once,
    new_password,
    try_link,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.load import SOURCE
from ansible_collections.waba.migration.plugins.module_utils._mysql.obstacles import ServerFacts
from ansible_collections.waba.migration.plugins.module_utils._mysql.plan import Plan
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_dumps import Held, Moment, streams_of
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_ledger import Entry, ReplicaLedger
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_load import HeldLoader, LogWatch
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_server import (
    CHANGE,
    channel_on,
    database_obstacles,
    facts_of,
    keep_quiet,
    keep_to_itself,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_sql import Position
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_undo import (
    SourceRest,
    TargetRest,
    remove_everything,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_words import ANY_HOST, Words, words_for
from ansible_collections.waba.migration.plugins.module_utils._mysql.standing import last_position
from ansible_collections.waba.migration.plugins.module_utils._mysql.target import incomplete_name
from ansible_collections.waba.migration.plugins.module_utils._mysql.transfer import Transfer
from ansible_collections.waba.migration.plugins.module_utils._mysql.workplace import Workplace
from ansible_collections.waba.migration.plugins.module_utils._replica import Obstacle, ReplicaRequest


class ReplicaPlan(Transfer):
    """Looks at both servers, and refuses what could not be followed. Nothing is written."""

    def __init__(self, workplace: Workplace, request: ReplicaRequest, progress: Progress) -> None:
        super().__init__(workplace, request, progress)
        self._replica = request
        self._there: ServerFacts
        self._here: ServerFacts
        self._words: Words
        workplace.add(CHANGE, Service(request.source, PINNED_SETTINGS))

    def _begin(self, source: Mapping[str, Any], target: Mapping[str, Any]) -> None:
        found = self._obstacles(source, target)
        if found:
            raise DatabaseError(
                f"The databases on {self._request.source} cannot be followed from {self._request.target}: "
                f"{'; '.join(str(obstacle) for obstacle in found)}."
            )

    def obstacles(self) -> list[Obstacle]:
        """What stands against a seed. The link is tried only where nothing else keeps the servers apart."""
        found = self._obstacles(*self._connect())
        if any(obstacle.database is None or obstacle.what == obstacles.OWN_LOG for obstacle in found):
            return found
        return found + self._link_obstacles()

    def _link_obstacles(self) -> list[Obstacle]:
        """With an account that is not there: who only asks for obstacles shall not be sent a log."""
        link = replace(self._replica.link, user=self._words.user, password=new_password())
        answer = self._try_link(link)
        reached = obstacles.REACHED if self._there.makes_accounts else obstacles.REACHED[:1]
        if answer is None or answer[0] in reached:
            return []
        return [obstacles.of_link(str(self._request.target), str(self._replica.link), answer[1])]

    def _try_link(self, link: Server) -> tuple[int, str] | None:
        """From the server that will have to connect: the error that it meets, or None. Nothing is left of it."""
        words, session = self._words, self._target_session
        keep_quiet(session, self._here.rights)
        if channel_on(session, words) is not None:
            raise DatabaseError(f"{self._request.target} has replication under the name {words.name} already.")
        with during(f"Trying the link from {self._request.target} to {link}"):
            with self._workplace.session(CHANGE) as source:
                position = last_position(source, self._there.release)
            return try_link(session, words, link, position, obstacles.anonymous(self._there, self._here))

    def _most_pieces(self) -> int:
        return self._request.jobs

    def _obstacles(self, source: Mapping[str, Any], target: Mapping[str, Any]) -> list[Obstacle]:
        databases = self._request.databases
        with during(f"Asking {self._request.source} for what replication needs"):
            self._there = facts_of(self._source, source)
            found = obstacles.of_source(self._there, databases)
            if self._replica.require_own_log:
                present = [row["name"] for row in self._source.documents(catalog.DATABASES)]
                with_users = [row[0] for row in self._source.rows(replica_sql.WITH_USERS)]
                found += obstacles.users_in_log(self._there, databases, present, with_users)
            for name in databases:
                found += database_obstacles(self._source, name, self._there)
        with during(f"Asking {self._request.target} for what replication needs"):
            self._here = facts_of(self._target_session, target)
        self._words = words_for(self._here.release, self._replica.name)
        if self._replica.require_own_account:
            found += obstacles.own_account(self._there)
        else:
            found += obstacles.password(self._there, len(self._request.source.password), self._words.longest_password)
        return found + obstacles.of_target(self._there, self._here)


class ReplicaSeed(ReplicaPlan):
    """One seed. When it fails, nothing of it is left on either server."""

    def __init__(self, workplace: Workplace, request: ReplicaRequest, progress: Progress) -> None:
        super().__init__(workplace, request, progress)
        self._log_watch: LogWatch
        self._link: Server
        self._position: Position
        self._held: dict[str, list[Held]] = {}
        self._loaders: dict[str, HeldLoader] = {}
        self._begun = False
        self._plans: list[Plan] = []

    def seed(self) -> CopyResult:
        try:
            return self.copy()
        except BaseException as error:
            if self._begun:
                self._undo(self._children().cause or error)
            raise

    def copy(self) -> CopyResult:
        with LogWatch(self._workplace, self._replica) as self._log_watch:
            return super().copy()

    def plan(self) -> list[Plan]:
        self._plans = super().plan()
        return self._plans

    def _begin(self, source: Mapping[str, Any], target: Mapping[str, Any]) -> None:
        super()._begin(source, target)
        self._refuse_name()
        self._begun = True
        self._link = self._make_account()
        keep_quiet(self._target_session, self._here.rights)
        hidden = [incomplete_name(name) for name in self._request.databases]
        with during(f"Creating the account that applies changes on {self._request.target}"):
            self._target_session.execute(*self._words.create_applier(hidden, new_password()))
        # Before hours of copying.
        answer = self._try_link(self._link)
        if answer:
            raise DatabaseError(
                f"Connecting from the new database server {self._request.target} to {self._link} as {self._link.user} "
                f"failed: {answer[1]}"
            )

    def _refuse_name(self) -> None:
        name, target = self._replica.name, self._request.target
        if channel_on(self._target_session, self._words) is not None:
            raise DatabaseError(f"{target} has replication under the name {name} already, so another one is needed.")

    def _make_account(self) -> Server:
        """An account that may replicate and nothing else; who may not make one follows with its own."""
        source = self._request.source
        if not self._there.makes_accounts:
            return replace(self._replica.link, user=source.user, password=source.password)
        words = words_for(self._there.release, self._replica.name)
        name, password = words.user, new_password()
        with during(f"Creating the account {name} on {source}"), self._workplace.session(CHANGE) as session:
            if session.rows(replica_sql.account_exists(name, ANY_HOST)) != [["0"]]:
                raise DatabaseError(f"{source} has an account {name} already, so another name is needed.")
            keep_to_itself(session, self._there.rights)
            session.execute(*words.create_account(password, self._replica.link.ssl_mode != "disable"))
        return replace(self._replica.link, user=name, password=password)

    def _make_room(self) -> None:
        """And everything else that can be done before the moment, which has to be short."""
        super()._make_room()
        before = self._here.variables.get("gtid_slave_pos")
        entries = [Entry(name, self._request.owner, self._request.marker, before) for name in self._request.databases]
        with during(f"Noting on {self._request.target} what will follow"):
            ReplicaLedger(self._target_session).begin(self._replica.name, entries)
        steps = [partial(self._make_tables, plan) for plan in self._plans]
        in_parallel(self._workplace.children, steps, DATABASES_AT_ONCE)
        streams = [stream for plan in self._plans for stream in streams_of(plan, self._request.jobs)]
        moment = Moment(self._workplace, self._there.release, str(self._request.source))
        self._position, held = moment.begin(streams, list(self._sessions.values()))
        self._log_watch.look_after(self._position)
        for each in held:
            self._held.setdefault(each.stream.database, []).append(each)

    def _make_tables(self, plan: Plan) -> None:
        hidden = incomplete_name(plan.database)
        with during(f"Creating the database {hidden} on the target {self._request.target}"):
            self._create(hidden, plan)
        loader = self._loaders[plan.database] = HeldLoader(
            self._workplace, self._request, self._progress, self._slots, plan
        )
        loader.create_tables()

    def _fill(self, plan: Plan, hidden: str) -> None:
        self._loaders[plan.database].load_held(self._held.get(plan.database, []))

    def _definitions(self, database: str) -> dict[str, str]:
        # The session that counts sees the moment of the copy only.
        again = f"Reading the definitions of the database {database} on {self._request.source} again"
        with during(again), self._workplace.session(SOURCE) as session:
            return definitions_of(documents_of(session, catalog.columns_of(database), database))

    def _differences(self, tables: Sequence[str], source: gate.Truth, target: gate.Truth) -> list[str]:
        """Counters are always seen as they are now, and the client goes on using them."""
        return gate.differences(tables, replace(source, counters={}), replace(target, counters={}))

    def _show(self, plans: list[Plan]) -> None:
        """They keep their hidden names until they are cut off, so that nobody takes them for complete."""
        self._progress.phase("subscribing")
        names = {plan.database: incomplete_name(plan.database) for plan in plans}
        session = self._target_session
        with during(f"Having {self._request.target} follow {self._link}"):
            session.execute(
                self._words.connect(self._link, certificate_of(self._link), self._position),
                *self._words.identify(obstacles.anonymous(self._there, self._here)),
                *self._words.apply(),
                *self._words.filters(names),
                self._words.start(),
            )
            channel = channel_once(
                session, self._words, lambda found: (found.receiving and found.applying) or bool(found.apply_error)
            )
            if channel.receive_error:
                raise ToolError(channel.receive_text)
        self._created.clear()

    def _drop_half_done(self) -> None:
        """Nothing can be dropped that follows."""
        rest = TargetRest(self._workplace, self._replica)
        rest.remove(replace(rest.find(), databases=[]))
        super()._drop_half_done()

    def _undo(self, error: BaseException) -> None:
        self._workplace.stop_everything()
        try:
            remove_everything(
                SourceRest(self._workplace, self._replica.name), TargetRest(self._workplace, self._replica)
            )
        except DatabaseError as trouble:
            raise DatabaseError(f"{_sentence(error)} Replication could not be removed: {trouble}") from error
        if isinstance(error, DatabaseError):
            raise DatabaseError(f"{_sentence(error)} Nothing of it was left on either server.") from error


def _sentence(error: BaseException) -> str:
    """What a tool says ends without a full stop."""
    return str(error).rstrip(".") + "."
