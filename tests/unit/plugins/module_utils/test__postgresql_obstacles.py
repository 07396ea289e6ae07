# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server lacks, each with the statement that mends it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._postgresql.obstacles import (
    of_database,
    of_link,
    of_source,
    of_target,
    own_account,
)
from ansible_collections.waba.migration.plugins.module_utils._replica import obstacles_summary

SOURCE = {
    "wal_level": "logical",
    "max_slots": 10,
    "used_slots": 2,
    "max_senders": 10,
    "used_senders": 2,
    "slot_limit": 10240,
    "version_num": 150000,
    "user": "wa",
    "replication": True,
}
DATABASE = {"keyless": [], "unlogged": [], "user": "wa", "other_owners": [], "may_create": True, "large_objects": 0}
TARGET = {
    "superuser": True,
    "max_workers": 8,
    "used_workers": 0,
    "max_processes": 12,
    "max_origins": 8,
    "used_origins": 0,
}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        ({"wal_level": "replica"}, [("wal_level", "ALTER SYSTEM SET wal_level = 'logical'", True)]),
        ({"used_slots": 3}, [("max_replication_slots", "ALTER SYSTEM SET max_replication_slots = 11", True)]),
        ({"used_senders": 5}, [("max_wal_senders", "ALTER SYSTEM SET max_wal_senders = 13", True)]),
        ({"replication": False}, [("rights", 'ALTER ROLE "wa" REPLICATION', False)]),
        (
            {"slot_limit": -1},
            [
                (
                    "max_slot_wal_keep_size",
                    "ALTER SYSTEM SET max_slot_wal_keep_size = '10GB'; SELECT pg_reload_conf()",
                    False,
                )
            ],
        ),
        ({"slot_limit": None, "version_num": 100006}, [("max_slot_wal_keep_size", None, False)]),
    ],
)
def test_source(changes: dict[str, Any], found: list[tuple[str, str, bool]]) -> None:
    obstacles = of_source({**SOURCE, **changes}, 8, require_slot_limit=True)
    assert [(each.what, each.statement, each.restart) for each in obstacles] == found


@pytest.mark.parametrize("changes", [{"slot_limit": -1}, {"slot_limit": None, "version_num": 100006}])
def test_somebody_watches_the_slots(changes: dict[str, Any]) -> None:
    assert of_source({**SOURCE, **changes}, 8, require_slot_limit=False) == []


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        ({"keyless": [{"schema": "s", "name": 't"1', "has_key": False, "index": None}]},
         [("keyless", 'ALTER TABLE "s"."t""1" REPLICA IDENTITY FULL')]),
        ({"keyless": [{"schema": "s", "name": "t", "has_key": False, "index": "u"}]},
         [("keyless", 'ALTER TABLE "s"."t" REPLICA IDENTITY USING INDEX "u"')]),
        ({"keyless": [{"schema": "s", "name": "t", "has_key": True, "index": "t_pkey"}]},
         [("keyless", 'ALTER TABLE "s"."t" REPLICA IDENTITY DEFAULT')]),
        ({"unlogged": [["s", "t"]]}, [("unlogged", 'ALTER TABLE "s"."t" SET LOGGED')]),
        ({"large_objects": 3}, [("large_objects", None)]),
        ({"may_create": False}, [("rights", 'GRANT CREATE ON DATABASE "acme_x" TO "wa"')]),
        ({"other_owners": ["a", "b"]}, [("rights", 'GRANT "a" TO "wa"'), ("rights", 'GRANT "b" TO "wa"')]),
    ],
)  # fmt: skip
def test_database(changes: dict[str, Any], found: list[tuple[str, str | None]]) -> None:
    obstacles = of_database("acme_x", {**DATABASE, **changes})
    assert [(each.what, each.statement) for each in obstacles] == found
    assert all("acme_x" in each.text and each.database == "acme_x" for each in obstacles)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        ({"superuser": False}, [("rights", None)]),
        ({"max_workers": 7},
         [("max_logical_replication_workers", "ALTER SYSTEM SET max_logical_replication_workers = 8")]),
        ({"max_processes": 11}, [("max_worker_processes", "ALTER SYSTEM SET max_worker_processes = 12")]),
        ({"used_origins": 2}, [("max_replication_slots", "ALTER SYSTEM SET max_replication_slots = 10")]),
    ],
)  # fmt: skip
def test_target(changes: dict[str, Any], found: list[tuple[str, str | None]]) -> None:
    obstacles = of_target({**TARGET, **changes}, 8)
    assert [(each.what, each.statement) for each in obstacles] == found
    assert all(each.server == "target" for each in obstacles)


def test_words_name_the_server_that_changes_go_to() -> None:
    [found] = of_target({**TARGET, "max_workers": 7}, 8, "the old server")
    assert found.text.startswith("max_logical_replication_workers is 7 on the old server,")
    link = of_link("db-old:5432", "db-new:5432", "refused.", "The old server")
    assert link.text == "The old server db-old:5432 cannot connect to db-new:5432: refused"


def test_own_account() -> None:
    assert own_account({**SOURCE, "superuser": True}) == []
    [found] = own_account({**SOURCE, "superuser": False})
    assert (found.what, found.database) == ("own_account", None)


def test_summary() -> None:
    assert obstacles_summary(of_database("acme_x", {**DATABASE, "large_objects": 1})) == [
        {
            "database": "acme_x",
            "what": "large_objects",
            "text": "acme_x has 1 large objects, which only a bulk copy carries. If nothing refers to them any more, "
            "the program vacuumlo removes them",
            "statement": None,
            "restart": False,
            "server": "source",
        }
    ]
