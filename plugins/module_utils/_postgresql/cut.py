# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cut databases off their originals: the window's part of a move. Private; may change at any time.

Until the subscriptions are disabled nothing has happened that the old client could notice, and after that the renaming
follows at once. So whatever goes wrong before, the old client can go on, and the databases go on following it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._copy_gate import summarise
from ansible_collections.waba.migration.plugins.module_utils._copy_processes import during, in_parallel
from ansible_collections.waba.migration.plugins.module_utils._copy_run import DATABASES_AT_ONCE
from ansible_collections.waba.migration.plugins.module_utils._cut_limits import (
    BOTH_ALIVE,
    END_SECONDS,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    OLD_ALIVE,
    Limit,
    wait_until_idle,
)
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._postgresql import catalog, replica_sql
from ansible_collections.waba.migration.plugins.module_utils._postgresql.connection import (
    PINNED_SETTINGS,
    READ_ONLY_SETTINGS,
)
from ansible_collections.waba.migration.plugins.module_utils._postgresql.cut_database import CutDatabase, Rows
from ansible_collections.waba.migration.plugins.module_utils._postgresql.cut_way_back import way_back_of
from ansible_collections.waba.migration.plugins.module_utils._postgresql.load import SOURCE, TARGET
from ansible_collections.waba.migration.plugins.module_utils._postgresql.plan import Plan
from ansible_collections.waba.migration.plugins.module_utils._postgresql.replica_state import StateReader
from ansible_collections.waba.migration.plugins.module_utils._postgresql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._postgresql.sql import identifier
from ansible_collections.waba.migration.plugins.module_utils._postgresql.standing import (
    busy,
    choose_method,
    last_position,
)
from ansible_collections.waba.migration.plugins.module_utils._postgresql.target import TargetDatabases, incomplete_name
from ansible_collections.waba.migration.plugins.module_utils._postgresql.workplace import (
    MAINTENANCE_DATABASE,
    Workplace,
)
from ansible_collections.waba.migration.plugins.module_utils._replica import (
    CutRequest,
    CutResult,
    DatabaseState,
    size_text,
    slot_name,
)


def cut(request: CutRequest, check_mode: bool) -> CutResult:
    with Workplace(request.bin_directory, request.temporary_directory) as workplace, Cut(workplace, request) as one:
        if not one.open():
            return CutResult(changed=False)
        return CutResult(changed=True) if check_mode else one.run()


class Cut:
    """All connections are open before the clock begins to tick."""

    def __init__(self, workplace: Workplace, request: CutRequest) -> None:
        self._workplace = workplace
        self._request = request
        self._source: Session
        self._target: Session
        self._reader: StateReader
        self._sessions: list[Session] = []
        self._databases: dict[str, CutDatabase] = {}
        self._plans: list[Plan] = []
        self._slots = [slot_name(request.name, name) for name in request.databases]
        self._hidden = [incomplete_name(name) for name in request.databases]
        self._way_back = way_back_of(workplace, request)
        workplace.add(SOURCE, request.source, READ_ONLY_SETTINGS)
        workplace.add(TARGET, request.target, PINNED_SETTINGS)

    def __enter__(self) -> Cut:
        return self

    def __exit__(self, *unused: object) -> None:
        self._workplace.children.stop()
        for session in self._sessions:
            session.close()

    def open(self) -> bool:
        """Open everything, and refuse what cannot be cut. Returns whether there is something to do."""
        self._source = self._session(SOURCE)
        self._target = self._session(TARGET)
        self._workplace.server_facts(SOURCE, self._source)
        self._workplace.server_facts(TARGET, self._target)
        reader = self._reader = StateReader(self._workplace, self._request, self._source, self._target, self._opened)
        with during(f"Reading the databases on {self._request.source}"):
            present = {each["name"]: each for each in self._source.query(catalog.DATABASES)}
        states = reader.read()
        if all(state.is_cut for state in states):
            return False
        self._refuse_incomplete(states)
        self._way_back.refuse(self._target)
        method = choose_method(self._source, self._target)
        tasks = [partial(self._open_database, name, present[name], method) for name in self._request.databases]
        in_parallel(self._workplace.children, tasks, DATABASES_AT_ONCE)
        reader.compare_schemas()
        trouble = self._trouble()
        if trouble:
            raise DatabaseError(f"{trouble} {OLD_ALIVE}")
        self._databases = {name: self._databases[name] for name in self._request.databases}
        self._plans = [Plan(name, present[name], [], [], []) for name in self._request.databases]
        return True

    def run(self) -> CutResult:
        parts: dict[str, float] = {}
        try:
            self._at_once([partial(self._way_back.publish, database) for database in self._databases.values()])
            started = time.monotonic()
            self._until_idle()
            idle = time.monotonic()
            seconds = self._request.timeout
            with Limit(self._workplace.children, seconds, f"The time limit of {seconds:g} s was reached."):
                position = self._drain_and_compare(parts)
                self._begin_way_back(parts)
        except DatabaseError as error:
            cause = self._workplace.children.cause or error
            raise DatabaseError(f"{cause} {BOTH_ALIVE}{self._way_back.leave()}") from error
        level = time.monotonic()
        self._finish()
        ended = time.monotonic()
        return CutResult(
            changed=True,
            position=position,
            seconds=ended - idle,
            parts={"idle": idle - started, **parts, "show": ended - level},
            tables={name: database.comparable.tables() for name, database in self._databases.items()},
            sequences={name: len(database.sequences) for name, database in self._databases.items()},
        )

    def _until_idle(self) -> None:
        wait_until_idle(self._request, self._busy)

    def _busy(self) -> str:
        return busy(self._source, self._request.databases, self._request.name)

    def _drain_and_compare(self, parts: dict[str, float]) -> str:
        began = time.monotonic()
        with during(f"Reading the last position of {self._request.source}"):
            position = last_position(self._source)
        databases = list(self._databases.values())
        there: list[Rows] = []
        steps: list[Callable[[], Any]] = [
            lambda: self._drain(position),
            lambda: there.extend(self._at_once([partial(database.read_source) for database in databases])),
            self._check_schemas,
        ]
        in_parallel(self._workplace.children, steps, len(steps))
        drained = time.monotonic()
        here = self._at_once([partial(one.read_target, rows.sequences) for one, rows in zip(databases, there)])
        found = [
            sentence
            for database, source, target in zip(databases, there, here)
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

    def _begin_way_back(self, parts: dict[str, float]) -> None:
        """Nobody writes to the old databases any more, and the new client does not write to the new ones yet."""
        if self._request.way_back:
            began = time.monotonic()
            self._way_back.make_room(self._target)
            self._at_once([partial(self._way_back.begin, database) for database in self._databases.values()])
            parts["way_back"] = time.monotonic() - began

    def _drain(self, position: str) -> None:
        """Until the new server has said of every database that all before the position is safe there."""
        pause = FIRST_PAUSE
        with during(f"Waiting for {self._request.target} to reach {position}"):
            while self._source.query(replica_sql.not_reached(self._slots, position)):
                time.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    def _check_schemas(self) -> None:
        """What was defined since the connections were opened is rare, and costs time only then."""
        if any(database.schema_changed() for database in self._databases.values()):
            self._reader.compare_schemas()
            trouble = self._trouble()
            if trouble:
                raise DatabaseError(trouble)

    def _finish(self) -> None:
        name = identifier(self._request.name)
        reason = f"{self._request.target} did not answer within {END_SECONDS:g} s."
        try:
            with Limit(self._workplace.children, END_SECONDS, reason), during(
                f"Showing the databases on {self._request.target}"
            ):
                self._at_once(
                    [
                        partial(database.target.execute, f"ALTER SUBSCRIPTION {name} DISABLE")
                        for database in self._databases.values()
                    ]
                )
                target = TargetDatabases(self._target, self._request.target)
                # Those that follow, which would notice only after a second, and our own.
                target.end_sessions_on(self._hidden, FIRST_PAUSE)
                target.show(self._plans)
        except BaseException as error:  # noqa: BLE001 - raised again unless it came too late to matter
            self._go_on_following(self._workplace.children.cause or error)

    def _go_on_following(self, error: BaseException) -> None:
        """Take the end back, or see that it has come about."""
        self._workplace.stop_everything()
        target = self._request.target
        try:
            with self._workplace.session(TARGET) as session:
                left = session.query(replica_sql.databases(self._hidden))
            if not left:
                return
            for hidden in left:
                with self._workplace.session(TARGET, hidden) as session:
                    session.execute(f"ALTER SUBSCRIPTION {identifier(self._request.name)} ENABLE")
        except DatabaseError as trouble:
            raise DatabaseError(
                f"{error} What became of the databases on {target} cannot be told ({trouble}). The old databases are "
                "whole, and the old client can be started again. Then seed anew."
            ) from error
        remark = self._way_back.leave()
        if isinstance(error, DatabaseError):
            raise DatabaseError(f"{error} {BOTH_ALIVE}{remark}") from error
        raise error

    def _open_database(self, name: str, facts: Mapping[str, Any], method: Mapping[str, Any]) -> None:
        source = self._session(SOURCE, name, facts["encoding"])
        target = self._session(TARGET, incomplete_name(name), facts["encoding"])
        self._databases[name] = CutDatabase(name, source, target)
        self._databases[name].look(method)

    def _session(self, service: str, database: str = MAINTENANCE_DATABASE, encoding: str = "UTF8") -> Session:
        session = self._workplace.session(service, database, encoding)
        self._sessions.append(session)
        return session

    def _opened(self, service: str, database: str, encoding: str) -> AbstractContextManager[Session]:
        """The reader's way to the sessions that stay open."""
        if service == SOURCE:
            return nullcontext(self._databases[database].source)
        return nullcontext(self._databases[dict(zip(self._hidden, self._request.databases))[database]].target)

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
