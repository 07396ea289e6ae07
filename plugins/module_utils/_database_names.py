# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which databases are a client's own. Private to this collection; may change at any time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

AUTH_STORE = "waweb"
# The spelling of the job queue's database is not documented: either of the two may be there.
JOB_QUEUE_STORES = ("jobqueueStore", "jobqueue")
STORES = (
    AUTH_STORE,
    "messageStore",
    "callbackStore",
    "contactStore",
    "axolotlStore",
    "configStore",
    "clusterStore",
    *JOB_QUEUE_STORES,
)
AUTH_TABLES = ("users", "tokens")


@dataclass(frozen=True)
class Classification:
    """Names of databases, sorted by whose they are."""

    ours: dict[str, str]
    foreign: list[str]
    missing: list[str]


def classify(names: Iterable[str], prefix: str, case_matters: bool = True) -> Classification:
    """Compare strings as they are: a pattern would take the databases of a number whose prefix starts alike.

    Where case does not matter, a server may call a database otherwise than the client does who finds it there.
    """

    def form(name: str) -> str:
        return name if case_matters else name.lower()

    known = {form(prefix + store): store for store in STORES}
    present = sorted(names)
    ours = {name: known[form(name)] for name in present if form(name) in known}
    stores = set(ours.values())
    if stores.intersection(JOB_QUEUE_STORES):
        stores.update(JOB_QUEUE_STORES)
    wanted = [store for store in STORES if store != JOB_QUEUE_STORES[1]]
    return Classification(
        ours=ours,
        foreign=[name for name in present if form(name).startswith(form(prefix)) and name not in ours],
        missing=[prefix + store for store in wanted if store not in stores],
    )


def holds_auth_schema(tables: Iterable[tuple[str, str]]) -> bool:
    """Whether one schema has the tables of API users and of their tokens, however the database is called."""
    by_schema: dict[str, set[str]] = {}
    for schema, table in tables:
        by_schema.setdefault(schema, set()).add(table.lower())
    return any(present.issuperset(AUTH_TABLES) for present in by_schema.values())
