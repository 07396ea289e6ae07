# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One word for the state of a replication, and sentences for what is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._replica import (
    DatabaseState,
    Leavings,
    Obstacle,
    check_name,
    size_text,
    slot_name,
    state_of,
)

LEFT = Leavings(slots=["s"])
GOOD = DatabaseState(
    name="acme_x",
    published=True,
    slot="s",
    active=True,
    lag_bytes=100,
    retained_bytes=1000,
    slot_lost=False,
    subscribed=True,
    enabled=True,
    synchronous=True,
    working=True,
    apply_errors=0,
    hidden=True,
    shown=False,
    differences=[],
)
CUT = {"enabled": False, "active": False, "working": False, "hidden": False, "shown": True}


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "following"),
        ({"lag_bytes": 101}, "seeded"),
        ({"lag_bytes": None}, "seeded"),
        ({"active": False}, "seeded"),
        ({"working": False, "apply_errors": None}, "seeded"),
        ({"working": False, "apply_errors": 2}, "broken"),
        ({"enabled": False}, "broken"),
        ({"slot_lost": True}, "broken"),
        ({"differences": ["a table is new"]}, "broken"),
        ({"slot": None}, "incomplete"),
        ({"published": False}, "incomplete"),
        ({"subscribed": False}, "incomplete"),
        ({"hidden": False}, "incomplete"),
        (CUT, "cut"),
    ],
)
def test_state(changes: dict[str, Any], state: str) -> None:
    database = replace(GOOD, **changes)
    assert state_of([database], LEFT, 100) == state
    # One that is not there yet makes all of them incomplete, and a good one makes no other good.
    assert state_of([database, replace(GOOD, subscribed=False)], LEFT, 100) == "incomplete"
    assert state_of([GOOD, database], LEFT, 100) == ("broken" if state == "cut" else state)


def test_nothing_there() -> None:
    assert state_of([replace(GOOD, slot=None)], Leavings(), 100) == "absent"
    assert state_of([], LEFT, 100) == "incomplete"


@pytest.mark.parametrize(
    ("changes", "troubles"),
    [
        ({}, []),
        ({"lag_bytes": 10**9}, []),
        ({"working": False}, ["the new server is not connected to the old one for it"]),
        (
            {"working": False, "apply_errors": 3},
            ["changes cannot be applied, 3 times so far; the reason is in the new server's log"],
        ),
        ({"working": False, "enabled": False}, ["its subscription is disabled"]),
        ({"slot_lost": True, "differences": ["x"]}, [
            "the old server has thrown away changes that were not fetched yet (max_slot_wal_keep_size)", "x",
        ]),
    ],
)  # fmt: skip
def test_troubles(changes: dict[str, Any], troubles: list[str]) -> None:
    assert replace(GOOD, **changes).troubles() == troubles


def test_slots_of_two_databases_and_two_clients_differ() -> None:
    names = {slot_name(name, database) for name in ("one", "two") for database in ("acme_x", "acme_y", "acme_Ünï")}
    assert len(names) == 6
    assert slot_name("one", "acme_x") == slot_name("one", "acme_x")
    longest = "a" * 50
    check_name(longest)
    assert len(slot_name(longest, "acme_x")) == 63


@pytest.mark.parametrize("name", ["", "a" * 51, "1a", "A", "a-b", 'a"b', "a b", "ä"])
def test_bad_name(name: str) -> None:
    with pytest.raises(DatabaseError, match="must begin with a lower-case letter"):
        check_name(name)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (None, "an unknown amount"),
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1500, "1.5 kB"),
        (2 * 10**6, "2.0 MB"),
        (3 * 10**9, "3.0 GB"),
    ],
)
def test_size(size: int | None, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("statement", "restart", "text"),
    [
        (None, False, "It is so"),
        ("DO IT", False, "It is so. Mend it with: DO IT"),
        ("DO IT", True, "It is so. Mend it with: DO IT, and restart the server"),
    ],
)
def test_obstacle(statement: str | None, restart: bool, text: str) -> None:
    assert str(Obstacle(None, "x", "It is so", statement, restart)) == text
