# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far databases follow their originals, read from both servers. Private; may change at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._copy_gate import (
    definition_changes,
    number_differences,
)
from ansible_collections.waba.migration.plugins.module_utils._copy_processes import during
from ansible_collections.waba.migration.plugins.module_utils._mysql import catalog, gate, replica_sql
from ansible_collections.waba.migration.plugins.module_utils._mysql.connection import MARIADB
from ansible_collections.waba.migration.plugins.module_utils._mysql.inventory import (
    definitions_of,
    documents_of,
    tables_of,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.ledger import COMPLETE, Ledger
from ansible_collections.waba.migration.plugins.module_utils._mysql.ledger import Entry as Mark
from ansible_collections.waba.migration.plugins.module_utils._mysql.plan import BASE_TABLE
from ansible_collections.waba.migration.plugins.module_utils._mysql.releases import Release
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_ledger import ReplicaLedger
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_server import channel_on
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_words import words_for
from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._mysql.target import incomplete_name
from ansible_collections.waba.migration.plugins.module_utils._replica import CutRequest, DatabaseState, ReplicaRequest

# What a server answers when it is asked for changes that it has no more.
LOG_IS_GONE = 1236


@dataclass(frozen=True)
class Schema:
    """What a database holds, but for its rows: columns by table, and numbers of everything else."""

    columns: Mapping[str, str]
    numbers: Mapping[str, int]


class StateReader:
    """Two sessions that stay open, one on each server."""

    def __init__(
        self, request: ReplicaRequest | CutRequest, source: Session, target: Session, there: Release, here: Release
    ) -> None:
        self._request = request
        self._source = source
        self._target = target
        self._flavour = here.flavour
        self._words = words_for(here, request.name)
        # A type is written in another way by another release, so that then only its name counts.
        self._whole_types = there.series == here.series
        self._differences: dict[str, list[str]] = {}

    def compare_schemas(self) -> None:
        """What is defined on both servers, which takes some tenths of a second."""
        self._differences = {}
        present = self._present()
        for name in self._request.databases:
            hidden = incomplete_name(name)
            if hidden in present:
                with during(f"Reading {name} on {self._request.source}"):
                    there = read_schema(self._source, name, self._whole_types)
                with during(f"Reading {hidden} on {self._request.target}"):
                    here = read_schema(self._target, hidden, self._whole_types)
                self._differences[name] = schema_differences(there, here)

    def read(self) -> list[DatabaseState]:
        """Lag and health as they are now, with what C(compare_schemas) found last."""
        with during(f"Reading the state of replication on {self._request.target}"):
            entries = ReplicaLedger(self._target).entries(self._request.name)
            channel = channel_on(self._target, self._words) if entries else None
            present = self._present()
            marks = Ledger(self._target).entries()
        sizes: dict[str, int] = {}
        if channel:
            with during(f"Reading the list of binary logs on {self._request.source}"):
                sizes = replica_sql.log_sizes(self._source.rows(replica_sql.BINARY_LOGS))
        states = []
        for name in self._request.databases:
            mark = marks.get(name)
            half_done = bool(mark and mark.state != COMPLETE)
            # The ledger's word counts, whatever a cut has left that was killed after it.
            is_cut = name in entries and name in present and mark == Mark(entries[name].marker, COMPLETE)
            states.append(
                DatabaseState(
                    name=name,
                    published=name in entries,
                    slot=self._request.name if channel else None,
                    active=bool(channel and channel.receiving),
                    lag_bytes=replica_sql.bytes_after(sizes, channel.applied) if channel else None,
                    retained_bytes=None,
                    slot_lost=False,
                    subscribed=name in entries,
                    enabled=bool(channel and self._is_enabled(channel)) and not is_cut,
                    synchronous=True,
                    working=bool(channel and channel.applying),
                    apply_errors=None,
                    hidden=incomplete_name(name) in present and not is_cut,
                    shown=name in present and not half_done,
                    differences=[*troubles_of(channel, sizes, self._flavour), *self._differences.get(name, [])],
                )
            )
        return states

    def _is_enabled(self, channel: replica_sql.Channel) -> bool:
        """MySQL goes on once it has been told again what to apply: without it, who applies may do nothing."""
        if not channel.filtered and self._flavour != MARIADB:
            return False
        return not (channel.stopped and not channel.receive_error and not channel.apply_error)

    def _present(self) -> set[str]:
        return {row["name"] for row in self._target.documents(catalog.DATABASES)}


def read_schema(session: Session, database: str, whole_types: bool) -> Schema:
    found = tables_of(documents_of(session, catalog.tables_of(database), database))
    tables = {table.name for table in found if table.kind == BASE_TABLE}
    columns = [row for row in documents_of(session, catalog.columns_of(database), database) if row["table"] in tables]
    if not whole_types:
        columns = [{**row, "definition": f"{row['name']} {row['type']}"} for row in columns]
    return Schema(definitions_of(columns), gate.read_structure(session, database)[1])


def schema_differences(there: Schema, here: Schema, since: str = "after the seed and does not follow") -> list[str]:
    """A table that is new would be missing, so it is named first."""
    new = sorted(there.columns.keys() - here.columns.keys())
    found = [f"the table {name} was created {since}" for name in new]
    named = {f"{name} is new" for name in new}
    altered = [change for change in definition_changes(here.columns, there.columns) if change not in named]
    return [*found, *altered, *number_differences(there.numbers, here.numbers)]


def troubles_of(channel: replica_sql.Channel | None, sizes: Mapping[str, int], flavour: str) -> list[str]:
    """What does not mend itself, in sentences. Texts of errors may have values of rows in them, and are not told."""
    if channel is None:
        return []
    found = []
    if not channel.filtered and flavour == MARIADB:
        found.append(
            "the new server was started anew, and does not know any more what to apply: MariaDB keeps that only "
            "while it runs"
        )
    if channel.apply_error and (channel.filtered or flavour == MARIADB):
        found.append(f"changes cannot be applied (error {channel.apply_error}); the reason is in the new server's log")
    if channel.receive_error == LOG_IS_GONE or (sizes and channel.received_file not in sizes):
        found.append("the old server has deleted changes that were not fetched yet (expiry of the binary log)")
    return found


def read_mark(session: Session, database: str) -> Any:
    """Something that is another one after anything was defined, changed or dropped in a database."""
    columns = definitions_of(documents_of(session, catalog.columns_of(database), database))
    programs = [session.rows(statement) for statement in catalog.programs_of(database).values()]
    indexes = session.rows(catalog.indexes_of(database))
    return columns, programs, indexes


def counters_of(session: Session, database: str, tables: Sequence[str]) -> dict[str, int]:
    """Where AUTO_INCREMENT stands, by table. Of one that nobody has opened yet the catalogue may show an older one."""
    for statement in catalog.openings([(database, name) for name in tables]):
        session.rows(statement)
    found = tables_of(documents_of(session, catalog.tables_of(database), database))
    return {table.name: table.auto_increment or 1 for table in found if table.name in tables}
