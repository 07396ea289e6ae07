# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sessions of a copy set on the target, and what its server has to take meanwhile. Private; may change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._database import CopyRequest, DatabaseError
from ansible_collections.waba.migration.plugins.module_utils._mysql import catalog
from ansible_collections.waba.migration.plugins.module_utils._mysql.collations import keep_defaults
from ansible_collections.waba.migration.plugins.module_utils._mysql.connection import (
    FRESH_STATISTICS,
    LARGEST_PACKET,
    LENIENT_SETTINGS,
    LOAD_SETTINGS,
    Service,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.load import LENIENT_TARGET, TARGET
from ansible_collections.waba.migration.plugins.module_utils._mysql.plan import Plan
from ansible_collections.waba.migration.plugins.module_utils._mysql.planning import has_large_rows
from ansible_collections.waba.migration.plugins.module_utils._mysql.refusals import Rights
from ansible_collections.waba.migration.plugins.module_utils._mysql.session import Session
from ansible_collections.waba.migration.plugins.module_utils._mysql.workplace import Workplace

# What is hidden until it is complete needs no log, which would double what is written. With a replica it does.
WITHOUT_LOG = "SET SESSION sql_log_bin = 0"
RIGHTS_WITHOUT_LOG = ("SUPER", "SYSTEM_VARIABLES_ADMIN", "SESSION_VARIABLES_ADMIN", "BINLOG ADMIN")
RIGHTS_ON_VARIABLES = ("SUPER", "SYSTEM_VARIABLES_ADMIN")


class TargetSettings:
    """The settings of one run."""

    def __init__(self, workplace: Workplace, request: CopyRequest) -> None:
        self._workplace = workplace
        self._request = request
        self._usual_packets: int | None = None
        self._raised = False
        self._begin_with(FRESH_STATISTICS)

    def prepare(
        self, source: Session, target: Session, plans: Sequence[Plan], facts: Mapping[str, Any], rights: Rights
    ) -> None:
        """For the session on the target that is open, and for those that begin from now on."""
        defaults = [
            {row["charset"]: row["collation"] for row in session.documents(catalog.DEFAULT_COLLATIONS)}
            for session in (source, target)
        ]
        statements = [FRESH_STATISTICS, *keep_defaults(defaults[0], defaults[1], facts)]
        replicas = int(target.rows(catalog.REPLICAS)[0][0])
        if facts["log_bin"] and not replicas and rights.any_of(*RIGHTS_WITHOUT_LOG):
            statements.append(WITHOUT_LOG)
        self._begin_with(*statements)
        target.execute(*statements)
        if has_large_rows(plans, facts["max_allowed_packet"]) and rights.any_of(*RIGHTS_ON_VARIABLES):
            self._usual_packets = int(facts["max_allowed_packet"])

    def raise_packets(self, target: Session) -> None:
        """Have the server take rows of any size, in sessions that begin later, if it needs to."""
        if self._usual_packets:
            self._raised = True
            take_packets_of(target, LARGEST_PACKET)

    def restore_packets(self) -> None:
        """The setting would be gone with the next start of the server anyway, so that a dead one needs no more."""
        if self._raised and self._usual_packets:
            with suppress(DatabaseError), self._workplace.session(TARGET) as session:
                take_packets_of(session, self._usual_packets)

    def _begin_with(self, *statements: str) -> None:
        self._workplace.add(TARGET, Service(self._request.target, LOAD_SETTINGS, statements))
        self._workplace.add(LENIENT_TARGET, Service(self._request.target, LENIENT_SETTINGS, statements))


def take_packets_of(session: Session, size: int) -> None:
    """Not to be kept over the server's next start."""
    session.execute(f"SET GLOBAL max_allowed_packet = {size}")
