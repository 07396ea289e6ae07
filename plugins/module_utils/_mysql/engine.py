# Copyright (c) 2026, waba.migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MySQL and MariaDB as one of the engines. Private to this collection; may change at any time."""

from __future__ import annotations

from typing import Any

from ansible_collections.waba.migration.plugins.module_utils._copy_progress import Progress
from ansible_collections.waba.migration.plugins.module_utils._database import (
    CopyRequest,
    CopyResult,
    DumpPlan,
    DumpRequest,
    DumpResult,
    InspectRequest,
)
from ansible_collections.waba.migration.plugins.module_utils._mysql.dump import MySQLDumps
from ansible_collections.waba.migration.plugins.module_utils._mysql.inspection import inspect
from ansible_collections.waba.migration.plugins.module_utils._mysql.transfer import Transfer
from ansible_collections.waba.migration.plugins.module_utils._mysql.workplace import Workplace


class MySQL:
    """Drives mysql and mysqldump, or mariadb and mariadb-dump; needs no Python package for them."""

    def inspect(self, request: InspectRequest) -> dict[str, Any]:
        with self._workplace(request) as workplace:
            return inspect(workplace, request)

    def plan(self, request: CopyRequest) -> list[dict[str, Any]]:
        with self._workplace(request) as workplace, Transfer(workplace, request, Progress(None)) as transfer:
            return [plan.summary() for plan in transfer.plan()]

    def copy(self, request: CopyRequest, progress: Progress) -> CopyResult:
        with self._workplace(request) as workplace, Transfer(workplace, request, progress) as transfer:
            return transfer.copy()

    def plan_dump(self, request: DumpRequest) -> DumpPlan:
        with self._workplace(request) as workplace:
            return MySQLDumps(workplace, request).plan()

    def dump(self, request: DumpRequest) -> DumpResult:
        with self._workplace(request) as workplace:
            return MySQLDumps(workplace, request).dump()

    @staticmethod
    def _workplace(request: InspectRequest | CopyRequest | DumpRequest) -> Workplace:
        return Workplace(request.bin_directory, request.temporary_directory)
