# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy a set of databases, all or nothing. Private to this collection; may change at any time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
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
from ansible_collections.waba.migration.plugins.module_utils._copy_run import DATABASES_AT_ONCE, CopyRun
from ansible_collections.waba.migration.plugins.module_utils._copy_target import in_the_way
from ansible_collections.waba.migration.plugins.module_utils._database import (
    CopyRequest,
    DatabaseError,
    DatabaseResult,
    TableResult,
)
from ansible_collections.waba.migration.plugins.module_utils._postgresql import catalog, gate
from ansible_collections.waba.migration.plugins.module_utils._postgresql.connection import (
    LOAD_SETTINGS,
    PINNED_SETTINGS,
    READ_ONLY_SETTINGS,
)
from ansible_collections.waba.migration.plugins.module_utils._postgresql.load import LOAD, SOURCE, TARGET, Loader
from ansible_collections.waba.migration.plugins.module_utils._postgresql.plan import (
    Plan,
    is_big,
    make_plan,
    tables_of,
)
from ansible_collections.waba.migration.plugins.module_utils._postgresql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._postgresql.sql import (
    IDENTIFIER_BYTES,
    identifier,
    printable,
)
from ansible_collections.waba.migration.plugins.module_utils._postgresql.target import (
    TargetServer,
    incomplete_name,
)
from ansible_collections.waba.migration.plugins.module_utils._postgresql.workplace import (
    MAINTENANCE_DATABASE,
    Workplace,
)

OLDEST_SOURCE = 100000


class Transfer(CopyRun[Plan]):
    """One run: look at both servers, then copy, compare and show the databases."""

    def __init__(self, workplace: Workplace, request: CopyRequest, progress: Progress) -> None:
        super().__init__(request, progress)
        self._workplace = workplace
        self._slots = threading.Semaphore(request.jobs)
        self._snapshots: dict[str, str] = {}
        self._encodings: dict[str, str] = {}
        self._sessions: dict[str, Session] = {}
        self._open_sessions: list[Session] = []
        self._leftovers: list[str] = []
        self._target: TargetServer
        self._source: Session
        workplace.add(SOURCE, request.source, READ_ONLY_SETTINGS)
        workplace.add(TARGET, request.target, PINNED_SETTINGS)
        workplace.add(LOAD, request.target, {**LOAD_SETTINGS, "role": request.owner})

    def __enter__(self) -> Transfer:
        return self

    def __exit__(self, *unused: object) -> None:
        for session in self._open_sessions:
            session.close()

    def plan(self) -> list[Plan]:
        source, target = self._connect()
        self._check_releases(source, target)
        present = {facts["name"]: facts for facts in self._source.query(catalog.DATABASES)}
        self._check_source(present)
        self._check_target(target)
        self._begin(source, target)
        databases = [{**present[name], "number": number} for number, name in enumerate(self._request.databases)]
        version_num = int(source["version_num"])
        children = self._workplace.children
        plans = in_parallel(
            children, [partial(self._open_database, facts, version_num) for facts in databases], DATABASES_AT_ONCE
        )
        self._progress.expect(
            databases=len(plans),
            tables=sum(len(plan.tables) for plan in plans),
            rows=sum(table.estimate for plan in plans for table in plan.tables),
            bytes=sum(plan.bytes for plan in plans),
        )
        return sorted(plans, key=lambda plan: plan.bytes, reverse=True)

    def _children(self) -> Children:
        return self._workplace.children

    def _stop_everything(self) -> None:
        self._workplace.stop_everything()

    def _make_room(self) -> None:
        self._progress.phase("copying")
        self._progress.measure_bytes_with(self._measure)
        with during(f"Dropping what earlier runs left on the target {self._request.target}"):
            self._target.end_sessions_on(self._leftovers)
            self._target.drop([*self._leftovers, *self._replaced])

    def _show(self, plans: list[Plan]) -> None:
        self._progress.phase("showing")
        if self._request.require_idle_source:
            self._check_idle({facts["name"]: facts for facts in self._source.query(catalog.DATABASES)})
        with during(f"Giving the databases their names on the target {self._request.target}"):
            self._target.show(plans)
        self._created.clear()

    def _connect(self) -> tuple[dict[str, Any], dict[str, Any]]:
        self._source = self._session(SOURCE)
        session = self._session(TARGET)
        asked = [
            partial(self._workplace.server_facts, SOURCE, self._source),
            partial(self._workplace.server_facts, TARGET, session),
        ]
        facts = in_parallel(self._workplace.children, asked, 2)
        major = int(facts[1]["version_num"]) // 10000
        self._target = TargetServer(session, self._request, facts[1])
        self._workplace.use_tools_of(major, f"The target {self._request.target}")
        return facts[0], facts[1]

    def _session(self, service: str, database: str = MAINTENANCE_DATABASE, encoding: str = "UTF8") -> Session:
        """A session that stays open to the end of the run."""
        session = self._workplace.session(service, database, encoding)
        self._open_sessions.append(session)
        return session

    def _check_releases(self, source: dict[str, Any], target: dict[str, Any]) -> None:
        if source["version_num"] < OLDEST_SOURCE:
            raise DatabaseError(
                f"The source {self._request.source} runs {source['version']}; 10 is the oldest known here."
            )
        if source["version_num"] // 10000 > target["version_num"] // 10000:
            raise DatabaseError(
                f"The source {self._request.source} runs {source['version']}, the target {self._request.target} only "
                f"{target['version']}. PostgreSQL cannot be moved to an older release."
            )

    def _check_source(self, present: dict[str, dict[str, Any]]) -> None:
        missing = [name for name in self._request.databases if name not in present]
        if missing:
            raise DatabaseError(f"The source {self._request.source} has no database {', '.join(missing)}.")
        closed = [name for name in self._request.databases if not present[name]["connectable"]]
        if closed:
            raise DatabaseError(
                f"The source {self._request.source} does not let {self._request.source.user} into {', '.join(closed)}."
            )
        if self._request.require_idle_source:
            self._check_idle(present)

    def _check_target(self, facts: dict[str, Any]) -> None:
        self._target.check_rights(facts)
        present = self._target.databases()
        hidden = [present[name] for name in map(incomplete_name, self._request.databases) if name in present]
        empty = [each["name"] for each in hidden if each["comment"] is None and self._is_empty(each["name"])]
        self._leftovers, self._replaced, refused = in_the_way(present, empty, self._request, IDENTIFIER_BYTES)
        self._refuse(refused)

    def _is_empty(self, name: str) -> bool:
        looking = f"Looking into the database {name} on {self._request.target}"
        with during(looking), self._workplace.session(TARGET, name) as session:
            return bool(session.query(catalog.IS_EMPTY))

    def _begin(self, source: Mapping[str, Any], target: Mapping[str, Any]) -> None:
        """What has to be there before a database is opened. Nothing stands against the copy any more."""

    def _open_snapshot(self, facts: dict[str, Any]) -> Session:
        """A session whose transaction goes on seeing the moment that is copied."""
        session = self._session(SOURCE, facts["name"], facts["encoding"])
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return session

    def _open_database(self, facts: dict[str, Any], version_num: int) -> Plan:
        """Fix the moment that is copied and see what there is. The session stays open while that moment is needed."""
        name = facts["name"]
        self._encodings[name] = facts["encoding"]
        with during(f"Reading the database {name} on {self._request.source}"):
            session = self._sessions[name] = self._open_snapshot(facts)
            self._snapshots[name] = session.query("SELECT to_jsonb(pg_export_snapshot())")
            self._defined[name] = definitions_of(session)
            inventory = session.query(catalog.INVENTORY)
            oids = [table.oid for table in tables_of(inventory) if is_big(table, facts["encoding"])]
            columns = session.query(catalog.columns_of(oids)) if oids else {}
        return make_plan(name, facts, inventory, columns, version_num)

    def _copy_database(self, plan: Plan) -> DatabaseResult:
        started = time.monotonic()
        self._progress.begin(plan.database)
        hidden = incomplete_name(plan.database)
        there: list[gate.Truth] = []
        steps: list[Callable[[], None]] = [
            lambda: there.append(self._read_source(plan)),
            partial(self._fill, plan),
        ]
        in_parallel(self._workplace.children, steps, len(steps))
        here = self._read_target(plan, hidden)
        self._sessions[plan.database].close()
        unequal = self._differences(plan, there[0], here)
        if unequal:
            raise DatabaseError(
                f"The database {plan.database} is not the same on {self._request.source} and on {self._request.target} "
                f"after the copy: {summarise(unequal)}."
            )
        self._progress.end(plan.database)
        return DatabaseResult(
            name=plan.database,
            bytes=plan.bytes,
            seconds=time.monotonic() - started,
            tables=[
                TableResult(printable(str(table)), rows_source, rows_target)
                for table, rows_source, rows_target in zip(plan.tables, there[0].rows, here.rows)
            ],
        )

    def _differences(self, plan: Plan, source: gate.Truth, target: gate.Truth) -> list[str]:
        return gate.differences(plan, source, target)

    def _fill(self, plan: Plan) -> None:
        self._create(plan)
        Loader(self._workplace, self._request, self._progress, self._slots, plan, self._snapshots[plan.database]).load()

    def _create(self, plan: Plan) -> None:
        name = incomplete_name(plan.database)
        self._created.append(name)
        with during(f"Creating the database {name} on the target {self._request.target}"):
            self._target.create(plan)
            if not plan.public_schema:
                with self._workplace.session(TARGET, name) as session:
                    session.execute("DROP SCHEMA public")

    def _read_source(self, plan: Plan) -> gate.Truth:
        with during(f"Counting the rows of the database {plan.database} on {self._request.source}"):
            truth = gate.read_truth_of_snapshot(self._sessions[plan.database], plan)
        self._progress.expect(rows=sum(truth.rows) - sum(table.estimate for table in plan.tables))
        return truth

    def _definitions(self, database: str) -> dict[str, str]:
        # The session that the copy reads from sees the moment of the copy only.
        again = f"Reading the definitions of the database {database} on {self._request.source} again"
        with during(again), self._workplace.session(SOURCE, database, self._encodings[database]) as session:
            return definitions_of(session)

    def _read_target(self, plan: Plan, hidden: str) -> gate.Truth:
        encoding = plan.facts["encoding"]
        small = [identifier(table.schema, table.name) for table in plan.tables if not is_big(table, encoding)]
        counting = f"Counting the rows of the database {hidden} on {self._request.target}"
        with during(counting), self._workplace.session(LOAD, hidden, encoding) as session:
            truth = gate.read_truth(session, plan)
            if small:
                # The client's first minutes go by these figures; the large tables are left to autovacuum.
                session.execute(f"ANALYZE {', '.join(small)}")
            return truth

    def _measure(self) -> int | None:
        try:
            with self._workplace.session(TARGET) as session:
                target = TargetServer(session, self._request, {"version_num": 0, "superuser": False})
                return target.measure(self._created)
        except (ToolError, StoppedError):
            # Progress only: the copy itself meets the same trouble and says what it is.
            return None

    def _drop_half_done(self) -> None:
        with self._workplace.session(TARGET) as session:
            target = TargetServer(session, self._request, self._workplace.server_facts(TARGET, session))
            # One of them may still be creating a database.
            target.end_sessions_of(self._workplace.application)
            present = target.databases()
            names = [name for name in self._created if name in present]
            for name in names:
                self._free_space(name)
            target.drop(names)

    def _free_space(self, name: str) -> None:
        """Drop the large tables one by one. Dropping the database begins with a checkpoint, which kills a server whose
        disk is full to the last byte; dropping a table gives its space back first.
        """
        with self._workplace.session(TARGET, name) as session:
            for table in session.query(catalog.LARGE_TABLES):
                session.execute(f"DROP TABLE {table} CASCADE")


def definitions_of(session: Session) -> dict[str, str]:
    return {printable(name): columns for name, columns in session.query(catalog.DEFINITIONS).items()}
