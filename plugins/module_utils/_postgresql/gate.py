# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare what both servers hold. Private; may change at any time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._copy_gate import number_differences, row_differences
from ansible_collections.waba.migration.plugins.module_utils._postgresql import catalog
from ansible_collections.waba.migration.plugins.module_utils._postgresql.plan import Plan
from ansible_collections.waba.migration.plugins.module_utils._postgresql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._postgresql.sql import printable


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
    found = row_differences([str(table) for table in plan.tables], source.rows, target.rows)
    found += [
        f"sequence {'.'.join(names)} stands at {_state(there)} on the source and at {_state(here)} on the target"
        for names, there, here in zip(plan.sequences, source.sequences, target.sequences)
        if there != here
    ]
    return [printable(sentence) for sentence in found + number_differences(source.structure, target.structure)]


def _state(state: Sequence[Any]) -> str:
    value, called = state
    return f"{value} ({'used' if called else 'not yet used'})"


def _all_of(session: Session, statements: Sequence[str], each: Callable[[], AbstractContextManager[None]]) -> list[Any]:
    found: list[Any] = []
    for statement in statements:
        with each():
            found += session.query(statement)
    return found
