# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for a health picture. Private to this collection; may change at any time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.waba.migration.plugins.module_utils._api import Api
from ansible_collections.waba.migration.plugins.module_utils._errors import ApiError, TransportError
from ansible_collections.waba.migration.plugins.module_utils._health import (
    Node,
    Topology,
    initialising,
    lacking,
    parse_health,
)

# The webapp answers these while the coreapp, the database or the schema are on their way, or it is asked too often.
NOT_YET_CODES = (1011, 1014, 1015, 1016, 1017, 1018, 1023)
NOT_YET_STATUSES = (429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Picture:
    """The last look: the nodes, what they lack, and how long it took in seconds."""

    nodes: list[Node]
    missing: list[str]
    waited: float

    @property
    def healthy(self) -> bool:
        return not self.missing


@dataclass(frozen=True)
class Patience:
    """Seconds. ``timeout`` does not count while a node is initialising; ``initialising`` limits that time."""

    timeout: float
    initialising: float
    interval: float


def is_not_yet(error: ApiError) -> bool:
    if error.code is None:
        return error.status in NOT_YET_STATUSES
    return error.code in NOT_YET_CODES


def look(api: Api, topology: Topology, state: str) -> tuple[list[Node], list[str]]:
    """One look. What can be expected of a client that is coming up is something that it lacks, not an error."""
    try:
        nodes = parse_health(api.get("/v1/health"))
    except TransportError as error:
        return [], [str(error)]
    except ApiError as error:
        if not is_not_yet(error):
            raise
        return [], [str(error)]
    return nodes, lacking(nodes, topology, state)


def wait_for(
    api: Api,
    topology: Topology,
    state: str,
    patience: Patience,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Picture:
    """Looks until the picture is right or the time is up. The client can be expected to be absent at first."""
    start = since = clock()
    while True:
        nodes, missing = look(api, topology, state)
        now = clock()
        if initialising(nodes):
            left = start + patience.initialising - now
            since = now
        else:
            left = since + patience.timeout - now
        if not missing or left <= 0:
            return Picture(nodes, missing, round(now - start, 3))
        sleep(min(patience.interval, left))
