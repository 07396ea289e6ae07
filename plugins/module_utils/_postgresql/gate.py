# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare what both servers hold. Private; may change at any time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._postgresql import catalog
from ansible_collections.waba.migration.plugins.module_utils._postgresql.plan import Plan
from ansible_collections.waba.migration.plugins.module_utils._postgresql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._postgresql.sql import printable

NAMED_DIFFERENCES = 5


@dataclass(frozen=True)
class Truth:
    """What one server holds of a database: rows by table, states of sequences, numbers of everything else."""

    rows: list[int]
    sequences: list[list[Any]]
    structure: Mapping[str, int]


def read_truth_of_snapshot(session: Session, plan: Plan) -> Truth:
    """In a transaction that began earlier. A lock for each of many tables would leave none for pg_dump."""
    return _read_truth(session, plan, session.without_locks)


def read_truth(session: Session, plan: Plan) -> Truth:
    return _read_truth(session, plan, nullcontext)


def _read_truth(session: Session, plan: Plan, each: Callable[[], AbstractContextManager[None]]) -> Truth:
    tables = [(table.schema, table.name, table.condition) for table in plan.tables]
    return Truth(
        rows=_all_of(session, catalog.row_counts(tables), each),
        sequences=_all_of(session, catalog.sequence_states(plan.sequences), each),
        structure=session.query(catalog.STRUCTURE),
    )


def differences(plan: Plan, source: Truth, target: Truth) -> list[str]:
    """Sentences about everything that is not equal; empty when all is."""
    found = [
        f"table {table} has {there} rows on the source and {here} on the target"
        for table, there, here in zip(plan.tables, source.rows, target.rows)
        if there != here
    ]
    found += [
        f"sequence {'.'.join(names)} stands at {_state(there)} on the source and at {_state(here)} on the target"
        for names, there, here in zip(plan.sequences, source.sequences, target.sequences)
        if there != here
    ]
    found += [
        f"{kind}: {source.structure.get(kind, 0)} on the source and {target.structure.get(kind, 0)} on the target"
        for kind in sorted({*source.structure, *target.structure})
        if source.structure.get(kind, 0) != target.structure.get(kind, 0)
    ]
    return found


def summarise(found: Sequence[str]) -> str:
    more = len(found) - NAMED_DIFFERENCES
    return printable("; ".join(found[:NAMED_DIFFERENCES])) + (f"; and {more} more differences" if more > 0 else "")


def _state(state: Sequence[Any]) -> str:
    value, called = state
    return f"{value} ({'used' if called else 'not yet used'})"


def _all_of(session: Session, statements: Sequence[str], each: Callable[[], AbstractContextManager[None]]) -> list[Any]:
    found: list[Any] = []
    for statement in statements:
        with each():
            found += session.query(statement)
    return found
