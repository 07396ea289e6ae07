# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cut databases off their originals: the window's part of a move. Private; may change at any time.

Until the channel is stopped nothing has happened that the old client could notice, and after that the renaming follows
at once. So whatever goes wrong before, the old client can go on, and the databases go on following it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._copy_gate import summarise
from ansible_collections.waba.migration.plugins.module_utils._copy_processes import during, in_parallel
from ansible_collections.waba.migration.plugins.module_utils._copy_run import DATABASES_AT_ONCE
from ansible_collections.waba.migration.plugins.module_utils._cut_limits import (
    BOTH_ALIVE,
    END_SECONDS,
    OLD_ALIVE,
    Limit,
    no_answer,
    wait_until_idle,
)
from ansible_collections.waba.migration.plugins.module_utils._database import CopyRequest, DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._mysql.connection import (
    FRESH_STATISTICS,
    LOAD_SETTINGS,
    PINNED_SETTINGS,
    READ_ONLY,
    Service,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.cut_database import CutDatabase, Rows
from ansible_collections.waba.migration.plugins.module_utils._mysql.cut_show import Showing
from ansible_collections.waba.migration.plugins.module_utils._mysql.cut_way_back import way_back_of
from ansible_collections.waba.migration.plugins.module_utils._mysql.inventory import read_inventory
from ansible_collections.waba.migration.plugins.module_utils._mysql.load import SOURCE, TARGET
from ansible_collections.waba.migration.plugins.module_utils._mysql.plan import Plan
from ansible_collections.waba.migration.plugins.module_utils._mysql.programs import with_new_definers
from ansible_collections.waba.migration.plugins.module_utils._mysql.releases import Release
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_ledger import ReplicaLedger
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_server import channel_on
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_sql import Position
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_state import StateReader, troubles_of
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_words import Words, words_for
from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._mysql.standing import busy, last_position
from ansible_collections.waba.migration.plugins.module_utils._mysql.target import (
    TargetServer,
    databases_on,
    incomplete_name,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.target_settings import TargetSettings
from ansible_collections.waba.migration.plugins.module_utils._mysql.workplace import Workplace
from ansible_collections.waba.migration.plugins.module_utils._replica import (
    CutRequest,
    CutResult,
    DatabaseState,
    size_text,
)


def cut(request: CutRequest, check_mode: bool) -> CutResult:
    with Workplace(request.bin_directory, request.temporary_directory) as workplace, Cut(workplace, request) as one:
        if not one.open():
            return CutResult(changed=one.finish(check_mode))
        return CutResult(changed=True) if check_mode else one.run()


class Cut:
    """All connections are open before the clock begins to tick."""

    def __init__(self, workplace: Workplace, request: CutRequest) -> None:
        self._workplace = workplace
        self._request = request
        self._source: Session
        self._target: Session
        self._reader: StateReader
        self._words: Words
        self._release: Release
        self._showing: Showing
        self._sessions: list[Session] = []
        self._databases: list[CutDatabase] = []
        workplace.add(SOURCE, Service(request.source, PINNED_SETTINGS, (READ_ONLY, FRESH_STATISTICS)))
        workplace.add(TARGET, Service(request.target, LOAD_SETTINGS, (FRESH_STATISTICS,)))

    def __enter__(self) -> Cut:
        return self

    def __exit__(self, *unused: object) -> None:
        self._workplace.children.stop()
        for session in self._sessions:
            session.close()

    def open(self) -> bool:
        """Open everything, and refuse what cannot be cut. Returns whether there is something to do."""
        self._source, self._target = self._session(SOURCE), self._session(TARGET)
        source = self._workplace.server_facts(SOURCE, self._source)
        target = self._workplace.server_facts(TARGET, self._target)
        self._workplace.use_tools_of(target["release"], f"The target {self._request.target}")
        self._release = source["release"]
        self._words = words_for(target["release"], self._request.name)
        self._reader = StateReader(self._request, self._source, self._target, source["release"], target["release"])
        states = self._reader.read()
        if all(state.is_cut for state in states):
            return False
        self._refuse_incomplete(states)
        self._prepare(source, target)
        tasks = [partial(self._open_database, name) for name in self._request.databases]
        self._databases = self._at_once(tasks)
        self._reader.compare_schemas()
        trouble = self._trouble()
        if trouble:
            raise DatabaseError(f"{trouble} {OLD_ALIVE}")
        return True

    def finish(self, check_mode: bool) -> bool:
        """After a cut that was killed when all had happened but for the last words. Returns whether it was."""
        channel = channel_on(self._target, self._words)
        present = databases_on(self._target, None)
        hidden = [incomplete_name(name) for name in self._request.databases]
        left = [name for name in hidden if name in present]
        if not (channel or left):
            return False
        if not check_mode:
            with during(f"Ending replication on {self._request.target}"):
                if channel:
                    # It starts by itself with the server.
                    self._target.execute(self._words.stop(), self._words.forget())
                self._server().drop(left)
        return True

    def run(self) -> CutResult:
        parts: dict[str, float] = {}
        started = time.monotonic()
        try:
            with Limit(self._workplace.children, END_SECONDS, no_answer(self._request.target, END_SECONDS)):
                self._showing.clear()
            wait_until_idle(self._request, self._busy_soon)
            idle = time.monotonic()
            seconds = self._request.timeout
            with Limit(self._workplace.children, seconds, f"The time limit of {seconds:g} s was reached."):
                position = self._drain_and_compare(parts)
        except DatabaseError as error:
            cause = self._workplace.children.cause or error
            raise DatabaseError(f"{cause} {BOTH_ALIVE}") from error
        level = time.monotonic()
        self._showing.show()
        ended = time.monotonic()
        return CutResult(
            changed=True,
            position=str(position),
            seconds=ended - idle,
            parts={"idle": idle - started, **parts, "show": ended - level},
            tables={database.name: database.comparable.tables() for database in self._databases},
            sequences={database.name: len(database.counting) for database in self._databases},
        )

    def _prepare(self, source: dict[str, Any], target: dict[str, Any]) -> None:
        """All that the end needs to know, and the definitions that go with it."""
        copy, server = self._copy_request(), self._server()
        rights, accounts = server.check_rights(target), server.accounts()
        present = databases_on(self._source, None)
        plans = []
        for number, name in enumerate(self._request.databases):
            with during(f"Reading the database {name} on {self._request.source}"):
                inventory = read_inventory(self._source, name)
            replaced = with_new_definers(inventory.programs, accounts)
            plans.append(Plan(name, {**present[name], "number": number}, inventory, [], accounts, replaced))
        TargetSettings(self._workplace, copy).prepare(self._source, self._target, plans, target, rights)
        way_back = way_back_of(self._request, target["release"])
        way_back.prepare(self._target, target)
        self._showing = Showing(self._workplace, copy, self._words, self._target, plans, way_back)
        self._showing.prepare()

    def _copy_request(self) -> CopyRequest:
        """By which the ledger knows the databases."""
        [entry, *_others] = ReplicaLedger(self._target).entries(self._request.name).values()
        return CopyRequest(
            source=self._request.source,
            target=self._request.target,
            databases=self._request.databases,
            owner=entry.owner,
            jobs=1,
            marker=entry.marker,
            replace_marker=None,
            require_idle_source=False,
            bin_directory=self._request.bin_directory,
            temporary_directory=self._request.temporary_directory,
        )

    def _server(self) -> TargetServer:
        return TargetServer(self._target, self._copy_request(), partial(self._workplace.kill, TARGET))

    def _busy_soon(self) -> str:
        with Limit(self._workplace.children, END_SECONDS, no_answer(self._request.source, END_SECONDS)):
            return self._busy()

    def _busy(self) -> str:
        return busy(self._source, self._request.databases)

    def _drain_and_compare(self, parts: dict[str, float]) -> Position:
        began = time.monotonic()
        with during(f"Reading the last position of {self._request.source}"):
            position = last_position(self._source, self._release)
        there: list[Rows] = []
        steps: list[Callable[[], Any]] = [
            lambda: self._drain(position),
            lambda: there.extend(self._at_once([partial(self._read_source, one) for one in self._databases])),
        ]
        in_parallel(self._workplace.children, steps, len(steps))
        drained = time.monotonic()
        self._check_schemas()
        here = self._at_once([partial(one.read_target, rows.counters) for one, rows in zip(self._databases, there)])
        found = [
            sentence
            for database, source, target in zip(self._databases, there, here)
            for sentence in database.differences(source, target)
        ]
        if found:
            raise DatabaseError(f"The databases are not the same on both servers: {summarise(found)}.")
        somebody = self._busy()
        if somebody:
            raise DatabaseError(
                f"Somebody has connected to databases on {self._request.source} meanwhile ({somebody})."
            )
        parts.update(drain=drained - began, compare=time.monotonic() - drained)
        return position

    def _drain(self, position: Position) -> None:
        """Until the new server has applied all before the position."""
        with during(f"Waiting for {self._request.target} to reach {position}"):
            # Longer than the limit, which ends it otherwise.
            [[answer]] = self._target.rows(self._words.wait(position, self._request.timeout + 1))
            if answer != "NULL" and int(answer) >= 0:
                return
            channel = channel_on(self._target, self._words)
        why = troubles_of(channel, {}, "") or ["its replication was stopped"]
        raise DatabaseError(f"{self._request.target} does not apply changes any more: {'; '.join(why)}.")

    @staticmethod
    def _read_source(database: CutDatabase) -> Rows:
        """After whether its schema is another one by now, which takes longer than the drain where that is short."""
        database.changed = database.schema_changed()
        return database.read_source()

    def _check_schemas(self) -> None:
        """What was defined since the connections were opened is rare, and costs time only then."""
        if any(database.changed for database in self._databases):
            self._reader.compare_schemas()
            trouble = self._trouble()
            raise DatabaseError(
                trouble or f"Something was defined on {self._request.source} since the cut was begun. Begin it again."
            )

    def _open_database(self, name: str) -> CutDatabase:
        database = CutDatabase(name, incomplete_name(name), self._session(SOURCE), self._session(TARGET))
        database.look()
        return database

    def _session(self, service: str) -> Session:
        session = self._workplace.session(service)
        self._sessions.append(session)
        return session

    def _refuse_incomplete(self, states: Sequence[DatabaseState]) -> None:
        missing = [state.name for state in states if not (state.slot and state.subscribed and state.hidden)]
        if missing:
            raise DatabaseError(
                f"{', '.join(missing)} does not follow under the name {self._request.name}, so there is nothing to cut "
                "off. Seed it first."
            )
        shown = [state.name for state in states if state.shown]
        if shown:
            raise DatabaseError(
                f"{self._request.target} has databases of the final names: {', '.join(shown)}. Look at them and drop "
                "or rename them."
            )
        others = sorted(ReplicaLedger(self._target).entries(self._request.name).keys() - set(self._request.databases))
        if others:
            raise DatabaseError(
                f"{', '.join(others)} follows under the name {self._request.name} as well, by the same channel, so "
                "that all of them have to be cut off together."
            )

    def _trouble(self) -> str | None:
        """Why they cannot be cut off now, or None when they can."""
        states = self._reader.read()
        broken = [f"{state.name}: {'; '.join(state.troubles())}" for state in states if state.troubles()]
        if broken:
            return f"The databases on {self._request.target} do not follow as they should: {'. '.join(broken)}."
        limit = self._request.lag_limit
        late = [f"{state.name} by {size_text(state.lag_bytes)}" for state in states if (state.lag_bytes or 0) > limit]
        if late:
            return f"The databases on {self._request.target} lag behind, {', '.join(late)}. Wait until they are nearer."
        return None

    def _at_once(self, tasks: Sequence[Callable[[], Any]]) -> list[Any]:
        return in_parallel(self._workplace.children, tasks, DATABASES_AT_ONCE)
