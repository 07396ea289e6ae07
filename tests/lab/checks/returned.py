# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold after a way back without loss: the old client serves, with all that the new one has done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from labctl.layout import ACME

from checks import back, moved, rows
from checks.dump import Table
from checks.options import CARRIED
from checks.scene import Scene
from checks.verdict import Check, listed

STAMP, STAMP_LENGTH = "%Y-%m-%d %H:%M:%S", 19
"""How the dumps of all engines write a moment, in UTC, but for its fraction and zone."""
NOT_CLAIMED = frozenset({"never-on-new", "old-media"})
"""Checks of a rollback before the new client's start that do not hold here."""


def new_at_rest(scene: Scene) -> str:
    """Its databases are compared as they are."""
    running = [entry["name"] for entry in scene.containers("new") if entry["status"] == "running"]
    return listed([f"{name} runs on the new host" for name in running])


def rows_came_back(scene: Scene) -> str:
    new, old, stores = scene.new_dumps, scene.old_dumps, CARRIED[scene.option]
    if newest(new["messageStore"].tables["messages"], "timestamp") <= time_on_new(scene):
        return "the new client has stored no message, so nothing is proven"
    return listed([text for store in stores for text in rows.missing(store, new[store], old[store])])


def time_on_new(scene: Scene) -> str:
    connected = [
        event["time"] for event in scene.events(ACME) if event["event"] == "connected" and _on_new(scene, event)
    ]
    return datetime.fromtimestamp(min(connected), UTC).strftime(STAMP) if connected else "never"


def _on_new(scene: Scene, event: Mapping[str, Any]) -> bool:
    return scene.host_of(event["peer"]) == "new"


def newest(table: Table, column: str) -> str:
    place = table.columns.index(column)
    return max((row[place][:STAMP_LENGTH] for row in table.rows.values()), default="")


def sequences_go_on(scene: Scene) -> str:
    new, old = scene.new_dumps, scene.old_dumps
    return listed([text for store in CARRIED[scene.option] for text in rows.behind(store, new[store], old[store])])


def media_came_back(scene: Scene) -> str:
    old, new = scene.media("old"), scene.media("new")
    if newest(scene.new_dumps["messageStore"].tables["media"], "created") <= time_on_new(scene):
        return "the new client has stored no medium, so nothing is proven"
    return listed(sorted(f"{name} is missing or differs" for name in new if old.get(name) != new[name]))


CHECKS: tuple[Check[Scene], ...] = (
    *(check for check in back.CHECKS if check.name not in NOT_CLAIMED),
    Check(
        "foreign-databases",
        "the old server's other databases and roles are as they were",
        moved.foreign_databases_unchanged,
    ),
    Check("new-at-rest", "no container of the new client runs", new_at_rest),
    Check("rows", "every row of the new client is where the old one works", rows_came_back),
    Check("sequences", "no sequence gives out a number again", sequences_go_on),
    Check("media", "every medium of the new client is on the old host, bit by bit", media_came_back),
)
