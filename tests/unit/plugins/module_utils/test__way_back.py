# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One word for how the way back stands, and sentences for what is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._replica import Leavings, slot_name
from ansible_collections.waba.migration.plugins.module_utils._way_back import (
    WayBackState,
    WayBackStatus,
    back_name,
    state_of,
)

KEPT = WayBackState(
    name="acme_x",
    prepared=True,
    slot="s",
    lag_bytes=0,
    retained_bytes=0,
    broken="",
    subscribed=True,
    enabled=True,
    active=True,
    working=True,
)
PREPARED = replace(KEPT, active=False, subscribed=False, enabled=False, working=False)
LEFT = Leavings(slots=["s"])


def test_name_leaves_room_for_slots() -> None:
    assert back_name("w" * 45) == "w" * 45 + "_back"
    assert len(slot_name(back_name("w" * 45), "acme_x")) == 63
    with pytest.raises(DatabaseError, match="too long"):
        back_name("w" * 46)


@pytest.mark.parametrize(
    ("states", "left", "word"),
    [
        ([replace(PREPARED, prepared=False, slot=None)], Leavings(), "absent"),
        ([KEPT, KEPT], LEFT, "kept"),
        ([PREPARED, PREPARED], LEFT, "prepared"),
        ([KEPT, PREPARED], LEFT, "incomplete"),
        ([KEPT, replace(KEPT, prepared=False)], LEFT, "incomplete"),
        ([replace(PREPARED, prepared=False)], LEFT, "incomplete"),
        ([KEPT, replace(KEPT, broken="gone")], LEFT, "broken"),
        ([replace(PREPARED, broken="gone")], LEFT, "broken"),
    ],
)
def test_state(states: list[WayBackState], left: Leavings, word: str) -> None:
    assert state_of(states, left) == word


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, None),
        ({"enabled": False, "working": False, "active": False}, "its subscription on the old server is disabled"),
        ({"working": False}, "the old server is not connected to the new one for it"),
        ({"active": False}, "the old server is not connected to the new one for it"),
        (
            {"active": False, "hindrance": ", after 3 errors; the reason is in its log"},
            "the old server is not connected to the new one for it, after 3 errors; the reason",
        ),
        ({"broken": "the new server has thrown away changes"}, "the new server has thrown away changes"),
    ],
)
def test_troubles(changes: dict[str, Any], found: str | None) -> None:
    troubles = WayBackStatus("kept", [replace(KEPT, **changes)], LEFT).troubles()
    assert len(troubles) == (0 if found is None else 1)
    assert all(trouble.startswith(f"acme_x: {found}") for trouble in troubles)


def test_nobody_misses_a_connection_that_was_never_made() -> None:
    assert WayBackStatus("prepared", [PREPARED, replace(PREPARED, prepared=False)], LEFT).troubles() == []
