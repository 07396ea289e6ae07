# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases that follow their originals: seed, look, wait, give up. Private; may change at any time."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import during
from ansible_collections.waba.migration.plugins.module_utils._copy_progress import Progress
from ansible_collections.waba.migration.plugins.module_utils._database import CopyResult, DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._postgresql.connection import (
    PINNED_SETTINGS,
    READ_ONLY_SETTINGS,
)
from ansible_collections.waba.migration.plugins.module_utils._postgresql.load import SOURCE, TARGET
from ansible_collections.waba.migration.plugins.module_utils._postgresql.replica_seed import ReplicaPlan, ReplicaSeed
from ansible_collections.waba.migration.plugins.module_utils._postgresql.replica_state import StateReader
from ansible_collections.waba.migration.plugins.module_utils._postgresql.replica_undo import (
    CHANGE,
    SourceRest,
    TargetRest,
    find_everything,
    remove_everything,
)
from ansible_collections.waba.migration.plugins.module_utils._postgresql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._postgresql.sql import identifier
from ansible_collections.waba.migration.plugins.module_utils._postgresql.target import incomplete_name
from ansible_collections.waba.migration.plugins.module_utils._postgresql.workplace import Workplace
from ansible_collections.waba.migration.plugins.module_utils._replica import (
    DatabaseState,
    Leavings,
    Obstacle,
    ReplicaRequest,
    size_text,
    state_of,
)

LOOK_SECONDS = 0.2


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


def _workplace(request: ReplicaRequest) -> Workplace:
    return Workplace(request.bin_directory, request.temporary_directory)


def check_seed(request: ReplicaRequest) -> None:
    """Refuse what a seed would refuse."""
    with _workplace(request) as workplace, ReplicaPlan(workplace, request, Progress(None)) as plan:
        plan.plan()


def find_obstacles(request: ReplicaRequest) -> list[Obstacle]:
    """What stands against a seed."""
    with _workplace(request) as workplace:
        plan = ReplicaPlan(workplace, request, Progress(None))
        with plan:
            return plan.obstacles()


def seed(request: ReplicaRequest, progress: Progress) -> CopyResult:
    with _workplace(request) as workplace:
        replica_seed = ReplicaSeed(workplace, request, progress)
        with replica_seed:
            return replica_seed.seed()


def status(request: ReplicaRequest) -> Status:
    with _Follower(request) as follower:
        return follower.status()


def follow(request: ReplicaRequest, check_mode: bool) -> tuple[bool, Status]:
    """Wait until all databases are as good as level, and have each change confirmed as soon as it is safe."""
    with _Follower(request) as follower:
        return follower.follow(check_mode)


def abandon(request: ReplicaRequest, check_mode: bool) -> Leavings:
    with _workplace(request) as workplace:
        workplace.add(CHANGE, request.source, PINNED_SETTINGS)
        workplace.add(TARGET, request.target, PINNED_SETTINGS)
        source = SourceRest(workplace, request)
        target = TargetRest(workplace, request)
        if check_mode:
            return find_everything(source, target)
        return remove_everything(source, target)


class _Follower:
    """Looks at databases that follow."""

    def __init__(self, request: ReplicaRequest) -> None:
        self._request = request
        self._workplace = _workplace(request)
        self._reader: StateReader
        self._left = Leavings()
        self._sessions: list[Session] = []

    def __enter__(self) -> _Follower:
        self._workplace.__enter__()
        try:
            self._open()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *unused: object) -> None:
        self._workplace.children.stop()
        for session in self._sessions:
            session.close()
        self._workplace.__exit__()

    def status(self) -> Status:
        databases = self._reader.read()
        return Status(state_of(databases, self._left, self._request.lag_limit), databases, self._left)

    def follow(self, check_mode: bool) -> tuple[bool, Status]:
        request = self._request
        deadline = time.monotonic() + request.timeout
        now = self.status()
        disabled = [each.name for each in now.databases if each.complete and each.hidden and not each.enabled]
        if disabled and not check_mode:
            # By a cut that was killed at its end; nothing else of it has come about.
            for name in disabled:
                self._alter(name, "ENABLE")
            now = self.status()
        first = now
        self._refuse(now)
        changed = [database.name for database in now.databases if not database.synchronous]
        while now.state != "following":
            if time.monotonic() > deadline:
                raise DatabaseError(_too_slow(request, first, now))
            time.sleep(LOOK_SECONDS)
            now = self.status()
            self._refuse(now)
        if changed and not check_mode:
            # Otherwise the last changes of all would be confirmed some tenths of a second after they are safe.
            for name in changed:
                self._alter(name, "SET (synchronous_commit = 'on')")
            now = self.status()
        return bool(changed or disabled), now

    def _refuse(self, found: Status) -> None:
        """What waiting does not mend."""
        name = self._request.name
        if found.state in ("absent", "incomplete"):
            raise DatabaseError(
                f"The databases do not follow under the name {name}: replication is {found.state}. Seed them first."
            )
        if found.state == "cut":
            raise DatabaseError("The databases have been cut off already and follow no more.")
        if found.state == "broken":
            raise DatabaseError(
                f"Replication is broken and does not mend itself: {'. '.join(found.troubles())}. Abandon it and seed "
                "anew."
            )
        retained = max([database.retained_bytes or 0 for database in found.databases])
        if retained > self._request.retain_limit:
            raise DatabaseError(
                f"The old server {self._request.source} keeps {size_text(retained)} of changes that have not been "
                f"fetched, more than retain_limit allows ({size_text(self._request.retain_limit)}). Abandon the "
                "replication before its disk is full."
            )

    def _alter(self, database: str, how: str) -> None:
        hidden = incomplete_name(database)
        changing = f"Changing the subscription of {hidden} on {self._request.target}"
        with during(changing), self._workplace.session(TARGET, hidden) as session:
            session.execute(f"ALTER SUBSCRIPTION {identifier(self._request.name)} {how}")

    def _open(self) -> None:
        request, workplace = self._request, self._workplace
        workplace.add(SOURCE, request.source, READ_ONLY_SETTINGS)
        workplace.add(CHANGE, request.source, READ_ONLY_SETTINGS)
        workplace.add(TARGET, request.target, PINNED_SETTINGS)
        source = SourceRest(workplace, request)
        target = TargetRest(workplace, request)
        self._left = find_everything(source, target)
        there, here = self._sessions = [workplace.session(SOURCE), workplace.session(TARGET)]
        self._reader = StateReader(workplace, request, there, here)
        self._reader.compare_schemas()


def _too_slow(request: ReplicaRequest, first: Status, now: Status) -> str:
    """Whether it comes nearer is what decides whether to wait again."""
    parts = []
    for before, after in zip(first.databases, now.databases):
        troubles = after.troubles()
        if troubles:
            parts.append(f"{after.name}: {'; '.join(troubles)}")
        elif after.lag_bytes is None or after.lag_bytes > request.lag_limit:
            parts.append(
                f"{after.name} lags behind by {size_text(after.lag_bytes)}, {size_text(before.lag_bytes)} at the "
                "beginning"
            )
    return (
        f"Within {request.timeout:g} s {request.target} did not come to within {size_text(request.lag_limit)} of "
        f"{request.source}: {'. '.join(parts)}. If the lag grows, more is written than can be followed: wait for a "
        "quieter hour, or copy in bulk."
    )
