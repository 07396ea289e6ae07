# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seed databases from the moment that their slots begin at, and have them follow. Private; may change at any time."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import (
    StoppedError,
    ToolError,
    during,
)
from ansible_collections.waba.migration.plugins.module_utils._copy_progress import Progress
from ansible_collections.waba.migration.plugins.module_utils._database import CopyResult, DatabaseError, Server
from ansible_collections.waba.migration.plugins.module_utils._postgresql import gate, obstacles, replica_sql
from ansible_collections.waba.migration.plugins.module_utils._postgresql.connection import PINNED_SETTINGS
from ansible_collections.waba.migration.plugins.module_utils._postgresql.link import (
    link_conninfo,
    new_password,
    salted,
    try_link,
)
from ansible_collections.waba.migration.plugins.module_utils._postgresql.load import SOURCE, TARGET
from ansible_collections.waba.migration.plugins.module_utils._postgresql.plan import Plan
from ansible_collections.waba.migration.plugins.module_utils._postgresql.replica_undo import (
    CHANGE,
    SourceRest,
    TargetRest,
    remove_everything,
)
from ansible_collections.waba.migration.plugins.module_utils._postgresql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._postgresql.sql import literal, printable
from ansible_collections.waba.migration.plugins.module_utils._postgresql.target import incomplete_name
from ansible_collections.waba.migration.plugins.module_utils._postgresql.transfer import Transfer
from ansible_collections.waba.migration.plugins.module_utils._postgresql.workplace import Workplace
from ansible_collections.waba.migration.plugins.module_utils._replica import (
    Obstacle,
    ReplicaRequest,
    size_text,
    slot_name,
)

WATCH_SECONDS = 2.0


class ReplicaPlan(Transfer):
    """Looks at both servers, and refuses what could not be followed. Nothing is written."""

    def __init__(self, workplace: Workplace, request: ReplicaRequest, progress: Progress) -> None:
        super().__init__(workplace, request, progress)
        self._replica = request

    def _begin(self, source: Mapping[str, Any], target: Mapping[str, Any]) -> None:
        found = self._obstacles()
        if found:
            raise DatabaseError(
                f"The databases on {self._request.source} cannot be followed from {self._request.target}: "
                f"{'; '.join(str(obstacle) for obstacle in found)}."
            )

    def obstacles(self) -> list[Obstacle]:
        """What stands against a seed. The link is tried only where nothing else keeps the servers apart."""
        source, _target = self._connect()
        found = self._obstacles()
        if any(obstacle.database is None and obstacle.what in ("rights", "own_account") for obstacle in found):
            return found
        return found + self._link_obstacles(bool(source["superuser"]))

    def _link_obstacles(self, superuser: bool) -> list[Obstacle]:
        """In place of a superuser an account follows that is made later. Until then its password can only be wrong."""
        source, link = self._request.source, self._replica.link
        if superuser:
            link = replace(link, user=self._replica.name, password=new_password())
        else:
            link = replace(link, user=source.user, password=source.password)
        try:
            self._try_link(link)
        except ToolError as error:
            if superuser and obstacles.reaches_the_password(str(error), link.user):
                return []
            return [obstacles.of_link(str(self._request.target), str(link), str(error))]
        return []

    def _try_link(self, link: Server) -> None:
        with self._workplace.session(TARGET) as session:
            try_link(session, self._replica.name, link, self._request.databases[0])

    def _obstacles(self) -> list[Obstacle]:
        databases = self._request.databases
        with during(f"Asking {self._request.source} for what replication needs"):
            facts = self._source.query(replica_sql.source_facts(databases))
            found = obstacles.of_source(facts, len(databases), self._replica.require_slot_limit)
            if self._replica.require_own_account:
                found += obstacles.own_account(facts)
            for name in databases:
                with self._workplace.session(SOURCE, name) as session:
                    found += obstacles.of_database(name, session.query(replica_sql.DATABASE_FACTS))
        asking = f"Asking {self._request.target} for what replication needs"
        with during(asking), self._workplace.session(TARGET) as session:
            found += obstacles.of_target(session.query(replica_sql.TARGET_FACTS), len(databases))
        return found


class ReplicaSeed(ReplicaPlan):
    """One seed. When it fails, nothing of it is left on either server."""

    def __init__(self, workplace: Workplace, request: ReplicaRequest, progress: Progress) -> None:
        super().__init__(workplace, request, progress)
        self._slot_names = {name: slot_name(request.name, name) for name in request.databases}
        self._link: Server
        self._begun = False
        workplace.add(CHANGE, request.source, PINNED_SETTINGS)

    def seed(self) -> CopyResult:
        try:
            return self.copy()
        except BaseException as error:
            if self._begun:
                self._undo(self._children().cause or error)
            raise

    def copy(self) -> CopyResult:
        with SlotWatch(self._workplace, self._replica, list(self._slot_names.values())):
            return super().copy()

    def _begin(self, source: Mapping[str, Any], target: Mapping[str, Any]) -> None:
        super()._begin(source, target)
        self._begun = True
        link = self._link = self._make_account(bool(source["superuser"]))
        # Before hours of copying.
        with during(f"Connecting from the new database server {self._request.target} to {link} as {link.user}"):
            self._try_link(link)

    def _make_account(self, superuser: bool) -> Server:
        """An account that may replicate and nothing else; who may not make one follows with its own."""
        source = self._request.source
        if not superuser:
            return replace(self._replica.link, user=source.user, password=source.password)
        name = self._replica.name
        password = new_password()
        with during(f"Creating the account {name} on {source}"), self._workplace.session(CHANGE) as session:
            if session.query(replica_sql.account(name)) is not None:
                raise DatabaseError(f"{source} has a role {name} already, so another name is needed.")
            session.execute(*replica_sql.create_account(name, salted(password)))
        return replace(self._replica.link, user=name, password=password)

    def _open_snapshot(self, facts: dict[str, Any]) -> Session:
        """Publish, begin a slot, and see what the databases hold at its beginning, neither less nor more."""
        name, encoding = facts["name"], facts["encoding"]
        with self._workplace.session(CHANGE, name, encoding) as session:
            tables = session.query(replica_sql.PUBLISHED_TABLES)
            session.execute(replica_sql.create_publication(self._replica.name, tables))
        reader = self._session(SOURCE, name, encoding)
        beginning = (
            f"Beginning a slot in {name}, which waits until each open transaction has ended (see pg_stat_activity),"
        )
        with during(beginning), self._workplace.replication_session(CHANGE, name, encoding) as session:
            columns = session.line(replica_sql.create_slot(self._slot_names[name])).split("|")
            reader.execute(
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", f"SET TRANSACTION SNAPSHOT {literal(columns[2])}"
            )
        missed = [table for table in reader.query(replica_sql.PUBLISHED_TABLES) if table not in tables]
        if missed:
            raise DatabaseError(
                f"Tables of {name} were created just now ({_named(missed)}). Wait until the client has done with its "
                "schema, and run this again."
            )
        return reader

    def _differences(self, plan: Plan, source: gate.Truth, target: gate.Truth) -> list[str]:
        """Sequences are always seen as they are now, and the client goes on using them."""
        return gate.differences(plan, replace(source, sequences=[]), replace(target, sequences=[]))

    def _show(self, plans: list[Plan]) -> None:
        """They keep their hidden names until they are cut off, so that nobody takes them for complete."""
        self._progress.phase("subscribing")
        for plan in plans:
            hidden = incomplete_name(plan.database)
            subscribing = f"Having {hidden} on {self._request.target} follow {self._link}"
            with during(subscribing), self._workplace.session(TARGET, hidden, plan.facts["encoding"]) as session:
                statement = replica_sql.create_subscription(
                    self._replica.name, self._slot_names[plan.database], link_conninfo(self._link, plan.database)
                )
                session.execute(*replica_sql.LOG_NOTHING, statement)
                session.execute("ANALYZE")
        self._created.clear()

    def _drop_half_done(self) -> None:
        """Nothing can be dropped that follows."""
        rest = TargetRest(self._workplace, self._replica)
        rest.remove(replace(rest.find(), databases=[]))
        super()._drop_half_done()

    def _undo(self, error: BaseException) -> None:
        self._workplace.stop_everything()
        try:
            remove_everything(SourceRest(self._workplace, self._replica), TargetRest(self._workplace, self._replica))
        except DatabaseError as trouble:
            raise DatabaseError(f"{_sentence(error)} Replication could not be removed: {trouble}") from error
        if isinstance(error, DatabaseError):
            raise DatabaseError(f"{_sentence(error)} Nothing of it was left on either server.") from error


class SlotWatch:
    """Ends a seed when the old server has to keep too much for it."""

    def __init__(self, workplace: Workplace, request: ReplicaRequest, slots: Sequence[str]) -> None:
        self._workplace = workplace
        self._request = request
        self._slots = slots
        # Those of the seed, and never those that clean up after it.
        self._children = workplace.children
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> SlotWatch:
        self._thread.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(WATCH_SECONDS):
            self._look()

    def _look(self) -> None:
        try:
            with self._workplace.session(SOURCE) as session:
                retained = int(session.query(replica_sql.retained(self._slots)))
        except (ToolError, StoppedError):
            # The seed meets the same trouble and says what it is.
            return
        if retained > self._request.retain_limit:
            self._children.stop(
                DatabaseError(
                    f"The old server {self._request.source} keeps {size_text(retained)} of changes for the seed, more "
                    f"than retain_limit allows ({size_text(self._request.retain_limit)})."
                )
            )


def _sentence(error: BaseException) -> str:
    """What a tool says ends without a full stop."""
    return str(error).rstrip(".") + "."


def _named(tables: Sequence[Sequence[str]]) -> str:
    return ", ".join(printable(".".join(table)) for table in tables)
