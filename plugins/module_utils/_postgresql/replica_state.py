# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far databases follow their originals, read from both servers. Private; may change at any time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._copy_gate import (
    definition_changes,
    number_differences,
)
from ansible_collections.waba.migration.plugins.module_utils._copy_processes import during, in_parallel
from ansible_collections.waba.migration.plugins.module_utils._copy_run import DATABASES_AT_ONCE
from ansible_collections.waba.migration.plugins.module_utils._postgresql import catalog, replica_sql
from ansible_collections.waba.migration.plugins.module_utils._postgresql.load import SOURCE, TARGET
from ansible_collections.waba.migration.plugins.module_utils._postgresql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._postgresql.sql import printable
from ansible_collections.waba.migration.plugins.module_utils._postgresql.target import incomplete_name
from ansible_collections.waba.migration.plugins.module_utils._postgresql.transfer import definitions_of
from ansible_collections.waba.migration.plugins.module_utils._postgresql.workplace import Workplace
from ansible_collections.waba.migration.plugins.module_utils._replica import (
    CutRequest,
    DatabaseState,
    ReplicaRequest,
    slot_name,
)

# The first release that counts what could not be applied.
APPLY_ERRORS = 150000


class StateReader:
    """Two sessions that stay open, one on each server, and others into the databases when they are compared."""

    def __init__(
        self,
        workplace: Workplace,
        request: ReplicaRequest | CutRequest,
        source: Session,
        target: Session,
        open_session: Callable[[str, str, str], AbstractContextManager[Session]] | None = None,
    ) -> None:
        self._workplace = workplace
        self._open = open_session or workplace.session
        self._request = request
        self._name = request.name
        self._source = source
        self._target = target
        self._slots = {database: slot_name(request.name, database) for database in request.databases}
        self._counts_errors = target.query(catalog.SERVER)["version_num"] >= APPLY_ERRORS
        self._schemas: dict[str, tuple[bool, list[str]]] = {}

    def compare_schemas(self) -> None:
        """What is published and defined on both servers, which takes some tenths of a second."""
        with during(f"Reading databases on {self._request.source}"):
            there = self._source.query(replica_sql.databases(self._request.databases))
        with during(f"Reading databases on {self._request.target}"):
            here = self._target.query(replica_sql.databases([*map(incomplete_name, there), *there]))
        tasks = [partial(self._compare_schema, name, facts["encoding"], here) for name, facts in there.items()]
        self._schemas = dict(in_parallel(self._workplace.children, tasks, DATABASES_AT_ONCE))

    def read(self) -> list[DatabaseState]:
        """Lag and health as they are now, with what C(compare_schemas) found last."""
        with during(f"Reading the slots on {self._request.source}"):
            slots = self._source.query(replica_sql.slots(list(self._slots.values())))
        with during(f"Reading the subscriptions on {self._request.target}"):
            subscriptions = self._target.query(replica_sql.subscriptions(self._name))
            errors = self._target.query(replica_sql.apply_errors(self._name)) if self._counts_errors else {}
            names = [*map(incomplete_name, self._slots), *self._slots]
            present = self._target.query(replica_sql.databases(names))
        return [self._state(name, slots, subscriptions, errors, present) for name in self._slots]

    def _state(
        self,
        name: str,
        slots: Mapping[str, Any],
        subscriptions: Mapping[str, Any],
        errors: Mapping[str, int],
        present: Mapping[str, Any],
    ) -> DatabaseState:
        hidden = incomplete_name(name)
        slot = slots.get(self._slots[name])
        where = hidden if hidden in present else name
        subscription = subscriptions.get(where)
        published, differences = self._schemas.get(name, (False, []))
        return DatabaseState(
            name=name,
            published=published,
            slot=self._slots[name] if slot else None,
            active=bool(slot and slot["active"]),
            lag_bytes=slot["lag"] if slot else None,
            retained_bytes=slot["retained"] if slot else None,
            slot_lost=bool(slot and slot["lost"]),
            subscribed=subscription is not None,
            enabled=bool(subscription and subscription["enabled"]),
            synchronous=bool(subscription and subscription["synchronous"]),
            working=bool(subscription and subscription["working"]),
            apply_errors=errors.get(where),
            hidden=hidden in present,
            shown=name in present,
            differences=differences,
        )

    def _compare_schema(self, name: str, encoding: str, here: Mapping[str, Any]) -> tuple[str, tuple[bool, list[str]]]:
        reading = f"Reading {name} on {self._request.source}"
        with during(reading), self._open(SOURCE, name, encoding) as session:
            published = session.query(replica_sql.published(self._name))
            tables = session.query(replica_sql.PUBLISHED_TABLES)
            structure = session.query(catalog.STRUCTURE)
            defined = definitions_of(session)
        where = incomplete_name(name)
        if published is None or where not in here:
            return name, (published is not None, [])
        with during(f"Reading {where} on {self._request.target}"), self._open(TARGET, where, encoding) as session:
            copied = session.query(catalog.STRUCTURE)
            altered = definition_changes(definitions_of(session), defined)
        return name, (True, schema_differences(published, tables, altered, number_differences(structure, copied)))


def schema_differences(
    published: Sequence[Sequence[str]], tables: Sequence[Sequence[str]], altered: Sequence[str], numbers: Sequence[str]
) -> list[str]:
    """A table that is not published would be lost without a word, so it is named first."""
    new = [table for table in tables if table not in published]
    found = [f"the table {'.'.join(table)} was created after the seed and does not follow" for table in new]
    named = {f"{'.'.join(table)} is new" for table in new}
    return [printable(sentence) for sentence in [*found, *(each for each in altered if each not in named), *numbers]]
