# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cut does for a way back: it notes from which place of the new server's log on changes come back. Private."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._copy_processes import during
from ansible_collections.waba.migration.plugins.module_utils._cut_limits import OLD_ALIVE
from ansible_collections.waba.migration.plugins.module_utils._database import DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._mysql import obstacles
from ansible_collections.waba.migration.plugins.module_utils._mysql.releases import Release
from ansible_collections.waba.migration.plugins.module_utils._mysql.replica_server import facts_of
from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._mysql.standing import last_position
from ansible_collections.waba.migration.plugins.module_utils._mysql.way_back_ledger import WayBackLedger
from ansible_collections.waba.migration.plugins.module_utils._replica import CutRequest


def way_back_of(request: CutRequest, release: Release) -> NoWayBack:
    return CutWayBack(request, request.way_back, release) if request.way_back else NoWayBack()


class NoWayBack:
    """Nobody has asked for one."""

    def prepare(self, session: Session, server: Mapping[str, Any]) -> None:
        """Refuse what would be missing in the window, and make room."""

    def note(self, session: Session) -> None:
        """From this moment on changes are to come back. Nobody has begun to write yet."""

    def forget(self, session: Session) -> None:
        """The databases have their hidden names again."""


class CutWayBack(NoWayBack):
    """The sessions are the cut's own on the new server, where it renames the databases."""

    def __init__(self, request: CutRequest, name: str, release: Release) -> None:
        self._server = request.target
        self._databases = request.databases
        self._name = name
        self._release = release

    def prepare(self, session: Session, server: Mapping[str, Any]) -> None:
        with during(f"Asking {self._server} for what a way back needs"):
            found = obstacles.of_leaving(facts_of(session, server), self._databases)
        if found:
            raise DatabaseError(
                f"No way back can be prepared on {self._server}: {'; '.join(map(str, found))}. {OLD_ALIVE}"
            )
        with during(f"Making a place on {self._server} for the beginning of the way back"):
            WayBackLedger(session).make()

    def note(self, session: Session) -> None:
        position = last_position(session, self._release)
        WayBackLedger(session).note(self._name, self._databases, position)

    def forget(self, session: Session) -> None:
        WayBackLedger(session).forget(self._name)
