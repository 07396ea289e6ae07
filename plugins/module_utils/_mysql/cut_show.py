# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a cut: databases get their names, or go on following. Private; may change at any time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import during
from ansible_collections.waba.migration.plugins.module_utils._cut_limits import (
    BOTH_ALIVE,
    END_SECONDS,
    LONGEST_PAUSE,
    Limit,
    no_answer,
)
from ansible_collections.waba.migration.plugins.module_utils._database import CopyRequest, DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._mysql import catalog, gate
from ansible_collections.waba.migration.plugins.module_utils._mysql.cut_way_back import NoWayBack
from ansible_collections.waba.migration.plugins.module_utils._mysql.inventory import (
    documents_of,
    read_programs,
    tables_of,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.ledger import COMPLETE, INCOMPLETE, Entry
from ansible_collections.waba.migration.plugins.module_utils._mysql.load import TARGET
from ansible_collections.waba.migration.plugins.module_utils._mysql.plan import BASE_TABLE, Plan
from ansible_collections.waba.migration.plugins.module_utils._mysql.program_loader import ProgramLoader
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_words import Words
from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._mysql.sql import account, grant_pattern, identifier
from ansible_collections.waba.migration.plugins.module_utils._mysql.target import (
    OWNER_HOST,
    TargetServer,
    incomplete_name,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.transfer import IN_ORDER
from ansible_collections.waba.migration.plugins.module_utils._mysql.workplace import Workplace

# What the client says of a database that somebody else has made meanwhile.
EXISTS_ALREADY = "ERROR 1007"
# A statement of its own may take as long to end as it had to come about.
UNDO_SECONDS = 2 * END_SECONDS


class Showing:
    """Everything that it needs has been read before the window."""

    def __init__(
        self,
        workplace: Workplace,
        request: CopyRequest,
        words: Words,
        session: Session,
        plans: Sequence[Plan],
        way_back: NoWayBack,
    ) -> None:
        self._workplace = workplace
        self._request = request
        self._words = words
        self._session = session
        self._plans = plans
        self._way_back = way_back
        self._names = [plan.database for plan in plans]
        self._hidden = [incomplete_name(name) for name in self._names]
        self._loaders = [ProgramLoader(workplace, request, plan) for plan in plans]
        self._made: list[str] = []
        # The server may have made it, and could not say so any more.
        self._perhaps_made: list[str] = []
        self._connection = int(session.rows("SELECT CONNECTION_ID()")[0][0])

    def prepare(self) -> None:
        for loader in self._loaders:
            for kind in IN_ORDER:
                loader.prepare(kind)

    def clear(self) -> None:
        """Drop what a cut has left that was killed before it could rename anything: databases with nothing in them."""
        target = self._target(self._session)
        entries = target.ledger.entries()
        present = {row["name"] for row in self._session.documents(catalog.DATABASES)}
        begun = [
            name
            for name in self._names
            if name in present
            and name in entries
            and entries[name] == Entry(self._request.marker, INCOMPLETE)
            and not documents_of(self._session, catalog.tables_of(name), name)
        ]
        target.drop(begun)

    def show(self) -> None:
        try:
            with self._limit(END_SECONDS), during(f"Showing the databases on {self._request.target}"):
                self._show()
        except BaseException as error:  # noqa: BLE001 - raised again unless it came too late to matter
            self._go_on_following(self._workplace.children.cause or error)
        else:
            self._forget()

    def _show(self) -> None:
        target = self._target(self._session)
        target.ledger.begin(self._names, self._request.marker)
        for plan in self._plans:
            try:
                target.create_empty(plan.database, plan)
            except BaseException as error:
                if EXISTS_ALREADY not in str(error):
                    self._perhaps_made.append(plan.database)
                raise
            self._made.append(plan.database)
        self._session.execute(self._words.stop())
        target.move_tables(self._plans)
        for name in self._names:
            # The owner may be the definer of what follows, and then has to be able to use what that needs.
            target.grant(name)
        for kind in IN_ORDER:
            for loader in self._loaders:
                loader.create(kind)
        for plan in self._plans:
            if plan.inventory.programs:
                unequal = gate.program_differences(plan.inventory.programs, read_programs(self._session, plan.database))
                if unequal:
                    raise DatabaseError(f"The database {plan.database} is not the same: {'; '.join(unequal)}.")
        self._way_back.note(self._session)
        # From here on it has happened.
        target.ledger.complete(self._names)

    def _forget(self) -> None:
        """It must not go on after a start of the server, when nobody would tell it what to apply."""
        try:
            with self._limit(END_SECONDS), during(f"Ending replication on {self._request.target}"):
                self._session.execute(self._words.forget())
                self._target(self._session).drop(self._hidden)
        except DatabaseError as error:
            cause = self._workplace.children.cause or error
            raise DatabaseError(
                f"The databases have been cut off and have their names on {self._request.target}, but {cause} Abandon "
                "the replication at once, and use the databases only then."
            ) from error

    def _go_on_following(self, error: BaseException) -> None:
        """Take the end back, or see that it has come about."""
        self._workplace.stop_everything()
        try:
            with self._limit(UNDO_SECONDS), self._workplace.session(TARGET) as session:
                self._end_own_statement(session)
                if self._is_done(session):
                    session.execute(self._words.forget())
                    self._target(session).drop(self._hidden)
                    return
                self._take_back(session)
        except DatabaseError as trouble:
            cause = self._workplace.children.cause or trouble
            raise DatabaseError(
                f"{error} What became of the databases on {self._request.target} cannot be told ({cause}). The old "
                "databases are whole, and the old client can be started again. Then seed anew."
            ) from error
        if isinstance(error, DatabaseError):
            raise DatabaseError(f"{error} {BOTH_ALIVE}") from error
        raise error

    def _end_own_statement(self, session: Session) -> None:
        """It may go on although its client is gone."""
        deadline = time.monotonic() + END_SECONDS
        while any(int(row[0]) == self._connection for row in session.rows(catalog.PROCESSES)):
            self._workplace.kill(TARGET, [self._connection])
            if time.monotonic() > deadline:
                raise DatabaseError("the statement that shows them does not end")
            time.sleep(LONGEST_PAUSE)

    def _is_done(self, session: Session) -> bool:
        entries = self._target(session).ledger.entries()
        return all(name in entries and entries[name].state == COMPLETE for name in self._names)

    def _take_back(self, session: Session) -> None:
        target = self._target(session)
        owner = account(self._request.owner, OWNER_HOST)
        present = {row["name"] for row in session.documents(catalog.DATABASES)}
        self._made += [
            name
            for name in self._perhaps_made
            if name in present and not documents_of(session, catalog.tables_of(name), name)
        ]
        for plan in self._plans:
            if plan.database not in self._made:
                continue
            for program in read_programs(session, plan.database):
                if program.kind == "trigger":
                    session.execute(f"DROP TRIGGER {identifier(plan.database, program.name)}")
            found = tables_of(documents_of(session, catalog.tables_of(plan.database), plan.database))
            tables = [table.name for table in found if table.kind == BASE_TABLE]
            if tables and incomplete_name(plan.database) in present:
                moves = [
                    f"{identifier(plan.database, name)} TO {identifier(incomplete_name(plan.database), name)}"
                    for name in tables
                ]
                session.execute("SET SESSION foreign_key_checks = 1", f"RENAME TABLE {', '.join(moves)}")
            session.execute(
                f"GRANT ALL PRIVILEGES ON {grant_pattern(plan.database)}.* TO {owner}",
                f"REVOKE ALL PRIVILEGES ON {grant_pattern(plan.database)}.* FROM {owner}",
            )
        target.drop(self._made)
        target.ledger.forget([name for name in self._names if name not in self._made])
        self._way_back.forget(session)
        session.execute(self._words.start())

    def _limit(self, seconds: float) -> Limit:
        return Limit(self._workplace.children, seconds, no_answer(self._request.target, seconds))

    def _target(self, session: Session) -> TargetServer:
        return TargetServer(session, self._request, partial(self._workplace.kill, TARGET))
