# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy a set of databases, all or nothing. Private to this collection; may change at any time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._copy_gate import summarise
from ansible_collections.waba.migration.plugins.module_utils._copy_processes import (
    Children,
    StoppedError,
    ToolError,
    during,
    in_parallel,
)
from ansible_collections.waba.migration.plugins.module_utils._copy_progress import Progress
from ansible_collections.waba.migration.plugins.module_utils._copy_run import CopyRun
from ansible_collections.waba.migration.plugins.module_utils._copy_target import in_the_way
from ansible_collections.waba.migration.plugins.module_utils._database import (
    CopyRequest,
    CopyResult,
    DatabaseError,
    DatabaseResult,
    Definer,
    TableResult,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql import catalog, gate, refusals
from ansible_collections.waba.migration.plugins.module_utils._mysql.connection import (
    FRESH_STATISTICS,
    PINNED_SETTINGS,
    READ_ONLY,
    Service,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.inventory import (
    definitions_of,
    documents_of,
    read_programs,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.load import SOURCE, TARGET, Loader
from ansible_collections.waba.migration.plugins.module_utils._mysql.plan import Plan
from ansible_collections.waba.migration.plugins.module_utils._mysql.planning import (
    Planner,
    check_rights,
    refusals_of,
    rights_of,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.program_loader import ProgramLoader
from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._mysql.target import (
    LONGEST_NAME,
    TargetServer,
    databases_on,
    incomplete_name,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.target_settings import TargetSettings
from ansible_collections.waba.migration.plugins.module_utils._mysql.watch import Watch
from ansible_collections.waba.migration.plugins.module_utils._mysql.workplace import Workplace

# What is made first may be used by what follows; events come last, as they may start at once.
IN_ORDER = ("routine", "view", "trigger", "event")
LINGER_SECONDS = 3.0
LINGER_INTERVAL = 0.05


class Transfer(CopyRun[Plan]):
    """One run: look at both servers, then copy, compare and show the databases."""

    def __init__(self, workplace: Workplace, request: CopyRequest, progress: Progress) -> None:
        super().__init__(request, progress)
        self._workplace = workplace
        self._slots = threading.Semaphore(request.jobs)
        self._sessions: dict[str, Session] = {}
        self._open_sessions: list[Session] = []
        self._leftovers: list[str] = []
        self._definers: list[Definer] = []
        self._target: TargetServer
        self._target_session: Session
        self._source: Session
        workplace.add(SOURCE, Service(request.source, PINNED_SETTINGS, (READ_ONLY, FRESH_STATISTICS)))
        self._settings = TargetSettings(workplace, request)

    def __enter__(self) -> Transfer:
        return self

    def __exit__(self, *unused: object) -> None:
        for session in self._open_sessions:
            session.close()

    def plan(self) -> list[Plan]:
        source, target = self._connect()
        self._fail_for(refusals.releases(source["release"], target["release"]))
        self._workplace.use_tools_of(target["release"], f"The target {self._request.target}")
        rights = self._target.check_rights(target)
        check_rights(rights_of(self._source, source), self._request.source, self._request.databases)
        present = databases_on(self._source, None)
        self._check_source(present)
        self._check_target()
        self._begin(source, target)
        planner = Planner(
            self._workplace,
            self._request,
            self._target.accounts(),
            target["release"],
            self._source_session,
            self._most_pieces(),
        )
        plans = planner.plans(present)
        self._defined = {plan.database: definitions_of(plan.inventory.columns) for plan in plans}
        idle = self._request.require_idle_source
        self._fail_for(refusals_of(plans, source, target, self._target_session, idle))
        self._settings.prepare(self._source, self._target_session, plans, target, rights)
        self._progress.expect(
            databases=len(plans),
            tables=sum(len(plan.tables) for plan in plans),
            rows=sum(table.estimate for plan in plans for table in plan.tables),
            bytes=sum(plan.bytes for plan in plans),
        )
        return sorted(plans, key=lambda plan: plan.bytes, reverse=True)

    def copy(self) -> CopyResult:
        try:
            with self._watch(SOURCE, TARGET):
                return super().copy()
        finally:
            self._settings.restore_packets()

    def _begin(self, source: Mapping[str, Any], target: Mapping[str, Any]) -> None:
        """What has to be there before a database is read. Little stands against the copy any more."""

    def _most_pieces(self) -> int | None:
        """How many pipes a table may have at most."""
        return None

    def _watch(self, *services: str) -> Watch:
        return Watch(
            self._workplace.children, {self._workplace.server(name): self._workplace.ping(name) for name in services}
        )

    def _more_about(self, result: CopyResult) -> CopyResult:
        return replace(result, definers=self._definers)

    def _children(self) -> Children:
        return self._workplace.children

    def _connect(self) -> tuple[dict[str, Any], dict[str, Any]]:
        self._source, self._target_session = self._session(SOURCE), self._session(TARGET)
        asked = [
            partial(self._workplace.server_facts, SOURCE, self._source),
            partial(self._workplace.server_facts, TARGET, self._target_session),
        ]
        source, target = in_parallel(self._workplace.children, asked, 2)
        self._target = self._target_server(self._target_session)
        return source, target

    def _session(self, service: str) -> Session:
        """A session that stays open to the end of the run."""
        session = self._workplace.session(service)
        self._open_sessions.append(session)
        return session

    def _source_session(self, database: str) -> Session:
        session = self._sessions[database] = self._session(SOURCE)
        return session

    def _target_server(self, session: Session) -> TargetServer:
        return TargetServer(session, self._request, partial(self._workplace.kill, TARGET))

    def _fail_for(self, reasons: Sequence[str]) -> None:
        if reasons:
            raise DatabaseError(
                f"The databases cannot be moved from {self._request.source} to {self._request.target}: "
                f"{'; '.join(reasons)}."
            )

    def _check_source(self, present: dict[str, dict[str, Any]]) -> None:
        missing = [name for name in self._request.databases if name not in present]
        if missing:
            raise DatabaseError(f"The source {self._request.source} has no database {', '.join(missing)}.")
        if self._request.require_idle_source:
            self._check_idle(present)

    def _check_target(self) -> None:
        present = self._target.databases()
        self._leftovers, self._replaced, refused = in_the_way(present, (), self._request, LONGEST_NAME)
        self._refuse(refused)

    def _make_room(self) -> None:
        self._progress.phase("copying")
        self._progress.measure_bytes_with(self._measure)
        with during(f"Dropping what earlier runs left on the target {self._request.target}"):
            self._target.end_sessions_on(self._leftovers)
            self._target.drop([*self._leftovers, *self._replaced])
        self._settings.raise_packets(self._target_session)

    def _copy_database(self, plan: Plan) -> DatabaseResult:
        started = time.monotonic()
        self._progress.begin(plan.database)
        hidden = incomplete_name(plan.database)
        there: list[gate.Truth] = []
        steps: list[Callable[[], None]] = [
            lambda: there.append(self._read_source(plan)),
            partial(self._fill, plan, hidden),
        ]
        in_parallel(self._workplace.children, steps, len(steps))
        counting = f"Counting the rows of the database {hidden} on {self._request.target}"
        names = [table.name for table in plan.tables]
        with during(counting), self._workplace.session(TARGET) as session:
            here = gate.read_truth(session, hidden, names)
        self._compare(plan, self._differences(names, there[0], here))
        self._progress.end(plan.database)
        return DatabaseResult(
            name=plan.database,
            bytes=plan.bytes,
            seconds=time.monotonic() - started,
            tables=[TableResult(*row) for row in zip(names, there[0].rows, here.rows)],
        )

    def _differences(self, tables: Sequence[str], source: gate.Truth, target: gate.Truth) -> list[str]:
        return gate.differences(tables, source, target)

    def _fill(self, plan: Plan, hidden: str) -> None:
        with during(f"Creating the database {hidden} on the target {self._request.target}"):
            self._create(hidden, plan)
        self._loader(plan).load()

    def _create(self, name: str, plan: Plan) -> None:
        self._created.append(name)
        with self._workplace.session(TARGET) as session:
            self._target_server(session).create(name, plan)

    def _loader(self, plan: Plan) -> Loader:
        return Loader(self._workplace, self._request, self._progress, self._slots, plan)

    def _read_source(self, plan: Plan) -> gate.Truth:
        with during(f"Counting the rows of the database {plan.database} on {self._request.source}"):
            names = [table.name for table in plan.tables]
            truth = gate.read_truth(self._sessions[plan.database], plan.database, names)
        self._progress.expect(rows=sum(truth.rows) - sum(table.estimate for table in plan.tables))
        return truth

    def _definitions(self, database: str) -> dict[str, str]:
        with during(f"Reading the definitions of the database {database} on {self._request.source} again"):
            return definitions_of(documents_of(self._sessions[database], catalog.columns_of(database), database))

    def _compare(self, plan: Plan, unequal: Sequence[str]) -> None:
        if unequal:
            raise DatabaseError(
                f"The database {plan.database} is not the same on {self._request.source} and on {self._request.target} "
                f"after the copy: {summarise(unequal)}."
            )

    def _show(self, plans: list[Plan]) -> None:
        """Tables at once, then what belongs to them. Until all of it is there, the ledger calls it half done."""
        self._progress.phase("showing")
        if self._request.require_idle_source:
            self._check_idle_at_the_end()
        with during(f"Giving the databases their names on the target {self._request.target}"):
            for plan in plans:
                self._create(plan.database, plan)
            self._target.move_tables(plans)
            self._target.drop([incomplete_name(plan.database) for plan in plans])
            for plan in plans:
                # The owner may be the definer of what follows, and then has to be able to use what that needs.
                self._target.grant(plan.database)
        loaders = [ProgramLoader(self._workplace, self._request, plan) for plan in plans]
        for kind in IN_ORDER:
            for loader in loaders:
                loader.create(kind)
        for plan in plans:
            found = read_programs(self._target_session, plan.database)
            self._compare(plan, gate.program_differences(plan.inventory.programs, found))
        with during(f"Completing the copy on the target {self._request.target}"):
            self._target.ledger.complete([plan.database for plan in plans])
        self._definers = [
            Definer(plan.database, program.kind, program.name, program.definer)
            for plan in plans
            for program in plan.replaced_definers
        ]
        self._created.clear()

    def _check_idle_at_the_end(self) -> None:
        """Our own readers have ended, but the server may need a moment to notice."""
        deadline = time.monotonic() + LINGER_SECONDS
        while True:
            try:
                self._check_idle(databases_on(self._source, None))
            except DatabaseError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(LINGER_INTERVAL)
            else:
                return

    def _measure(self) -> int | None:
        try:
            with self._workplace.session(TARGET) as session:
                return self._target_server(session).measure(self._created)
        except (ToolError, StoppedError):
            # Progress only: the copy itself meets the same trouble and says what it is.
            return None

    def _stop_everything(self) -> None:
        self._workplace.stop_everything()

    def _drop_half_done(self) -> None:
        with self._watch(TARGET), during("dropping them"), self._workplace.session(TARGET) as session:
            target = self._target_server(session)
            target.end_sessions_on(self._created)
            target.drop(self._created)
