# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules of live mode ask for, and what they get. Pure; private; may change at any time."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ansible_collections.waba.migration.plugins.module_utils._database import CopyRequest, DatabaseError, Server

if TYPE_CHECKING:
    from typing import Protocol

    from ansible_collections.waba.migration.plugins.module_utils._copy_progress import Progress
    from ansible_collections.waba.migration.plugins.module_utils._database import CopyResult

    class Replication(Protocol):
        """What an engine's module offers."""

        def check_seed(self, request: ReplicaRequest) -> None: ...

        def find_obstacles(self, request: ReplicaRequest) -> list[Obstacle]: ...

        def seed(self, request: ReplicaRequest, progress: Progress) -> CopyResult: ...

        def status(self, request: ReplicaRequest) -> Status: ...

        def follow(self, request: ReplicaRequest, check_mode: bool) -> tuple[bool, Status]: ...

        def abandon(self, request: ReplicaRequest, check_mode: bool) -> Leavings: ...


SOURCE, TARGET = "source", "target"
# Slots have names of these characters only. What follows the name has to fit into 63 bytes.
NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
DIGEST_CHARACTERS = 12


@dataclass(frozen=True)
class ReplicaRequest(CopyRequest):
    """Databases that are to follow their originals, under one name by which everything of it is found again."""

    name: str
    # How the target's server itself reaches the source. The account is put in when it is known.
    link: Server
    retain_limit: int
    require_slot_limit: bool
    require_own_log: bool
    require_own_account: bool
    lag_limit: int
    timeout: float


@dataclass(frozen=True)
class CutRequest:
    """Databases that follow, to be cut off their originals."""

    source: Server
    target: Server
    databases: list[str]
    bin_directory: str | None
    temporary_directory: str
    name: str
    lag_limit: int
    begin_path: str | None
    idle_timeout: float
    timeout: float
    # The name of what leads back, which is prepared then.
    way_back: str | None = None


@dataclass(frozen=True)
class CutResult:
    """What was cut off, up to which position, and where the time went, in seconds."""

    changed: bool
    position: str | None = None
    seconds: float = 0.0
    parts: dict[str, float] = field(default_factory=dict)
    # By database: each table with the way that it was compared in, and the number of sequences.
    tables: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Obstacle:
    """Something that replication cannot do with, and the statement that mends it."""

    database: str | None
    what: str
    text: str
    statement: str | None = None
    restart: bool = False
    # Which of the two servers lacks it.
    server: str = SOURCE

    def __str__(self) -> str:
        ending = ", and restart the server" if self.restart else ""
        return f"{self.text}. Mend it with: {self.statement}{ending}" if self.statement else self.text


@dataclass(frozen=True)
class Leavings:
    """What replication has on both servers, the account included."""

    publications: list[str] = field(default_factory=list)
    slots: list[str] = field(default_factory=list)
    account: str | None = None
    subscriptions: list[str] = field(default_factory=list)
    databases: list[str] = field(default_factory=list)
    # Of MySQL and MariaDB, both on the new server.
    channel: str | None = None
    applier: str | None = None

    def __bool__(self) -> bool:
        lists = (self.publications, self.slots, self.subscriptions, self.databases)
        return any(lists) or bool(self.account or self.channel or self.applier)


@dataclass(frozen=True)
class DatabaseState:
    """One database's replication. None where a server does not know."""

    name: str
    published: bool
    slot: str | None
    active: bool
    lag_bytes: int | None
    retained_bytes: int | None
    slot_lost: bool
    subscribed: bool
    enabled: bool
    synchronous: bool
    working: bool
    apply_errors: int | None
    hidden: bool
    shown: bool
    differences: list[str]

    @property
    def complete(self) -> bool:
        return self.published and self.slot is not None and self.subscribed and (self.hidden or self.shown)

    @property
    def is_cut(self) -> bool:
        """Whether its copy has the final name and follows no more."""
        return self.shown and self.subscribed and not self.enabled and not self.hidden

    def lasting_troubles(self) -> list[str]:
        """What waiting does not mend, in sentences without a full stop."""
        found = []
        if not self.enabled:
            found.append("its subscription is disabled")
        if self.slot_lost:
            found.append("the old server has thrown away changes that were not fetched yet (max_slot_wal_keep_size)")
        if not self.is_connected and self.apply_errors:
            found.append(
                f"changes cannot be applied, {self.apply_errors} times so far; the reason is in the new server's log"
            )
        return found + self.differences

    def troubles(self) -> list[str]:
        """Why it does not follow now. Only for one that is complete and not cut."""
        found = self.lasting_troubles()
        return found or ([] if self.is_connected else ["the new server is not connected to the old one for it"])

    @property
    def is_connected(self) -> bool:
        return self.working and self.active


@dataclass(frozen=True)
class Status:
    """What replication has on both servers, and how it goes."""

    state: str
    databases: list[DatabaseState]
    left: Leavings

    def troubles(self) -> list[str]:
        return [
            f"{database.name}: {trouble}"
            for database in self.databases
            if database.complete and not database.is_cut
            for trouble in database.troubles()
        ]


def state_of(databases: Sequence[DatabaseState], left: Leavings, lag_limit: int) -> str:
    """One word for all of them."""
    if not left:
        return "absent"
    if databases and all(database.is_cut for database in databases):
        return "cut"
    if not databases or not all(database.complete for database in databases):
        return "incomplete"
    if any(database.lasting_troubles() for database in databases):
        return "broken"
    level = [
        database.is_connected and database.lag_bytes is not None and database.lag_bytes <= lag_limit
        for database in databases
    ]
    return "following" if all(level) else "seeded"


def check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise DatabaseError(
            f"The name {name!r} must begin with a lower-case letter and have up to 50 lower-case letters, digits and "
            "underscores."
        )


def slot_name(name: str, database: str) -> str:
    """Slots of all databases of a server share their names."""
    return f"{name}_{hashlib.sha256(database.encode('utf-8', 'surrogateescape')).hexdigest()[:DIGEST_CHARACTERS]}"


def size_text(size: int | None) -> str:
    """A number of bytes for people."""
    if size is None:
        return "an unknown amount"
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} bytes"


def summary_of(state: DatabaseState) -> dict[str, Any]:
    return {
        "name": state.name,
        "slot": state.slot,
        "lag_bytes": state.lag_bytes,
        "retained_bytes": state.retained_bytes,
        "hidden": state.hidden,
        "troubles": state.troubles() if state.complete and not state.is_cut else [],
    }


def obstacles_summary(obstacles: Sequence[Obstacle]) -> list[dict[str, Any]]:
    return [
        {
            "database": obstacle.database,
            "what": obstacle.what,
            "text": obstacle.text,
            "statement": obstacle.statement,
            "restart": obstacle.restart,
            "server": obstacle.server,
        }
        for obstacle in obstacles
    ]
