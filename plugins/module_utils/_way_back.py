# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back without loss: old databases that follow the new ones after a cut. Pure; private; may change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError, Server
from ansible_collections.waba.migration.plugins.module_utils._replica import NAME, Leavings, check_name

# What is on the way back is called like what was on the way there, with this added.
ENDING = "_back"
LOST = "What has not come back is lost when the old client is started now."


@dataclass(frozen=True)
class WayBackRequest:
    """Changes come from the new server, which is the source here, and go to the old one."""

    source: Server
    target: Server
    databases: list[str]
    bin_directory: str | None
    temporary_directory: str
    name: str
    # Of the replication from the old server to the new one, which has to be gone.
    forward_name: str
    # How the old server itself reaches the new one. The account is put in when it is known.
    link: Server
    require_slot_limit: bool
    accept_target_gone: bool
    idle_timeout: float
    timeout: float


@dataclass(frozen=True)
class WayBackState:
    """One database's way back."""

    name: str
    # Whether the cut has noted on the new server from where on changes are to come back.
    prepared: bool
    slot: str | None
    lag_bytes: int | None
    retained_bytes: int | None
    # What neither waiting nor asking again mends, a sentence without a full stop.
    broken: str
    # Whether the old database knows from where to fetch changes, has not been told to stop, is sent them, and applies
    # them.
    subscribed: bool
    enabled: bool
    active: bool
    working: bool
    # What is known of why it does not, as the end of a sentence.
    hindrance: str = ""

    def lasting_troubles(self) -> list[str]:
        return [self.broken] if self.broken else []

    def troubles(self) -> list[str]:
        """Why nothing comes back now. Only for one that is subscribed."""
        found = self.lasting_troubles()
        if not self.enabled:
            found.append(f"its subscription on the old server is disabled{self.hindrance}")
        elif not (self.working and self.active):
            found.append(f"the old server is not connected to the new one for it{self.hindrance}")
        return found


@dataclass(frozen=True)
class WayBackStatus:
    state: str
    databases: list[WayBackState]
    left: Leavings

    def troubles(self) -> list[str]:
        return [
            f"{database.name}: {trouble}"
            for database in self.databases
            if database.prepared
            for trouble in (database.troubles() if database.subscribed else database.lasting_troubles())
        ]


@dataclass(frozen=True)
class Returned:
    """What has come back, up to which position."""

    changed: bool
    position: str | None = None
    seconds: float = 0.0
    tables: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)


def back_name(name: str) -> str:
    check_name(name)
    back = name + ENDING
    if not NAME.fullmatch(back):
        raise DatabaseError(
            f"The name {name!r} is too long for a way back, which adds {ENDING} to it: up to 45 letters."
        )
    return back


def state_of(databases: Sequence[WayBackState], left: Leavings) -> str:
    """One word for all of them."""
    if not left:
        return "absent"
    if not all(database.prepared for database in databases):
        return "incomplete"
    if any(database.lasting_troubles() for database in databases):
        return "broken"
    subscribed = [database.subscribed for database in databases]
    if all(subscribed):
        return "kept"
    return "incomplete" if any(subscribed) else "prepared"


def summary_of(state: WayBackState) -> dict[str, Any]:
    return {
        "name": state.name,
        "prepared": state.prepared,
        "slot": state.slot,
        "lag_bytes": state.lag_bytes,
        "retained_bytes": state.retained_bytes,
        "troubles": state.troubles() if state.subscribed else state.lasting_troubles(),
    }
