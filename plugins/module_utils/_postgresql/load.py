# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy one database: pg_dump into psql, or parallel pipes with the indexes built afterwards. Private."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import ToolError, during, in_parallel
from ansible_collections.waba.migration.plugins.module_utils._copy_progress import Progress
from ansible_collections.waba.migration.plugins.module_utils._database import CopyRequest, DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._postgresql import commands
from ansible_collections.waba.migration.plugins.module_utils._postgresql.plan import BigTable, Piece, Plan
from ansible_collections.waba.migration.plugins.module_utils._postgresql.sql import printable
from ansible_collections.waba.migration.plugins.module_utils._postgresql.target import incomplete_name
from ansible_collections.waba.migration.plugins.module_utils._postgresql.workplace import Workplace

SOURCE = "source"
TARGET = "target"
LOAD = "load"

_ECHOED_COPY = re.compile(r"^COPY (.+?) +(?:\(.*\) )?FROM stdin;$")
_COPIED = re.compile(r"^COPY (\d+)$")


class Loader:
    """Fills one hidden database on the target from one snapshot on the source."""

    def __init__(
        self,
        workplace: Workplace,
        request: CopyRequest,
        progress: Progress,
        slots: threading.Semaphore,
        plan: Plan,
        snapshot: str,
    ) -> None:
        self._workplace = workplace
        self._request = request
        self._progress = progress
        self._slots = slots
        self._plan = plan
        self._snapshot = snapshot
        self._from = workplace.address(SOURCE, plan.database)
        self._into = workplace.address(LOAD, incomplete_name(plan.database))
        # Both ends speak the database's own encoding, so that no byte is translated.
        self._encoding = {"PGCLIENTENCODING": str(plan.facts["encoding"])}

    def load(self) -> None:
        if self._plan.in_one_stream:
            self._script("everything", commands.dump(self._workplace.tools, self._from, self._snapshot))
        else:
            self._in_sections()

    def _in_sections(self) -> None:
        tools = self._workplace.tools
        archive = str(self._workplace.directory / f"{self._plan.facts['number']}.schema")
        with self._slots:
            self._run("the schema", commands.dump_schema(tools, self._from, self._snapshot, archive))
            self._restore_before_data(archive)
        self._data()
        with self._slots:
            self._restore_after_data(archive)

    def _restore_before_data(self, archive: str) -> None:
        what = "the tables' definitions"
        if not self._plan.privileged:
            self._restore(what, archive, self._into, "--section=pre-data")
            return
        entries = self._entries(archive, "pre-data")
        self._restore(what, archive, self._into, self._only(archive, entries.schemas))
        self._restore(what, archive, self._as_administrator(), self._only(archive, entries.privileged))
        self._restore(what, archive, self._into, self._only(archive, entries.others))

    def _restore_after_data(self, archive: str) -> None:
        """Indexes side by side, then what needs them.

        To attach an index to that of a partitioned table takes locks that pg_restore does not foresee: two of its jobs
        would end in a deadlock.
        """
        entries = self._entries(archive, "post-data")
        jobs = self._request.jobs
        self._restore("indexes", archive, self._into, f"--jobs={jobs}", self._only(archive, entries.indexes))
        jobs = 1 if entries.attach_indexes else jobs
        self._restore("constraints", archive, self._into, f"--jobs={jobs}", self._only(archive, entries.others))
        if entries.privileged:
            self._restore("triggers", archive, self._as_administrator(), self._only(archive, entries.privileged))

    def _data(self) -> None:
        """The big tables' pieces and one stream with all the rest, side by side."""
        small = commands.dump_small_data(self._workplace.tools, self._from, self._snapshot, self._plan.big_tables)
        pieces = [(big, piece) for big in self._plan.big_tables for piece in big.pieces]
        pieces.sort(key=lambda pair: pair[0].table.bytes / len(pair[0].pieces), reverse=True)
        steps: list[Callable[[], None]] = [partial(self._script, "the small tables", small)]
        steps += [partial(self._piece, big, piece) for big, piece in pieces]
        in_parallel(self._workplace.children, steps, self._request.jobs)
        self._progress.advance(tables=len(self._plan.big_tables))

    def _piece(self, big: BigTable, piece: Piece) -> None:
        tools = self._workplace.tools
        reader = commands.read_piece(tools, self._from, self._snapshot, big, piece)
        writer = commands.write_piece(tools, self._into, big)
        with self._slots, during(self._copying(f"table {printable(str(big.table))}")):
            self._workplace.children.pipe(reader, writer, self._encoding, lambda line: self._advance(copied_rows(line)))

    def _script(self, what: str, dump: Sequence[str]) -> None:
        """Run pg_dump into psql; psql's echo keeps us informed on where it is."""
        table: list[str] = []

        def watch(line: str) -> None:
            begun, rows = _ECHOED_COPY.match(line), copied_rows(line)
            if begun:
                table[:] = [begun.group(1)]
            elif rows is not None:
                self._advance(rows)
                self._progress.advance(tables=1)
                table.clear()

        writer = commands.load_script(self._workplace.tools, self._into)
        with self._slots:
            try:
                self._workplace.children.pipe(dump, writer, self._encoding, watch)
            except ToolError as error:
                copying = self._copying(f"table {table[0]}" if table else what)
                raise DatabaseError(f"{copying} failed: {error}") from error

    def _advance(self, rows: int | None) -> None:
        self._progress.advance(rows=rows or 0)

    def _restore(self, what: str, archive: str, address: str, *which: str) -> None:
        self._run(what, commands.restore(self._workplace.tools, address, archive, *which))

    def _run(self, what: str, argv: Sequence[str]) -> None:
        with during(self._copying(what)):
            self._workplace.children.run(argv, self._encoding)

    def _entries(self, archive: str, section: str) -> commands.Entries:
        listing = commands.list_entries(self._workplace.tools, archive, section)
        return commands.sort_entries(self._workplace.children.output(listing))

    def _only(self, archive: str, entries: Sequence[str]) -> str:
        """Restore these entries.

        Not to be combined with a section: what is listed counts as coming after all that is not, and a comment counts
        to the section of what comes before it.
        """
        path = Path(f"{archive}.list")
        path.write_text("".join(f"{entry}\n" for entry in entries), encoding="utf-8")
        return f"--use-list={path}"

    def _as_administrator(self) -> str:
        return self._workplace.address(TARGET, incomplete_name(self._plan.database))

    def _copying(self, what: str) -> str:
        where = f"from {self._request.source} to {self._request.target}"
        return f"Copying {what} of the database {self._plan.database} {where}"


def copied_rows(line: str) -> int | None:
    """How many rows psql says that a COPY has written, when this line says so."""
    copied = _COPIED.match(line)
    return int(copied.group(1)) if copied else None
