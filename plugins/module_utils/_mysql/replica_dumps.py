# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dump programs that all see one moment, whose place in the binary log is known. Private; may change at any time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import Child, during
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._mysql import catalog, commands, replica_sql
from ansible_collections.waba.migration.plugins.module_utils._mysql.load import SOURCE, parts_of
from ansible_collections.waba.migration.plugins.module_utils._mysql.plan import Plan, Table
from ansible_collections.waba.migration.plugins.module_utils._mysql.refusals import some
from ansible_collections.waba.migration.plugins.module_utils._mysql.releases import Release
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_server import CHANGE
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_sql import Position
from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._mysql.workplace import Workplace

# Behind who waits for the lock everybody waits who writes, and under it as well.
LOCK_SECONDS = 3
# MySQL lets nobody use a table that a statement is reading when the lock is asked for, until that statement ends, even
# if the lock is given up. So it is asked for only when no statement has been running for so long.
LONG_SECONDS = 1
QUIET_SECONDS = 10.0
QUIET_INTERVAL = 0.1
BEGIN_SECONDS = 5.0
LOOK_SECONDS = 0.005


@dataclass(frozen=True)
class Stream:
    """What one dump program reads: tables of a database, or a part of one."""

    database: str
    tables: Sequence[Table]
    condition: str | None = None
    lenient: bool = False
    # How many have the same table.
    share: int = 1


def streams_of(plan: Plan, jobs: int) -> list[Stream]:
    """All programs begin at once, so there are as few as possible: one for all tables that need none of their own."""
    own = [big for big in plan.big_tables if big.lenient or big.pieces != [None]]
    named = {big.table.name for big in own}
    together = parts_of([table for table in plan.tables if table.name not in named], 1)
    streams = [Stream(plan.database, part) for part in together]
    for big in own:
        streams += [Stream(plan.database, [big.table], piece, big.lenient, len(big.pieces)) for piece in big.pieces]
    return streams


@dataclass(frozen=True)
class Held:
    """A stream whose program sees its moment and waits for somebody to read."""

    stream: Stream
    child: Child


class Moment:
    """Nobody writes on the source until all who will read from it have begun."""

    def __init__(self, workplace: Workplace, release: Release, server: str) -> None:
        self._workplace = workplace
        self._release = release
        self._server = server
        self.seconds = 0.0

    def begin(self, streams: Sequence[Stream], readers: Sequence[Session]) -> tuple[Position, list[Held]]:
        locking = (
            f"Keeping others on {self._server} from writing for a moment, which waits for each statement that is "
            "running there (see SHOW PROCESSLIST),"
        )
        with self._workplace.session(CHANGE) as session:
            self._await_quiet(session)
            with during(locking):
                session.execute(*replica_sql.lock(LOCK_SECONDS))
            started = time.monotonic()
            try:
                held = [self._start(stream) for stream in streams]
                with during(f"Reading the last position of {self._server}"):
                    for reader in readers:
                        reader.execute(*replica_sql.SNAPSHOT)
                    position = replica_sql.position_of(session.rows(replica_sql.log_status(self._release)))
                self._wait(held, started + BEGIN_SECONDS)
                with during(f"Letting others write on {self._server} again"):
                    # An error if the server has given the lock back already.
                    session.execute(replica_sql.UNLOCK)
            finally:
                session.close()
            self.seconds = time.monotonic() - started
        return position, held

    def _await_quiet(self, session: Session) -> None:
        deadline = time.monotonic() + QUIET_SECONDS
        while True:
            with during(f"Looking for long statements on {self._server}"):
                running = replica_sql.long_statements(session.rows(catalog.PROCESSES), LONG_SECONDS)
            if not running:
                return
            if time.monotonic() > deadline:
                raise DatabaseError(
                    f"Statements are running on {self._server} that do not end ({some(running)}). Others could not be "
                    "kept from writing for a moment without being kept from reading until these have ended. Wait for "
                    "them, see SHOW PROCESSLIST, or try a quieter hour."
                )
            time.sleep(QUIET_INTERVAL)

    def _start(self, stream: Stream) -> Held:
        names = [table.name for table in stream.tables]
        options = self._workplace.options(SOURCE)
        argv = commands.dump_held(self._workplace.tools, options, stream.database, names, stream.condition)
        return Held(stream, self._workplace.children.start_reader(argv))

    def _wait(self, held: Sequence[Held], deadline: float) -> None:
        """Until each has said that it has begun, or has ended, which is the same for us here."""
        waiting = list(held)
        while waiting:
            waiting = [each for each in waiting if not _has_begun(each.child)]
            if waiting and time.monotonic() > deadline:
                raise DatabaseError(
                    f"Within {BEGIN_SECONDS:g} s {len(waiting)} of {len(held)} dump programs had not begun to read "
                    f"from {self._server}, and others cannot be kept from writing any longer. Try a quieter hour."
                )
            time.sleep(LOOK_SECONDS)


def _has_begun(child: Child) -> bool:
    return any(child.has_said(words) for words in commands.BEGUN) or child.process.poll() is not None
