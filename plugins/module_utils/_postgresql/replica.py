# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases that follow their originals: seed, look, wait, give up. Private; may change at any time."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import during
from ansible_collections.waba.migration.plugins.module_utils._copy_progress import Progress
from ansible_collections.waba.migration.plugins.module_utils._database import CopyResult
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
from ansible_collections.waba.migration.plugins.module_utils._postgresql.sql import identifier
from ansible_collections.waba.migration.plugins.module_utils._postgresql.target import incomplete_name
from ansible_collections.waba.migration.plugins.module_utils._postgresql.workplace import Workplace
from ansible_collections.waba.migration.plugins.module_utils._replica import (
    Leavings,
    Obstacle,
    ReplicaRequest,
    Status,
    state_of,
)
from ansible_collections.waba.migration.plugins.module_utils._replica_follow import Follower


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


class _Follower(Follower[Workplace]):
    """Looks at databases that follow."""

    def __init__(self, request: ReplicaRequest) -> None:
        super().__init__(_workplace(request), request)
        self._reader: StateReader
        self._left = Leavings()

    def status(self) -> Status:
        databases = self._reader.read()
        return Status(state_of(databases, self._left, self._request.lag_limit), databases, self._left)

    def _enable(self, names: Sequence[str]) -> None:
        for name in names:
            self._alter(name, "ENABLE")

    def _confirm_at_once(self, names: Sequence[str]) -> None:
        """Otherwise the last changes of all would be confirmed some tenths of a second after they are safe."""
        for name in names:
            self._alter(name, "SET (synchronous_commit = 'on')")

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
