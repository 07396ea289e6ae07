# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill databases from dump programs that have begun already, and see that their log stays. Private; may change."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import (
    StoppedError,
    ToolError,
    during,
    in_parallel,
)
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._mysql import commands, replica_sql
from ansible_collections.waba.migration.plugins.module_utils._mysql.load import LENIENT_TARGET, SOURCE, TARGET, Loader
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_dumps import Held
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_sql import Position
from ansible_collections.waba.migration.plugins.module_utils._mysql.workplace import Workplace
from ansible_collections.waba.migration.plugins.module_utils._replica import ReplicaRequest

WATCH_SECONDS = 2.0


class HeldLoader(Loader):
    """Reads from all programs of a database at the same time: none may be kept waiting for long by its server."""

    def load_held(self, held: Sequence[Held]) -> None:
        in_parallel(self._workplace.children, [partial(self._read, each) for each in held], max(len(held), 1))
        self._build_all_indexes()

    def _read(self, held: Held) -> None:
        stream = held.stream
        service = LENIENT_TARGET if stream.lenient else TARGET
        load = commands.load(self._workplace.tools, self._workplace.options(service), self._hidden)
        what = f"table {stream.tables[0].name}" if stream.share > 1 or len(stream.tables) == 1 else "tables"
        with during(self._copying(what)):
            self._workplace.children.pipe_from(held.child, load)
        small = [table for table in stream.tables if not self._plan.is_big(table)]
        rows = sum(table.estimate // stream.share for table in stream.tables)
        self._progress.advance(tables=len(small), rows=rows)


class LogWatch:
    """Ends a seed when the old server has deleted what would be needed after it. It keeps nothing for anybody."""

    def __init__(self, workplace: Workplace, request: ReplicaRequest) -> None:
        self._workplace = workplace
        self._request = request
        self._position: Position | None = None
        # Those of the seed, and never those that clean up after it.
        self._children = workplace.children
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> LogWatch:
        self._thread.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self._over.set()
        self._thread.join()

    def look_after(self, position: Position) -> None:
        self._position = position

    def _watch(self) -> None:
        while not self._over.wait(WATCH_SECONDS):
            if self._position:
                self._look(self._position)

    def _look(self, position: Position) -> None:
        try:
            with self._workplace.session(SOURCE) as session:
                sizes = replica_sql.log_sizes(session.rows(replica_sql.BINARY_LOGS))
        except (ToolError, StoppedError):
            # The seed meets the same trouble and says what it is.
            return
        if position.file not in sizes:
            self._children.stop(
                DatabaseError(
                    f"The old server {self._request.source} has deleted its binary log {position.file}, which is "
                    "needed from the beginning of the seed on. Have it keep its logs longer than a seed takes."
                )
            )
