# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until databases are level with their originals, whatever the engine. Private; may change at any time."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Sequence

from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._in_workplace import InWorkplace, Place
from ansible_collections.waba.migration.plugins.module_utils._replica import ReplicaRequest, Status, size_text

LOOK_SECONDS = 0.2


class Follower(InWorkplace[Place]):
    """Looks at databases that follow."""

    def __init__(self, workplace: Place, request: ReplicaRequest) -> None:
        super().__init__(workplace)
        self._request = request

    @abstractmethod
    def status(self) -> Status: ...

    @abstractmethod
    def _enable(self, names: Sequence[str]) -> None:
        """Let databases go on that a cut which was killed at its end has left disabled."""

    @abstractmethod
    def _confirm_at_once(self, names: Sequence[str]) -> None:
        """Have each change confirmed as soon as it is safe. Nothing for an engine that always does."""

    def follow(self, check_mode: bool) -> tuple[bool, Status]:
        request = self._request
        deadline = time.monotonic() + request.timeout
        now = self.status()
        disabled = [each.name for each in now.databases if each.complete and each.hidden and not each.enabled]
        if disabled and not check_mode:
            self._enable(disabled)
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
            self._confirm_at_once(changed)
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
