# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Old databases that follow the new ones after a cut, and take over again without loss. Private; may change."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from ansible_collections.waba.migration.plugins.module_utils._copy_gate import definition_changes
from ansible_collections.waba.migration.plugins.module_utils._copy_processes import ToolError, during
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError, Server
from ansible_collections.waba.migration.plugins.module_utils._postgresql import obstacles, replica_sql
from ansible_collections.waba.migration.plugins.module_utils._postgresql.connection import (
    PINNED_SETTINGS,
    READ_ONLY_SETTINGS,
)
from ansible_collections.waba.migration.plugins.module_utils._postgresql.cut_database import CutDatabase
from ansible_collections.waba.migration.plugins.module_utils._postgresql.link import (
    link_conninfo,
    new_password,
    salted,
    try_link,
)
from ansible_collections.waba.migration.plugins.module_utils._postgresql.load import SOURCE, TARGET
from ansible_collections.waba.migration.plugins.module_utils._postgresql.replica_state import APPLY_ERRORS
from ansible_collections.waba.migration.plugins.module_utils._postgresql.replica_undo import (
    CHANGE,
    SourceRest,
    SubscriberRest,
    find_everything,
    remove_everything,
)
from ansible_collections.waba.migration.plugins.module_utils._postgresql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._postgresql.sql import identifier, printable
from ansible_collections.waba.migration.plugins.module_utils._postgresql.standing import (
    busy,
    choose_method,
    last_position,
)
from ansible_collections.waba.migration.plugins.module_utils._postgresql.target import incomplete_name
from ansible_collections.waba.migration.plugins.module_utils._postgresql.transfer import definitions_of
from ansible_collections.waba.migration.plugins.module_utils._postgresql.workplace import (
    MAINTENANCE_DATABASE,
    Workplace,
)
from ansible_collections.waba.migration.plugins.module_utils._replica import Leavings, Obstacle, slot_name
from ansible_collections.waba.migration.plugins.module_utils._way_back import WayBackRequest, WayBackState
from ansible_collections.waba.migration.plugins.module_utils._way_back_run import LOOK_SECONDS, WayBack

SLOT_LOST = "the new server has thrown away changes that were not fetched yet (max_slot_wal_keep_size)"


class PostgreSQLWayBack(WayBack[Workplace, CutDatabase]):
    """With a publication and a slot for each database on the new server, and a subscription to it on the old one.

    Without C(look) it can do nothing but be removed, and asks neither server before.
    """

    def __init__(self, request: WayBackRequest, look: bool = True) -> None:
        super().__init__(Workplace(request.bin_directory, request.temporary_directory), request)
        self._slots = {database: slot_name(request.name, database) for database in request.databases}
        self._look = look
        self._new: Session
        self._old: Session
        self._may_subscribe = self._counts_errors = False
        self._published: dict[str, Sequence[Sequence[str]] | None] = {}

    def obstacles(self) -> list[Obstacle]:
        """The link is tried last. Its account does not exist yet, so its password can only be wrong."""
        request = self._request
        databases = request.databases
        with during(f"Asking {request.source} for what a way back needs"):
            facts = self._new.query(replica_sql.source_facts(databases))
        found = obstacles.of_source(facts, len(databases), request.require_slot_limit)
        if not facts["superuser"]:
            found.append(Obstacle(None, "rights", f"Only a superuser may make the account {request.name}"))
        with during(f"Asking {request.target} for what a way back needs"):
            found += obstacles.of_target(self._old.query(replica_sql.TARGET_FACTS), len(databases), "the old server")
        if any(obstacle.what == "rights" for obstacle in found):
            return found
        link = replace(request.link, user=request.name, password=new_password())
        try:
            with self._workplace.session(TARGET) as session:
                try_link(session, request.name, link, MAINTENANCE_DATABASE)
        except ToolError as error:
            if not obstacles.reaches_the_password(str(error), link.user):
                found.append(obstacles.of_link(str(request.target), str(link), str(error), "The old server"))
        return found

    def _open(self) -> None:
        request, workplace = self._request, self._workplace
        workplace.add(SOURCE, request.source, READ_ONLY_SETTINGS)
        workplace.add(CHANGE, request.source, PINNED_SETTINGS)
        workplace.add(TARGET, request.target, PINNED_SETTINGS)
        if not self._look:
            return
        self._new = self._session(SOURCE)
        self._old = self._session(TARGET)
        workplace.server_facts(SOURCE, self._new)
        facts = workplace.server_facts(TARGET, self._old)
        # Nobody else sees subscriptions.
        self._may_subscribe = bool(facts["superuser"])
        self._counts_errors = self._may_subscribe and facts["version_num"] >= APPLY_ERRORS
        with during(f"Reading the databases on {request.source}"):
            present = self._new.query(replica_sql.databases(request.databases))
        for name in present:
            reading = f"Reading {name} on {request.source}"
            with during(reading), workplace.session(SOURCE, name, present[name]["encoding"]) as session:
                self._published[name] = session.query(replica_sql.published(request.name))

    def _session(self, service: str, database: str = MAINTENANCE_DATABASE, encoding: str = "UTF8") -> Session:
        session = self._workplace.session(service, database, encoding)
        self._sessions.append(session)
        return session

    def _left(self) -> Leavings:
        return self._find_everything() if self._may_subscribe else self._source_rest().find()

    def _find_everything(self) -> Leavings:
        return find_everything(self._source_rest(), self._subscriber_rest())

    def _remove_everything(self) -> Leavings:
        return remove_everything(self._source_rest(), self._subscriber_rest())

    def _is_on_old(self) -> bool:
        return bool(self._subscriber_rest().find())

    def _source_rest(self) -> SourceRest:
        """A cut that was called off has published databases that still have their hidden names."""
        names = self._request.databases
        hidden = [incomplete_name(name) for name in names]
        return SourceRest(self._workplace, replace(self._request, databases=[*names, *hidden]))

    def _subscriber_rest(self) -> SubscriberRest:
        return SubscriberRest(self._workplace, self._request)

    def _read(self) -> list[WayBackState]:
        request = self._request
        with during(f"Reading the slots on {request.source}"):
            slots = self._new.query(replica_sql.slots(list(self._slots.values())))
        with during(f"Reading the subscriptions on {request.target}"):
            subscriptions = self._old.query(replica_sql.subscriptions(request.name)) if self._may_subscribe else {}
            errors = self._old.query(replica_sql.apply_errors(request.name)) if self._counts_errors else {}
        states = []
        for name, own in self._slots.items():
            slot, subscription = slots.get(own), subscriptions.get(name)
            failed = errors.get(name)
            state = WayBackState(
                name=name,
                prepared=bool(slot) and self._published.get(name) is not None,
                slot=own if slot else None,
                lag_bytes=slot["lag"] if slot else None,
                retained_bytes=slot["retained"] if slot else None,
                broken=SLOT_LOST if slot and slot["lost"] else "",
                subscribed=subscription is not None,
                enabled=bool(subscription and subscription["enabled"]),
                active=bool(slot and slot["active"]),
                working=bool(subscription and subscription["working"]),
                hindrance=f", after {failed} errors; the reason is in its log" if failed else "",
            )
            states.append(state)
        return states

    def _refuse_loop(self) -> None:
        """What comes back would be kept on the old server for the way there, and could go there once more."""
        name, old = self._request.forward_name, self._request.target
        with during(f"Looking for the way there on {old}"):
            left = self._old.query(replica_sql.slots_of(name))
        with during(f"Looking for the way there on {self._request.source}"):
            followed = self._new.query(replica_sql.subscriptions(name))
        if left or followed:
            raise DatabaseError(
                f"The replication {name} from {old} to {self._request.source} is still there, and what comes "
                "back would be kept for it. Abandon it first."
            )

    def _busy(self, new: bool) -> str:
        return busy(self._new if new else self._old, self._request.databases, self._request.name)

    def _last_position(self) -> str:
        return last_position(self._new)

    def _enable(self, names: Sequence[str]) -> None:
        for name in names:
            self._alter_old(name, f"ALTER SUBSCRIPTION {identifier(self._request.name)} ENABLE")

    def _follow(self, states: Sequence[WayBackState]) -> None:
        link = self._make_account()
        connecting = f"Connecting from the old database server {self._request.target} to {link} as {link.user}"
        with during(connecting), self._workplace.session(TARGET) as session:
            try_link(session, self._request.name, link, MAINTENANCE_DATABASE)
        for state in states:
            self._subscribe(state, link)

    def _make_account(self) -> Server:
        """One that may fetch changes and nothing else. A run that was killed may have made it already."""
        name, server = self._request.name, self._request.source
        password = new_password()
        with during(f"Creating the account {name} on {server}"), self._workplace.session(CHANGE) as session:
            comment = session.query(replica_sql.account(name))
            if comment is None:
                session.execute(*replica_sql.create_account(name, salted(password)))
            elif comment == replica_sql.ACCOUNT_COMMENT:
                session.execute(replica_sql.set_password(name, salted(password)))
            else:
                raise DatabaseError(f"{server} has a role {name} already, so another name is needed.")
        return replace(self._request.link, user=name, password=password)

    def _subscribe(self, state: WayBackState, link: Server) -> None:
        """One that is there is never made anew: it knows what it has, and would get that twice."""
        name = self._request.name
        conninfo = link_conninfo(link, state.name)
        if state.subscribed:
            statements = replica_sql.connect_anew(name, conninfo)
        else:
            slot = self._slots[state.name]
            statements = [replica_sql.create_subscription(name, slot, conninfo, confirm_at_once=True)]
        self._alter_old(state.name, *replica_sql.LOG_NOTHING, *statements)

    def _alter_old(self, database: str, *statements: str) -> None:
        changing = f"Having {database} on the old server {self._request.target} follow {self._request.source}"
        with during(changing), self._workplace.session(TARGET, database) as session:
            session.execute(*statements)

    def _drain(self, position: str) -> None:
        """Until the old server has said of every database that all before the position is safe there."""
        request = self._request
        deadline = time.monotonic() + request.timeout
        slots = list(self._slots.values())
        with during(f"Waiting for {request.target} to reach {position}"):
            while self._new.query(replica_sql.not_reached(slots, position)):
                states = self._read()
                hopeless = any(state.broken or not state.prepared or not state.enabled for state in states)
                if hopeless or time.monotonic() > deadline:
                    raise self._not_everything(states, "" if hopeless else f" within {request.timeout:g} s")
                time.sleep(LOOK_SECONDS)

    def _open_databases(self) -> list[CutDatabase]:
        with during(f"Reading the databases on {self._request.source}"):
            present = self._new.query(replica_sql.databases(self._request.databases))
        method = choose_method(self._new, self._old)

        def open_database(name: str) -> CutDatabase:
            encoding = present[name]["encoding"]
            source = self._session(SOURCE, name, encoding)
            target = self._session(TARGET, name, encoding)
            database = CutDatabase(name, source, target, ("the new server", "the old server"))
            database.look(method)
            return database

        opened: list[CutDatabase] = self._at_once([partial(open_database, name) for name in self._request.databases])
        return opened

    def _other_schemas(self, databases: Sequence[CutDatabase]) -> list[str]:
        """Nor do rows of a table come back that was not there at the cut."""
        found = []
        for database in databases:
            with during(f"Reading what is defined in {database.name} on both servers"):
                tables = database.source.query(replica_sql.PUBLISHED_TABLES)
                changes = definition_changes(definitions_of(database.target), definitions_of(database.source))
            published = self._published[database.name] or []
            new = [printable(".".join(table)) for table in tables if table not in published]
            found += [f"the table {table} of {database.name} was created after the cut" for table in new]
            named = {f"{table} is new" for table in new}
            found += [f"{change} in {database.name}" for change in changes if change not in named]
        return found
