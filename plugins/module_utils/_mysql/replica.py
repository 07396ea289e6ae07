# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases that follow their originals: seed, look, wait, give up. Private; may change at any time."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import during
from ansible_collections.waba.migration.plugins.module_utils._copy_progress import Progress
from ansible_collections.waba.migration.plugins.module_utils._database import CopyResult
from ansible_collections.waba.migration.plugins.module_utils._mysql.connection import (
    FRESH_STATISTICS,
    PINNED_SETTINGS,
    READ_ONLY,
    Service,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.load import SOURCE, TARGET
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_seed import ReplicaPlan, ReplicaSeed
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_server import add_services, channel_on
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_state import StateReader
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_undo import (
    SourceRest,
    TargetRest,
    find_everything,
    remove_everything,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_words import Words, words_for
from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._mysql.target import incomplete_name
from ansible_collections.waba.migration.plugins.module_utils._mysql.workplace import Workplace
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
    """Wait until all databases are as good as level."""
    with _Follower(request) as follower:
        return follower.follow(check_mode)


def abandon(request: ReplicaRequest, check_mode: bool) -> Leavings:
    with _workplace(request) as workplace:
        add_services(workplace, request, TARGET)
        source = SourceRest(workplace, request.name)
        target = TargetRest(workplace, request)
        if check_mode:
            return find_everything(source, target)
        return remove_everything(source, target)


class _Follower(Follower[Workplace]):
    """Looks at databases that follow."""

    def __init__(self, request: ReplicaRequest) -> None:
        super().__init__(_workplace(request), request)
        self._reader: StateReader
        self._words: Words
        self._left = Leavings()

    def status(self) -> Status:
        databases = self._reader.read()
        return Status(state_of(databases, self._left, self._request.lag_limit), databases, self._left)

    def _enable(self, names: Sequence[str]) -> None:
        """Or tell it anew what to apply, which MySQL forgets when it is started."""
        session = self._sessions[1]
        with during(f"Having {self._request.target} go on following"):
            channel = channel_on(session, self._words)
            if channel and not channel.filtered:
                hidden = {name: incomplete_name(name) for name in names}
                session.execute(self._words.stop(), *self._words.filters(hidden))
            session.execute(self._words.start())

    def _confirm_at_once(self, names: Sequence[str]) -> None:
        """It is written to disk with each transaction that is applied anyway."""

    def _is_left_from_a_trial(self, session: Session) -> bool:
        """Whether all that there is is a channel of somebody who was killed while looking for obstacles."""
        if self._left != Leavings(channel=self._request.name):
            return False
        channel = channel_on(session, self._words)
        return channel is not None and channel.user == self._words.user

    def _open(self) -> None:
        request, workplace = self._request, self._workplace
        add_services(workplace, request, TARGET)
        workplace.add(SOURCE, Service(request.source, PINNED_SETTINGS, (READ_ONLY, FRESH_STATISTICS)))
        workplace.add(TARGET, Service(request.target, PINNED_SETTINGS, (FRESH_STATISTICS,)))
        rest = TargetRest(workplace, request)
        self._left = find_everything(SourceRest(workplace, request.name), rest)
        there, here = self._sessions = [workplace.session(SOURCE), workplace.session(TARGET)]
        releases = [workplace.server_facts(SOURCE, there)["release"], workplace.server_facts(TARGET, here)["release"]]
        self._words = words_for(releases[1], request.name)
        if self._is_left_from_a_trial(here):
            rest.remove(self._left)
            self._left = Leavings()
        self._reader = StateReader(request, there, here, *releases)
        self._reader.compare_schemas()
